"""`python -m pipeline separate IN [IN ...] -o FOLDER`: writes the stems of recordings as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from pipeline.audio.sound import AudioError
from pipeline.cli import batch
from pipeline.cli.console import Display, command, exit_with, print_json, printable
from pipeline.cli.options import AsJson, Device, Format, Inputs, listed, one_of
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
