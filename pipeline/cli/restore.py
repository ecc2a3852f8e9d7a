"""`python -m pipeline restore IN [IN ...] -o FOLDER`: runs a recipe over recordings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline import recipe
from pipeline.audio.sound import AudioError
from pipeline.cli import batch
from pipeline.cli.console import Watch, exit_with, good_use, print_json, stoppable
from pipeline.cli.options import AsJson, Device, Format, Inputs
from pipeline.output import output_path, refuse_overwriting
from pipeline.restore import RestoredFile, restore_file
from pipeline.stage import Chain, Tick


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
    as_json: AsJson = False,
) -> None:
    """Restores recordings; each result keeps the name of its input.

    A file that cannot be processed gets one line on stderr, the others are still restored, and the
    exit code is 1. Inputs are never overwritten.
    """
    with stoppable(), good_use():
        chain = _chain(recipe_name, checkpoint, device)
        planned, unreadable = batch.plan(inputs, out)
        jobs, clashes = _without_clashes(planned, kind)
        with Watch(sum(job.seconds for job in jobs), quiet=as_json) as watch:
            for failure in (*unreadable, *clashes):
                watch.complain(failure.error)
            results, failures = batch.run(jobs, _Restorer(jobs, chain, kind), _lines, watch)
    failures = [*unreadable, *clashes, *failures]
    if as_json:
        print_json(
            recipe=recipe.dump(chain),
            files=[_entry(result) for result in results],
            failures=[failure.to_json() for failure in failures],
        )
    exit_with(failures)


class _Restorer:
    """Restores one job after another and never writes over an input or another job's result."""

    def __init__(self, jobs: Sequence[batch.Job], chain: Chain, kind: str | None) -> None:
        self._chain, self._kind = chain, kind
        self._reserved = {path.resolve() for job in jobs for path in (job.source, self._path(job))}

    def __call__(self, job: batch.Job, tick: Tick) -> RestoredFile:
        others = self._reserved - {self._path(job).resolve()}
        result = restore_file(
            job.source, job.folder, self._chain, tick, kind=self._kind, avoid=others
        )
        self._reserved.add(result.path.resolve())
        return result

    def _path(self, job: batch.Job) -> Path:
        return output_path(job.source, job.folder, self._kind)


def _without_clashes(
    jobs: Sequence[batch.Job], kind: str | None
) -> tuple[list[batch.Job], list[batch.Failure]]:
    """Leaves out the jobs whose result would overwrite an input or an earlier job's result."""
    kept: list[batch.Job] = []
    failures: list[batch.Failure] = []
    reserved = {job.source.resolve() for job in jobs}
    for job in jobs:
        path = output_path(job.source, job.folder, kind)
        try:
            refuse_overwriting(job.source, path, reserved)
        except AudioError as error:
            failures.append(batch.Failure.of(job.source, error))
        else:
            kept.append(job)
            reserved.add(path.resolve())
    return kept, failures


def _chain(name: str, checkpoint: str | None, device: str) -> Chain:
    """The recipe's chain, on this device, with this checkpoint in every stage that runs one."""
    return recipe.load(name).with_settings(checkpoint=checkpoint or "", device=device)


def _lines(result: RestoredFile) -> str:
    speed = f"{result.seconds:.1f} s of sound in {result.seconds_taken:.1f} s"
    notes = (f"  {note}" for note in result.notes)
    return "\n".join([f"{result.source} -> {result.path}  ({speed})", *notes])


def _entry(result: RestoredFile) -> dict[str, Any]:
    paths = {"source": str(result.source), "path": str(result.path)}
    measured = {"seconds_taken": result.seconds_taken, "guarantee": result.guarantee.to_json()}
    return {**vars(result), **paths, **measured}
