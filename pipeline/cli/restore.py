"""`python -m pipeline restore IN [IN ...] -o FOLDER`: runs a recipe over recordings."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from pipeline import recipe
from pipeline.audio.sound import Audio
from pipeline.cli import batch, batch_report, leftovers
from pipeline.cli.console import Display, command, exit_with, print_json, printable
from pipeline.cli.dashboard import run_all
from pipeline.cli.manifest import Manifest
from pipeline.cli.options import AsJson, Device, Format, Inputs, Ray, Workers
from pipeline.output import output_path
from pipeline.restoration import RestoredFile, restore_file
from pipeline.stage import Chain, SeparatesStems, Stage, Tick, UsesCheckpoint

RESULT = "restored"
"""The name of a recording's one result in the manifest."""


def restore(
    inputs: Inputs,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the results.")],
    recipe_name: Annotated[
        str, typer.Option("--recipe", help="A recipe's name or its JSON file.")
    ] = "band-limited-speech",
    checkpoint: Annotated[
        str | None, typer.Option(help="A checkpoint to use instead of the recipe's.")
    ] = None,
    device: Device = "auto",
    kind: Format = None,
    again: Annotated[
        bool, typer.Option("--again", help="Restore everything again, up to date or not.")
    ] = False,
    workers: Workers = 1,
    ray: Ray = "",
    report: Annotated[
        Path | None, typer.Option(help="Write an HTML page about the whole run here.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Restores recordings; each result keeps the name of its input.

    A result that is complete and up to date, made of the same input by the same recipe, is left as
    it is: a run that was stopped, or killed, goes on where it ended. The folder's hidden file
    .wavemend.jsonl says of each recording whether it was done or why it failed, with the SHA-256 of
    recording, recipe and result.

    A file that cannot be processed gets one line on stderr, the others are still restored, and the
    exit code is 1. Inputs are never overwritten.
    """
    started = time.monotonic()
    with command():
        chain = _chain(recipe_name, checkpoint, device)
        batch.check_folder(out)
        run = _run(inputs, out, chain, kind, again, workers, ray, quiet=as_json)
        if report is not None:
            rows = batch_report.rows(run.results, run.kept, run.failures)
            batch_report.write(report, recipe_name, rows, time.monotonic() - started)
    if as_json:
        print_json(
            recipe=recipe.dump(chain),
            files=[_entry(result) for result in run.results],
            skipped=[{"source": str(source), "path": str(path)} for source, path in run.kept],
            failures=[failure.to_json() for failure in run.failures],
        )
    exit_with(run.failures)


@dataclass(frozen=True)
class _Run:
    """What became of all recordings; `kept` has source and result of those up to date."""

    results: list[RestoredFile]
    kept: list[tuple[Path, Path]]
    failures: list[batch.Failure]


def _run(
    inputs: Sequence[Path],
    out: Path,
    chain: Chain,
    kind: str | None,
    again: bool,
    workers: int,
    ray: str,
    quiet: bool,
) -> _Run:
    """Restores what is not up to date; see `restore`."""
    planned, unreadable = batch.plan(inputs, out)
    jobs, clashes = batch.without_clashes(planned, kind)
    manifest = Manifest(out, _digest(chain, kind))
    finished = {} if again else _finished(jobs, kind, manifest)
    rest = [job for job in jobs if job not in finished]
    restorer = _Restorer(chain, kind, _reserved(jobs, kind, finished))
    leftovers.remove(job.folder for job in jobs)
    with Display(sum(job.seconds for job in rest), quiet=quiet) as display:
        for failure in (*unreadable, *clashes):
            display.message(failure.error)
            manifest.failed(failure.source, failure.source, failure.error)
        if finished:
            display.result(_skipped(finished))
        if rest:
            _load_networks(chain.stages)
        noted = partial(_note, manifest, kind)
        results, failures = run_all(rest, restorer, _lines, display, noted, workers, ray)
    kept = [(job.source, path) for job, path in finished.items()]
    return _Run(results, kept, [*unreadable, *clashes, *failures])


@dataclass(frozen=True)
class _Restorer:
    """Restores one file after another, in this process or in others.

    Attributes:
        reserved: resolved paths of all inputs and results; none but its own is written to.
    """

    chain: Chain
    kind: str | None
    reserved: frozenset[Path]

    def __call__(self, job: batch.Job, tick: Tick) -> RestoredFile:
        others = self.reserved - {output_path(job.source, job.folder, self.kind).resolve()}
        return restore_file(job.source, job.folder, self.chain, tick, kind=self.kind, avoid=others)


def _finished(
    jobs: Sequence[batch.Job], kind: str | None, manifest: Manifest
) -> dict[batch.Job, Path]:
    """The jobs that have an up-to-date result."""
    results = {
        job: manifest.find(job.source, output_path(job.source, job.folder, kind)) for job in jobs
    }
    return {job: paths[RESULT] for job, paths in results.items() if paths and RESULT in paths}


def _reserved(
    jobs: Sequence[batch.Job], kind: str | None, finished: dict[batch.Job, Path]
) -> frozenset[Path]:
    targets = (output_path(job.source, job.folder, kind) for job in jobs)
    paths = (*(job.source for job in jobs), *targets, *finished.values())
    return frozenset(path.resolve() for path in paths)


def _note(
    manifest: Manifest, kind: str | None, job: batch.Job, outcome: RestoredFile | batch.Failure
) -> None:
    """Puts the outcome of a job into the manifest."""
    target = output_path(job.source, job.folder, kind)
    if isinstance(outcome, batch.Failure):
        manifest.failed(job.source, target, outcome.error)
    else:
        manifest.done(job.source, target, {RESULT: outcome.path})


def _chain(name: str, checkpoint: str | None, device: str) -> Chain:
    """The recipe's chain, on this device, with this checkpoint in every stage that runs one."""
    return recipe.load(name).with_settings(checkpoint=checkpoint or "", device=device)


def _digest(chain: Chain, kind: str | None) -> str:
    """Changes with everything that changes the results: recipe, weights and format."""
    stages = recipe.dump(chain.with_settings(device="auto"))
    weights = [_weights_digest(stage) for stage in _with_inner(chain.stages)]
    document = json.dumps([stages, weights, kind], sort_keys=True)
    return hashlib.sha256(document.encode()).hexdigest()


def _weights_digest(stage: Stage) -> str:
    """The digest of a stage's checkpoint; empty where it has none."""
    from models import checkpoint

    if not isinstance(stage, UsesCheckpoint):
        return ""
    return checkpoint.find(stage.checkpoint, checkpoint.search_path()).sha256


def _load_networks(stages: Iterable[Stage]) -> None:
    """Lets every stage load its network; a wrong checkpoint or device ends the run here."""
    silence = Audio(np.zeros((1, 8000), np.float32), 16_000)
    for stage in _with_inner(stages):
        if isinstance(stage, UsesCheckpoint):
            stage(silence)


def _with_inner(stages: Iterable[Stage]) -> Iterator[Stage]:
    """The stages, and those that they run on stems."""
    for stage in stages:
        yield stage
        if isinstance(stage, SeparatesStems):
            yield from _with_inner(stage.stages)


def _skipped(finished: dict[batch.Job, Path]) -> str:
    lines = [printable(f"{job.source} -> {path}  (up to date)") for job, path in finished.items()]
    count = f"{len(lines)} result{'s are' if len(lines) > 1 else ' is'}"
    return "\n".join([*lines, f"{count} up to date and left as is; --again makes them anew."])


def _lines(result: RestoredFile) -> str:
    speed = f"{result.seconds:.1f} s of sound in {result.seconds_taken:.1f} s"
    notes = (f"  {note}" for note in result.notes)
    return "\n".join([printable(f"{result.source} -> {result.path}  ({speed})"), *notes])


def _entry(result: RestoredFile) -> dict[str, Any]:
    paths = {"source": str(result.source), "path": str(result.path)}
    measured = {"seconds_taken": result.seconds_taken, "guarantee": result.guarantee.to_json()}
    return {**vars(result), **paths, **measured}
