"""`python -m pipeline separate IN [IN ...] -o FOLDER`: every stem of a recording as a file."""

from __future__ import annotations

import dataclasses
import tempfile
import time
import zipfile
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from pipeline.audio.sound import AudioError, load, probe, save
from pipeline.cli import batch
from pipeline.cli.console import BAD_FILE, Watch, good_use, print_json, stoppable
from pipeline.restore import (
    LOAD_SHARE,
    SAVE_SHARE,
    fit,
    make_folder,
    output_path,
    refuse_overwriting,
    subtype_for,
)
from pipeline.separation.separators import OFFLINE
from pipeline.stage import Tick, no_tick, part, share
from pipeline.stages.per_stem import PerStem

Model = Literal[
    "htdemucs",
    "htdemucs_ft",
    "htdemucs_6s",
    "hdemucs_mmi",
    "mdx_extra",
    "harmonic_percussive",
    "mid_side",
]
Kind = Literal["wav16", "wav24", "wav32f", "flac", "mp3", "opus"]


@dataclasses.dataclass(frozen=True)
class Separated:
    """A recording's stems: from where, to which file of each stem (or the one zip), in what time.

    Attributes:
        files: stem -> file; with a zip every stem has the zip.
        notes: what to know about the files.
    """

    source: Path
    files: dict[str, Path]
    seconds: float
    seconds_taken: float
    notes: tuple[str, ...]


def separate(
    inputs: Annotated[list[Path], typer.Argument(metavar="IN...", help="Sound files and folders.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the stems.")],
    model: Annotated[
        Model, typer.Option(help="What separates; the last two need no weights.")
    ] = "htdemucs",
    shifts: Annotated[int, typer.Option(help="Demucs: passes averaged, from 0 to 10.")] = 0,
    overlap: Annotated[float, typer.Option(help="Demucs: of its segments, from 0 to 0.9.")] = 0.25,
    weights: Annotated[
        str | None,
        typer.Option(help="Folder with Demucs' weights; default: $WAVEMEND_DEMUCS, else a cache."),
    ] = None,
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"], typer.Option(help="Where Demucs runs.")
    ] = "auto",
    kind: Annotated[
        Kind | None,
        typer.Option("--format", help="Default: FLAC for FLAC, else WAV, of at least 24 bits."),
    ] = None,
    as_zip: Annotated[bool, typer.Option("--zip", help="One zip file for each recording.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Separates recordings into stems that add up to them: "NAME - vocals.wav" and so on.

    A file that cannot be done gets one line on stderr and makes the exit code 1; the others are
    still done. Inputs are never overwritten.
    """
    with stoppable(), good_use():
        stage = PerStem(model, shifts, overlap, device=device, weights=weights)
        found = [pair for path in inputs for pair in batch.expand(path, out)]
        with Watch(sum(_seconds(source) for source, _ in found), quiet=as_json) as watch:
            _fetch_weights(model, weights, watch)
            results, failures = _run(list(dict.fromkeys(found)), stage, kind, as_zip, watch)
    if as_json:
        print_json(
            model=model,
            files=[_entry(result) for result in results],
            failures=[{"source": str(f.source), "error": f.error} for f in failures],
        )
    raise typer.Exit(BAD_FILE if failures else 0)


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
        kind: a key of `pipeline.restore.KINDS`; None as `pipeline.restore.restore_file` has it.
        as_zip: one file "NAME - stems.zip" in place of one file a stem.
        avoid: resolved paths that are never written to: other inputs.

    Raises:
        AudioError: the file cannot be read, or a stem cannot be written or would overwrite it.
        WeightsMissing: (a ValueError) see `pipeline.separation.demucs_weights`.
        Cancelled: from `tick`; nothing is left behind.
    """
    for stem in stage.names:
        refuse_overwriting(source, folder / _named(source, stem, kind), avoid)
    audio = load(source, tick=share(tick, 0, LOAD_SHARE))
    started = time.monotonic()
    stems = stage.stems(audio, share(tick, LOAD_SHARE, 1 - SAVE_SHARE))
    taken = time.monotonic() - started
    make_folder(folder)
    notes: list[str] = []
    with tempfile.TemporaryDirectory(prefix=".stems-", dir=folder) as name:
        written = {}
        saving = share(tick, 1 - SAVE_SHARE, 1)
        for at, stem in enumerate(stage.names):
            path = Path(name) / _named(source, stem, kind)
            path, subtype, more = fit(stems[stem], path, subtype_for(source, kind))
            refuse_overwriting(source, folder / path.name, avoid)
            save(stems.pop(stem), path, subtype=subtype, tick=part(saving, at, len(stage.names)))
            written[stem] = path
            notes += [f"{stem}: {note}" for note in more]
        files = _zipped(source, written, folder) if as_zip else _moved(written, folder)
    return Separated(source, files, audio.seconds, taken, tuple(notes))


def _named(source: Path, stem: str, kind: str | None) -> str:
    return f"{source.stem} - {stem}{output_path(source, source.parent, kind).suffix}"


def _moved(written: dict[str, Path], folder: Path) -> dict[str, Path]:
    return {stem: path.replace(folder / path.name) for stem, path in written.items()}


def _zipped(source: Path, written: dict[str, Path], folder: Path) -> dict[str, Path]:
    scratch = next(iter(written.values())).with_name("stems.zip")
    try:
        with zipfile.ZipFile(scratch, "w", zipfile.ZIP_STORED) as archive:
            for path in written.values():
                archive.write(path, path.name)
        made = scratch.replace(folder / f"{source.stem} - stems.zip")
    except OSError as error:
        raise AudioError(f"{source.stem} - stems.zip: cannot be written ({error})") from error
    return dict.fromkeys(written, made)


def _run(
    found: Sequence[tuple[Path, Path]],
    stage: PerStem,
    kind: str | None,
    as_zip: bool,
    watch: Watch,
) -> tuple[list[Separated], list[batch.Failure]]:
    results: list[Separated] = []
    failures: list[batch.Failure] = []
    taken: dict[Path, Path] = {}
    avoid = {source.resolve() for source, _ in found}
    for at, (source, place) in enumerate(found, 1):
        tick = watch.begin(f"{at}/{len(found)} {source.name}", _seconds(source))
        try:
            first = taken.setdefault((place / source.stem).resolve(), source)
            if first != source:
                raise AudioError(f"its stems would overwrite those of {first}; use another folder")
            done = separate_file(source, place, stage, tick, kind=kind, as_zip=as_zip, avoid=avoid)
        except Exception as error:  # one broken file must not end a night's work
            failures.append(batch.Failure.of(source, error))
            watch.complain(failures[-1].error)
        else:
            results.append(done)
            watch.tell("\n".join([_line(done), *(f"  {note}" for note in done.notes)]))
    return results, failures


def _fetch_weights(model: str, weights: str | None, watch: Watch) -> None:
    """The first use of a model says what it downloads, and ends the run where it cannot."""
    from pipeline.separation import demucs_weights

    if model in OFFLINE:
        return
    for url in demucs_weights.missing(model, weights):
        watch.complain(f"First use of {model}: downloading {url}")
    demucs_weights.find(model, weights, _told(watch.retitle, demucs_weights.status))


def _told(retitle: Callable[[str], None], status: Callable[[], str]) -> Tick:
    return lambda fraction: retitle(status())


def _seconds(path: Path) -> float:
    """A file's length; 0 for what cannot be read, which is said when its turn comes."""
    try:
        return probe(path).seconds
    except AudioError:
        return 0.0


def _line(done: Separated) -> str:
    into = ", ".join(str(path) for path in dict.fromkeys(done.files.values()))
    return f"{done.source} -> {into}  ({done.seconds:.1f} s of sound in {done.seconds_taken:.1f} s)"


def _entry(done: Separated) -> dict[str, object]:
    files = {stem: str(path) for stem, path in done.files.items()}
    return {**dataclasses.asdict(done), "source": str(done.source), "files": files}
