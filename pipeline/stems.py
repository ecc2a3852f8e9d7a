"""Separates a sound into stems, or a file into one file a stem."""

from __future__ import annotations

import dataclasses
import tempfile
import time
import zipfile
from collections.abc import Collection
from pathlib import Path

from pipeline.audio.decode import decode
from pipeline.audio.encode import save
from pipeline.audio.sound import Audio, AudioError
from pipeline.files import write_atomically
from pipeline.output import fit, make_folder, output_path, refuse_overwriting, subtype_for
from pipeline.restoration import LOAD_SHARE, SAVE_SHARE
from pipeline.stage import Tick, no_tick, part, share
from pipeline.stages.per_stem import PerStem

PREFIX = ".stems-"
"""What the folder is named with that stems are written to before they are moved to their place."""


@dataclasses.dataclass(frozen=True)
class Separated:
    """A recording whose stems were written.

    Attributes:
        source: the recording.
        files: stem -> file; with a zip every stem has the zip.
        seconds: length of the recording.
        seconds_taken: by the separation alone.
        notes: what to know about the files.
    """

    source: Path
    files: dict[str, Path]
    seconds: float
    seconds_taken: float
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """The entry of the command's JSON document."""
        files = {stem: str(path) for stem, path in self.files.items()}
        return {**dataclasses.asdict(self), "source": str(self.source), "files": files}


def separate(audio: Audio, model: str = "htdemucs", tick: Tick = no_tick) -> dict[str, Audio]:
    """The stems of a sound by name; they sum to it.

    Args:
        model: a key of `pipeline.separation.separators.SEPARATORS`. Demucs' weights are downloaded
            when first used.

    Raises:
        ValueError: no such separator, or its weights cannot be had.
        Cancelled: from `tick`.
    """
    return PerStem(model).stems(audio, tick)


def separate_file(
    source: Path,
    folder: Path,
    stage: PerStem,
    tick: Tick = no_tick,
    *,
    kind: str | None = None,
    as_zip: bool = False,
    max_seconds: float | None = None,
    avoid: Collection[Path] = (),
) -> Separated:
    """Writes the stems of one file into `folder` (made when missing), all of them or none.

    Args:
        kind: a key of `pipeline.output.FORMATS`; None as `restore_file` has it.
        as_zip: one file "NAME - stems.zip" in place of one file a stem.
        max_seconds: the longest sound accepted; None for any.
        avoid: resolved paths that are never written to: other inputs.

    Raises:
        AudioError: the file cannot be read, or a stem cannot be written or would overwrite it.
        WeightsMissing: (a ValueError) see `pipeline.separation.demucs_weights`.
        Cancelled: from `tick`; nothing is left behind.
    """
    for stem in stage.names:
        refuse_overwriting(source, folder / _named(source, stem, kind), avoid)
    audio, info = decode(source, max_seconds=max_seconds, tick=share(tick, 0, LOAD_SHARE))
    started = time.monotonic()
    stems = stage.stems(audio, share(tick, LOAD_SHARE, 1 - SAVE_SHARE))
    taken = time.monotonic() - started
    make_folder(folder)
    notes = list(info.notes)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=folder) as name:
        written = {}
        saving = share(tick, 1 - SAVE_SHARE, 1)
        for at, stem in enumerate(stage.names):
            path = Path(name) / _named(source, stem, kind)
            target = fit(stems[stem], path, subtype_for(source, kind))
            refuse_overwriting(source, folder / target.path.name, avoid)
            own = part(saving, at, len(stage.names))
            save(stems.pop(stem), target.path, subtype=target.subtype, tick=own)
            written[stem] = target.path
            notes += [f"{stem}: {note}" for note in target.notes]
        files = _zipped(source, written, folder) if as_zip else _moved(written, folder)
    return Separated(source, files, audio.seconds, taken, tuple(notes))


def _named(source: Path, stem: str, kind: str | None) -> str:
    return f"{source.stem} - {stem}{output_path(source, source.parent, kind).suffix}"


def _moved(written: dict[str, Path], folder: Path) -> dict[str, Path]:
    return {stem: path.replace(folder / path.name) for stem, path in written.items()}


def _zipped(source: Path, written: dict[str, Path], folder: Path) -> dict[str, Path]:
    target = folder / f"{source.stem} - stems.zip"
    try:
        with (
            write_atomically(target) as temporary,
            zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive,
        ):
            for path in written.values():
                archive.write(path, path.name)
    except OSError as error:
        raise AudioError(f"{target.name}: cannot be written ({error})") from error
    return dict.fromkeys(written, target)
