"""The downloads of a result: the sound in several formats, the recipe, the stems."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.audio.encode import save
from pipeline.audio.sound import Audio
from pipeline.files import write_atomically
from pipeline.output import FORMATS
from pipeline.stage import Tick, no_tick, part
from ui.components.player import listening_copy
from ui.restore.result import Result
from ui.restore.source import Source, matching


@dataclass(frozen=True)
class SoundFile:
    """A sound to download: its key in `pipeline.output.FORMATS`, and what its name ends with."""

    format: str
    ending: str = "restored"


SOUND_FILES = {
    "WAV 16-bit": SoundFile("wav16", "restored 16-bit"),
    "WAV 24-bit": SoundFile("wav24", "restored 24-bit"),
    "WAV 32-bit float": SoundFile("wav32f", "restored 32-bit float"),
    "FLAC": SoundFile("flac"),
    "MP3": SoundFile("mp3"),
}
"""The sounds to download by their name on the page."""

RECIPE, REPORT, STEMS = "Recipe", "Report", "Stems (zip)"


def export(result: Result, name: str) -> Path:
    """Writes one download when it is first asked for.

    Args:
        name: a key of SOUND_FILES, RECIPE or STEMS.

    Raises:
        ValueError: an unknown name, or samples that the format cannot hold (with the cure).
    """
    if name == RECIPE:
        path = result.folder / f"{result.stem}.recipe.json"
        path.write_text(json.dumps(result.recipe, indent=2) + "\n", encoding="utf-8")
        return path
    if name == STEMS and result.stems:
        return zip_stems(result.stems, result.folder / f"{result.stem} stems.zip")
    if name not in SOUND_FILES:
        raise ValueError(f"got download {name!r}, expected one of {', '.join(SOUND_FILES)}")
    file = SOUND_FILES[name]
    target = FORMATS[file.format]
    folder = result.folder / file.format
    folder.mkdir(exist_ok=True)
    path = folder / f"{result.stem} {file.ending}{target.suffix}"
    if not path.exists():
        save(result.restored, path, subtype=target.subtype)
    return path


def report(result: Result, source: Source, reference: Audio | None = None) -> Path:
    """Writes the result's report: one HTML file that opens anywhere, without a network.

    Args:
        source: the recording.
        reference: its clean take, where the visitor has given one.

    Raises:
        AudioError: the reference is no take of the recording.
    """
    from pipeline.report import report as reports

    degraded = result.steps[0][1]
    if reference is not None:
        reference = matching(reference, degraded, result.start_s)
    about = reports.Report(
        source.name, result.title, degraded, result.restored, result.recipe, result.rows,
        source.diagnosis.findings, source.info.notes, reference,
    )  # fmt: skip
    return reports.write(about, result.folder / f"{result.stem}{reports.SUFFIX}")


def zip_stems(
    stems: Mapping[str, Audio],
    path: Path,
    tick: Tick = no_tick,
    texts: Mapping[str, str] | None = None,
) -> Path:
    """Writes the stems as 24-bit WAV files (32-bit float above full scale) into one zip file.

    The file appears complete or not at all; a second call returns the first one's.

    Args:
        stems: by their name in the file, without suffix.
        texts: contents of further files, by their name.

    Returns:
        `path`.
    """
    if path.exists():
        return path
    with (
        write_atomically(path) as temporary,
        tempfile.TemporaryDirectory(dir=path.parent) as folder,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive,
    ):
        wave = Path(folder) / "stem.wav"
        for at, (name, audio) in enumerate(stems.items()):
            listening_copy(audio, wave, part(tick, at, len(stems)), folded=False)
            archive.write(wave, f"{path.stem}/{name}.wav")
        for name, text in (texts or {}).items():
            archive.writestr(f"{path.stem}/{name}", text)
    return path
