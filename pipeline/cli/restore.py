"""`python -m pipeline restore IN [IN ...] -o FOLDER`: runs a recipe over recordings."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from pipeline import recipe
from pipeline.audio.sound import Audio
from pipeline.cli import batch, batch_report, batch_run
from pipeline.cli.batch import Failure, Job
from pipeline.cli.batch_run import Finished, Processed, Run
from pipeline.cli.console import Display, command, exit_with, print_json, printable
from pipeline.cli.manifest import REPORT, RESULT
from pipeline.cli.options import AsJson, Device, Format, Ray, Results, Sources, Workers
from pipeline.output import output_name
from pipeline.remote.address import Location, location
from pipeline.restoration import RestoredFile, restore_file
from pipeline.stage import Chain, SeparatesStems, Stage, Tick, UsesCheckpoint


def restore(
    inputs: Sources,
    out: Results,
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
        bool,
        typer.Option(
            "--report", help="Write NAME.report.html beside each result, to see, hear and share."
        ),
    ] = False,
    summary: Annotated[
        str | None,
        typer.Option(
            help="Write an HTML page about the whole run here. With --report and several "
            "recordings: report.html in the folder of the results."
        ),
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
        options = batch_run.Options(again, workers, ray, quiet=as_json)
        task = _Restoration(chain, kind, report)
        run = batch_run.run([*map(location, inputs)], location(out), task, options)
        rows = batch_report.rows(run.results, run.finished, run.failures)
        page = location(summary) if summary else None
        if page is None and report and len(rows) > 1:
            page = location(out) / "report.html"
        if page is not None:
            batch_report.write(page, recipe_name, rows, time.monotonic() - started)
    if as_json:
        _print(chain, run)
    exit_with(run.failures)


def _print(chain: Chain, run: Run[RestoredFile]) -> None:
    """Prints the run as one JSON document."""
    print_json(
        recipe=recipe.dump(chain),
        files=[_entry(result) for result in run.results],
        skipped=[
            {"source": str(job.source), "path": str(paths[RESULT])}
            for job, paths in run.finished.items()
        ],
        failures=[failure.to_json() for failure in run.failures],
    )


@dataclass(frozen=True)
class _Restoration:
    """What `restore` does with every recording; see `pipeline.cli.batch_run.Task`."""

    chain: Chain
    kind: str | None
    report: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The result, and the report where one is wanted."""
        return (RESULT, REPORT) if self.report else (RESULT,)

    @property
    def digest(self) -> str:
        """Changes with recipe, weights and format."""
        stages = recipe.dump(self.chain.with_settings(device="auto"))
        weights = [_weights_digest(stage) for stage in _with_inner(self.chain.stages)]
        document = json.dumps([stages, weights, self.kind], sort_keys=True)
        return hashlib.sha256(document.encode()).hexdigest()

    def target(self, job: Job) -> Location:
        """Where the result goes; above full scale it gets another suffix."""
        return job.folder / output_name(job.source, self.kind)

    def without_clashes(self, jobs: Sequence[Job]) -> tuple[list[Job], list[Failure]]:
        """Leaves out the jobs whose result would overwrite an input or an earlier result."""
        return batch.without_clashes(jobs, self.kind)

    def prepare(self, display: Display) -> None:
        """Lets every stage load its network; a wrong checkpoint or device ends the run here."""
        silence = Audio(np.zeros((1, 8000), np.float32), 16_000)
        for stage in _with_inner(self.chain.stages):
            if isinstance(stage, UsesCheckpoint):
                stage(silence)

    def process(
        self, source: Path, folder: Path, avoid: Collection[Path], tick: Tick
    ) -> RestoredFile:
        """Restores a file."""
        return restore_file(
            source, folder, self.chain, tick, kind=self.kind, avoid=avoid, report=self.report
        )

    def files(self, done: RestoredFile) -> dict[str, Path]:
        """The result, and its report."""
        return {RESULT: done.path} | ({REPORT: done.report} if done.report else {})

    def describe(self, processed: Processed[RestoredFile]) -> str:
        """Source, result and speed, and a line for each note."""
        done, path = processed.done, processed.files[RESULT]
        speed = f"{done.seconds:.1f} s of sound in {done.seconds_taken:.1f} s"
        notes = (f"  {note}" for note in done.notes)
        return "\n".join([printable(f"{processed.source} -> {path}  ({speed})"), *notes])

    def describe_finished(self, finished: Finished) -> str:
        """A line for each, and how to make them anew."""
        lines = [
            printable(f"{job.source} -> {paths[RESULT]}  (up to date)")
            for job, paths in finished.items()
        ]
        count = f"{len(lines)} result{'s are' if len(lines) > 1 else ' is'}"
        return "\n".join([*lines, f"{count} up to date and left as is; --again makes them anew."])


def _chain(name: str, checkpoint: str | None, device: str) -> Chain:
    """The recipe's chain, on this device, with this checkpoint in every stage that runs one."""
    return recipe.load(name).with_settings(checkpoint=checkpoint or "", device=device)


def _weights_digest(stage: Stage) -> str:
    """The digest of a stage's checkpoint; empty where it has none."""
    from models import checkpoint

    if not isinstance(stage, UsesCheckpoint):
        return ""
    return checkpoint.find(stage.checkpoint, checkpoint.search_path()).sha256


def _with_inner(stages: Iterable[Stage]) -> Iterator[Stage]:
    """The stages, and those that they run on stems."""
    for stage in stages:
        yield stage
        if isinstance(stage, SeparatesStems):
            yield from _with_inner(stage.stages)


def _entry(result: Processed[RestoredFile]) -> dict[str, Any]:
    done = result.done
    paths = {"source": str(result.source), "path": str(result.files[RESULT])}
    if REPORT in result.files:
        paths["report"] = str(result.files[REPORT])
    measured = {"seconds_taken": done.seconds_taken, "guarantee": done.guarantee.to_json()}
    values = {name: value for name, value in vars(done).items() if name != "report"}
    return {**values, **paths, **measured}
