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

RECIPE, STEMS = "Recipe", "Stems (zip)"


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


def zip_stems(stems: Mapping[str, Audio], path: Path, tick: Tick = no_tick) -> Path:
    """Writes the stems as 24-bit WAV files (32-bit float above full scale) into one zip file.

    The file appears complete or not at all; a second call returns the first one's.

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
    return path
