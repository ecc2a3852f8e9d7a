"""`python -m pipeline separate IN [IN ...] -o FOLDER`: writes the stems of recordings as files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.audio.sound import AudioError
from pipeline.cli import batch_run
from pipeline.cli.batch import Failure, Job
from pipeline.cli.batch_run import Finished, Processed
from pipeline.cli.console import Display, command, exit_with, print_json, printable
from pipeline.cli.options import (
    AsJson,
    Device,
    Format,
    Precision,
    Ray,
    Results,
    Sources,
    Workers,
    listed,
    one_of,
)
from pipeline.remote.address import Location, location
from pipeline.separation.separators import DEMUCS, OFFLINE, SEPARATORS
from pipeline.stage import Tick
from pipeline.stages.per_stem import PerStem
from pipeline.stems import Separated, separate_file


def separate(
    inputs: Sources,
    out: Results,
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
            "checkpoint of voice_masker or wave_unet."
        ),
    ] = None,
    device: Device = "auto",
    precision: Precision = "float32",
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
        stage = PerStem(model, shifts, overlap, precision, device=device, weights=weights)
        options = batch_run.Options(again, workers, ray, quiet=as_json)
        run = batch_run.run(
            [*map(location, inputs)], location(out), _Separation(stage, kind, as_zip), options
        )
    if as_json:
        print_json(
            model=model,
            files=[_entry(result) for result in run.results],
            skipped=[
                {"source": str(job.source), "files": {stem: str(p) for stem, p in paths.items()}}
                for job, paths in run.finished.items()
            ],
            failures=[failure.to_json() for failure in run.failures],
        )
    exit_with(run.failures)


@dataclass(frozen=True)
class _Separation:
    """What `separate` does with every recording; see `pipeline.cli.batch_run.Task`."""

    stage: PerStem
    kind: str | None
    as_zip: bool

    @property
    def digest(self) -> str:
        """Changes with settings, weights and format; own weights count by size and time."""
        stage = self.stage
        own = sorted(Path(stage.weights).rglob("*")) if stage.weights else []
        files = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in own]
        own_settings = (stage.separator, stage.shifts, stage.overlap, stage.precision)
        settings = [*own_settings, files, self.kind, self.as_zip]
        return hashlib.sha256(json.dumps(settings).encode()).hexdigest()

    @property
    def names(self) -> Sequence[str]:
        """The stems."""
        return self.stage.names

    def target(self, job: Job) -> Location:
        """What the stems of a file are named after."""
        return job.folder / job.source.stem

    def without_clashes(self, jobs: Sequence[Job]) -> tuple[list[Job], list[Failure]]:
        """Leaves out the jobs whose stems would overwrite those of an earlier one."""
        kept: list[Job] = []
        failures: list[Failure] = []
        owners: dict[Location, Location] = {}
        for job in jobs:
            owner = owners.setdefault(self.target(job).resolve(), job.source)
            if owner == job.source:
                kept.append(job)
            else:
                text = f"its stems would overwrite those of {owner}; use another folder"
                failures.append(Failure.of(job.source, AudioError(text)))
        return kept, failures

    def prepare(self, display: Display) -> None:
        """Downloads missing weights."""
        _fetch_weights(self.stage.separator, self.stage.weights, display)

    def process(self, source: Path, folder: Path, avoid: Collection[Path], tick: Tick) -> Separated:
        """Separates a file."""
        return separate_file(
            source, folder, self.stage, tick, kind=self.kind, as_zip=self.as_zip, avoid=avoid
        )

    def files(self, done: Separated) -> dict[str, Path]:
        """The stems; with a zip every stem has the zip."""
        return done.files

    def describe(self, processed: Processed[Separated]) -> str:
        """Source, files and speed, and a line for each note."""
        done = processed.done
        paths = ", ".join(str(path) for path in dict.fromkeys(processed.files.values()))
        speed = f"{done.seconds:.1f} s of sound in {done.seconds_taken:.1f} s"
        notes = (f"  {note}" for note in done.notes)
        return "\n".join([printable(f"{processed.source} -> {paths}  ({speed})"), *notes])

    def describe_finished(self, finished: Finished) -> str:
        """A line for each, and how to make them anew."""
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


def _entry(result: Processed[Separated]) -> dict[str, Any]:
    files = {stem: str(path) for stem, path in result.files.items()}
    return {**result.done.to_json(), "source": str(result.source), "files": files}
