"""`python -m pipeline separate IN [IN ...] -o FOLDER`: writes the stems of recordings as files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from pipeline.audio.sound import AudioError
from pipeline.cli import batch, leftovers
from pipeline.cli.console import Display, command, exit_with, print_json, printable
from pipeline.cli.dashboard import run_all
from pipeline.cli.manifest import Manifest
from pipeline.cli.options import AsJson, Device, Format, Inputs, Ray, Workers, listed, one_of
from pipeline.separation.separators import DEMUCS, OFFLINE, SEPARATORS
from pipeline.stage import Tick
from pipeline.stages.per_stem import PerStem
from pipeline.stems import Separated, separate_file


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
        typer.Option(
            help="Folder with Demucs' weights (default: $WAVEMEND_DEMUCS, else a cache), or with a "
            "checkpoint of wave_unet."
        ),
    ] = None,
    device: Device = "auto",
    kind: Format = None,
    as_zip: Annotated[bool, typer.Option("--zip", help="One zip file for each recording.")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Separate everything again, up to date or not.")
    ] = False,
    workers: Workers = 1,
    ray: Ray = "",
    as_json: AsJson = False,
) -> None:
    """Separates recordings into stems that add up to them: "NAME - vocals.wav" and so on.

    Recordings whose stems are complete and up to date are left as they are; see restore.

    A file that cannot be processed gets one line on stderr, the others are still separated, and the
    exit code is 1. Inputs are never overwritten.
    """
    with command():
        stage = PerStem(model, shifts, overlap, device=device, weights=weights)
        batch.check_folder(out)
        run = _run(inputs, out, stage, kind, as_zip, again, workers, ray, quiet=as_json)
    if as_json:
        print_json(
            model=model,
            files=[result.to_json() for result in run.results],
            skipped=[
                {"source": str(job.source), "files": {stem: str(p) for stem, p in paths.items()}}
                for job, paths in run.kept.items()
            ],
            failures=[failure.to_json() for failure in run.failures],
        )
    exit_with(run.failures)


@dataclass(frozen=True)
class _Run:
    """What became of all recordings; `kept` has the stems of those up to date."""

    results: list[Separated]
    kept: dict[batch.Job, dict[str, Path]]
    failures: list[batch.Failure]


def _run(
    inputs: Sequence[Path],
    out: Path,
    stage: PerStem,
    kind: str | None,
    as_zip: bool,
    again: bool,
    workers: int,
    ray: str,
    quiet: bool,
) -> _Run:
    """Separates what is not up to date; see `separate`."""
    planned, unreadable = batch.plan(inputs, out)
    jobs, clashes = _without_clashes(planned)
    manifest = Manifest(out, _digest(stage, kind, as_zip))
    finished = {} if again else _finished(jobs, stage, manifest)
    rest = [job for job in jobs if job not in finished]
    writer = _Writer(stage, kind, as_zip, frozenset(job.source.resolve() for job in jobs))
    leftovers.remove(job.folder for job in jobs)
    with Display(sum(job.seconds for job in rest), quiet=quiet) as display:
        for failure in (*unreadable, *clashes):
            display.message(failure.error)
            manifest.failed(failure.source, failure.source, failure.error)
        if finished:
            display.result(_skipped(finished))
        if rest:
            _fetch_weights(stage.separator, stage.weights, display)
        noted = partial(_note, manifest)
        results, failures = run_all(rest, writer, _lines, display, noted, workers, ray)
    return _Run(results, finished, [*unreadable, *clashes, *failures])


@dataclass(frozen=True)
class _Writer:
    """Writes the stems of one file after another, in this process or in others.

    Attributes:
        inputs: resolved paths, which are never written to.
    """

    stage: PerStem
    kind: str | None
    as_zip: bool
    inputs: frozenset[Path]

    def __call__(self, job: batch.Job, tick: Tick) -> Separated:
        return separate_file(
            job.source,
            job.folder,
            self.stage,
            tick,
            kind=self.kind,
            as_zip=self.as_zip,
            avoid=self.inputs,
        )


def _target(job: batch.Job) -> Path:
    """What the stems of a file are named after."""
    return job.folder / job.source.stem


def _without_clashes(
    jobs: Sequence[batch.Job],
) -> tuple[list[batch.Job], list[batch.Failure]]:
    """Leaves out the jobs whose stems would overwrite those of an earlier one."""
    kept: list[batch.Job] = []
    failures: list[batch.Failure] = []
    owners: dict[Path, Path] = {}
    for job in jobs:
        owner = owners.setdefault(_target(job).resolve(), job.source)
        if owner == job.source:
            kept.append(job)
        else:
            text = f"its stems would overwrite those of {owner}; use another folder"
            failures.append(batch.Failure.of(job.source, AudioError(text)))
    return kept, failures


def _digest(stage: PerStem, kind: str | None, as_zip: bool) -> str:
    """Changes with everything that changes the stems; own weights count by size and time."""
    own = sorted(Path(stage.weights).rglob("*")) if stage.weights else []
    files = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in own]
    settings = [stage.separator, stage.shifts, stage.overlap, files, kind, as_zip]
    return hashlib.sha256(json.dumps(settings).encode()).hexdigest()


def _finished(
    jobs: Sequence[batch.Job], stage: PerStem, manifest: Manifest
) -> dict[batch.Job, dict[str, Path]]:
    """The jobs whose stems are up to date."""
    results = {job: manifest.find(job.source, _target(job)) for job in jobs}
    return {job: paths for job, paths in results.items() if paths and set(paths) == {*stage.names}}


def _note(manifest: Manifest, job: batch.Job, outcome: Separated | batch.Failure) -> None:
    """Puts the outcome of a job into the manifest."""
    if isinstance(outcome, batch.Failure):
        manifest.failed(job.source, _target(job), outcome.error)
    else:
        manifest.done(job.source, _target(job), outcome.files)


def _skipped(finished: dict[batch.Job, dict[str, Path]]) -> str:
    names = [printable(f"{job.source}: its stems are up to date") for job in finished]
    return "\n".join([*names, "Left as they are; --again separates them anew."])


def _fetch_weights(model: str, weights: str | None, display: Display) -> None:
    """Downloads missing weights and says so; the run ends here if that fails."""
    from pipeline.separation import demucs_weights

    if model not in DEMUCS:
        return
    for url in demucs_weights.missing(model, weights):
        display.message(f"First use of {model}: downloading {url}")
    demucs_weights.find(model, weights, display.begin(model, 0.0))


def _lines(result: Separated) -> str:
    paths = ", ".join(str(path) for path in dict.fromkeys(result.files.values()))
    speed = f"{result.seconds:.1f} s of sound in {result.seconds_taken:.1f} s"
    notes = (f"  {note}" for note in result.notes)
    return "\n".join([printable(f"{result.source} -> {paths}  ({speed})"), *notes])
