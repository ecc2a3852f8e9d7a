"""`python -m pipeline separate IN [IN ...] -o FOLDER`: writes the stems of recordings as files."""

from __future__ import annotations

import dataclasses
import tempfile
import time
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated

import typer

from pipeline.audio.decode import decode
from pipeline.audio.encode import save
from pipeline.audio.sound import AudioError
from pipeline.cli import batch
from pipeline.cli.console import Display, command, exit_with, print_json, printable
from pipeline.cli.options import AsJson, Device, Format, Inputs, listed, one_of
from pipeline.files import write_atomically
from pipeline.output import fit, make_folder, output_path, refuse_overwriting, subtype_for
from pipeline.restore import LOAD_SHARE, SAVE_SHARE
from pipeline.separation.separators import OFFLINE, SEPARATORS
from pipeline.stage import Tick, no_tick, part, share
from pipeline.stages.per_stem import PerStem


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


def separate(
    inputs: Inputs,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the stems.")],
    model: Annotated[
        str,
        typer.Option(
            parser=one_of(SEPARATORS),
            metavar=listed(SEPARATORS),
            help=f"Separator; {' and '.join(OFFLINE)} need no weights.",
        ),
    ] = "htdemucs",
    shifts: Annotated[int, typer.Option(help="Demucs: passes averaged, from 0 to 10.")] = 0,
    overlap: Annotated[
        float, typer.Option(help="Demucs: overlap of its segments, from 0 to 0.9.")
    ] = 0.25,
    weights: Annotated[
        str | None,
        typer.Option(help="Folder with Demucs' weights; default: $WAVEMEND_DEMUCS, else a cache."),
    ] = None,
    device: Device = "auto",
    kind: Format = None,
    as_zip: Annotated[bool, typer.Option("--zip", help="One zip file for each recording.")] = False,
    as_json: AsJson = False,
) -> None:
    """Separates recordings into stems that add up to them: "NAME - vocals.wav" and so on.

    A file that cannot be processed gets one line on stderr, the others are still separated, and the
    exit code is 1. Inputs are never overwritten.
    """
    with command():
        stage = PerStem(model, shifts, overlap, device=device, weights=weights)
        batch.check_folder(out)
        jobs, unreadable = batch.plan(inputs, out)
        with Display(sum(job.seconds for job in jobs), quiet=as_json) as display:
            for failure in unreadable:
                display.message(failure.error)
            if jobs:
                _fetch_weights(model, weights, display)
            process = _Writer(jobs, stage, kind, as_zip)
            results, failures = batch.run(jobs, process, _lines, display)
    failures = [*unreadable, *failures]
    if as_json:
        print_json(
            model=model,
            files=[result.to_json() for result in results],
            failures=[failure.to_json() for failure in failures],
        )
    exit_with(failures)


def separate_file(
    source: Path,
    folder: Path,
    stage: PerStem,
    tick: Tick = no_tick,
    *,
    kind: str | None = None,
    as_zip: bool = False,
    avoid: Collection[Path] = (),
) -> Separated:
    """Writes the stems of one file into `folder` (made when missing), all of them or none.

    Args:
        kind: a key of `pipeline.output.FORMATS`; None as `pipeline.restore.restore_file` has it.
        as_zip: one file "NAME - stems.zip" in place of one file a stem.
        avoid: resolved paths that are never written to: other inputs.

    Raises:
        AudioError: the file cannot be read, or a stem cannot be written or would overwrite it.
        WeightsMissing: (a ValueError) see `pipeline.separation.demucs_weights`.
        Cancelled: from `tick`; nothing is left behind.
    """
    for stem in stage.names:
        refuse_overwriting(source, folder / _named(source, stem, kind), avoid)
    audio, info = decode(source, tick=share(tick, 0, LOAD_SHARE))
    started = time.monotonic()
    stems = stage.stems(audio, share(tick, LOAD_SHARE, 1 - SAVE_SHARE))
    taken = time.monotonic() - started
    make_folder(folder)
    notes = list(info.notes)
    with tempfile.TemporaryDirectory(prefix=".stems-", dir=folder) as name:
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


class _Writer:
    """Writes the stems of one job after another; no two jobs write the same files."""

    def __init__(
        self, jobs: Sequence[batch.Job], stage: PerStem, kind: str | None, as_zip: bool
    ) -> None:
        self._stage, self._kind, self._as_zip = stage, kind, as_zip
        self._inputs = {job.source.resolve() for job in jobs}
        self._owners: dict[Path, Path] = {}

    def __call__(self, job: batch.Job, tick: Tick) -> Separated:
        owner = self._owners.setdefault((job.folder / job.source.stem).resolve(), job.source)
        if owner != job.source:
            raise AudioError(f"its stems would overwrite those of {owner}; use another folder")
        return separate_file(
            job.source,
            job.folder,
            self._stage,
            tick,
            kind=self._kind,
            as_zip=self._as_zip,
            avoid=self._inputs,
        )


def _fetch_weights(model: str, weights: str | None, display: Display) -> None:
    """Downloads missing weights and says so; the run ends here if that fails."""
    from pipeline.separation import demucs_weights

    if model in OFFLINE:
        return
    for url in demucs_weights.missing(model, weights):
        display.message(f"First use of {model}: downloading {url}")
    demucs_weights.find(model, weights, display.begin(model, 0.0))


def _lines(result: Separated) -> str:
    paths = ", ".join(str(path) for path in dict.fromkeys(result.files.values()))
    speed = f"{result.seconds:.1f} s of sound in {result.seconds_taken:.1f} s"
    notes = (f"  {note}" for note in result.notes)
    return "\n".join([printable(f"{result.source} -> {paths}  ({speed})"), *notes])
