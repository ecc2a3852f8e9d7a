"""`python -m pipeline evaluate` and `report`: how near a recording or a checkpoint comes."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from pipeline.audio.decode import load
from pipeline.audio.sound import AudioError
from pipeline.cli import batch
from pipeline.cli.console import Display, command, exit_with, print_json
from pipeline.cli.options import AsJson


def evaluate(
    estimate: Annotated[Path, typer.Argument(help="A degraded or a restored recording.")],
    target: Annotated[Path | None, typer.Argument(help="The clean recording.")] = None,
    no_reference: Annotated[
        bool,
        typer.Option("--no-reference", help="DNSMOS of speech; hears nothing above 8 kHz."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measures the distance of a recording from its clean reference, or predicts opinions of it."""
    from pipeline.evaluation.compare import compare
    from pipeline.evaluation.dnsmos import dnsmos

    scores: dict[str, float] = {}
    with command():
        if not target and not no_reference:
            raise AudioError("evaluate: got one recording, expected a TARGET or --no-reference")
        recording = load(estimate)
        if target:
            scores |= dataclasses.asdict(compare(recording, load(target)))
        if no_reference:
            opinion = dnsmos(recording)
            scores |= {f"dnsmos_{k}": v for k, v in dataclasses.asdict(opinion).items()}
    if as_json:
        print_json(**scores)
    else:
        for name, value in scores.items():
            print(f"{name:20} {value:.3f}")


def report(
    inputs: Annotated[list[Path], typer.Argument(metavar="CLEAN...", help="Clean recordings.")],
    checkpoint: Annotated[str, typer.Option(help="The checkpoint.")] = "enhancer-speech-48k",
    keep_below_hz: Annotated[
        float | None, typer.Option(help="Keep the original below this frequency; 0 keeps nothing.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Damages clean recordings of full bandwidth, restores them, and measures the distance."""
    from pipeline.evaluation import benchmark
    from pipeline.stages.enhance import Enhance

    with command(), Display(1.0, quiet=as_json) as display:
        stage = Enhance(checkpoint=checkpoint, keep_below_hz=keep_below_hz)
        jobs, failures = batch.plan(inputs, Path())
        for failure in failures:
            display.message(failure.error)
        if not jobs:
            raise AudioError("report: got no recordings that can be read, expected at least one")
        tick = display.begin("", 1.0)
        rows = benchmark.report([batch.local(job.source) for job in jobs], stage, tick)
    if as_json:
        print_json(rows=[dataclasses.asdict(row) for row in rows])
    else:
        print(benchmark.as_markdown(rows))
    exit_with(failures)
