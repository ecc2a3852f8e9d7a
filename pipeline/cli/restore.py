"""`python -m pipeline restore IN [IN ...] -o FOLDER`: runs a recipe over recordings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from pipeline import recipe
from pipeline.audio.sound import Audio
from pipeline.cli import batch
from pipeline.cli.console import Display, command, exit_with, print_json, printable
from pipeline.cli.options import AsJson, Device, Format, Inputs
from pipeline.cli.result_log import ResultLog
from pipeline.output import output_path
from pipeline.restoration import RestoredFile, restore_file
from pipeline.stage import Chain, SeparatesStems, Stage, Tick, UsesCheckpoint


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
    as_json: AsJson = False,
) -> None:
    """Restores recordings; each result keeps the name of its input.

    A result that is complete and up to date, made of the same input by the same recipe, is left as
    it is: a run that was stopped goes on where it ended. The folder's hidden file .wavemend.jsonl
    lists what each result was made of.

    A file that cannot be processed gets one line on stderr, the others are still restored, and the
    exit code is 1. Inputs are never overwritten.
    """
    with command():
        chain = _chain(recipe_name, checkpoint, device)
        batch.check_folder(out)
        planned, unreadable = batch.plan(inputs, out)
        jobs, clashes = batch.without_clashes(planned, kind)
        restorer = _Restorer(jobs, chain, kind, ResultLog(out, _digest(chain, kind)))
        finished = {} if again else restorer.finished(jobs)
        rest = [job for job in jobs if job not in finished]
        with Display(sum(job.seconds for job in rest), quiet=as_json) as display:
            for failure in (*unreadable, *clashes):
                display.message(failure.error)
            if finished:
                display.result(_skipped(finished))
            if rest:
                _load_networks(chain.stages)
            results, failures = batch.run(rest, restorer, _lines, display)
    failures = [*unreadable, *clashes, *failures]
    if as_json:
        print_json(
            recipe=recipe.dump(chain),
            files=[_entry(result) for result in results],
            skipped=[
                {"source": str(job.source), "path": str(path)} for job, path in finished.items()
            ],
            failures=[failure.to_json() for failure in failures],
        )
    exit_with(failures)


class _Restorer:
    """Restores one job after another and never writes over an input or another job's result."""

    def __init__(
        self, jobs: Sequence[batch.Job], chain: Chain, kind: str | None, log: ResultLog
    ) -> None:
        self._chain, self._kind, self._log = chain, kind, log
        self._reserved = {path.resolve() for job in jobs for path in (job.source, self._path(job))}

    def __call__(self, job: batch.Job, tick: Tick) -> RestoredFile:
        target = self._path(job)
        others = self._reserved - {target.resolve()}
        result = restore_file(
            job.source, job.folder, self._chain, tick, kind=self._kind, avoid=others
        )
        self._reserved.add(result.path.resolve())
        self._log.add(job.source, target, result.path)
        return result

    def finished(self, jobs: Sequence[batch.Job]) -> dict[batch.Job, Path]:
        """The jobs with an up-to-date result, which is then reserved."""
        results = {job: self._log.find(job.source, self._path(job)) for job in jobs}
        kept = {job: path for job, path in results.items() if path is not None}
        self._reserved |= {path.resolve() for path in kept.values()}
        return kept

    def _path(self, job: batch.Job) -> Path:
        return output_path(job.source, job.folder, self._kind)


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
