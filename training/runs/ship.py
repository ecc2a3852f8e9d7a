"""`python -m training.runs.ship RUN NAME`: a run's best weights as a checkpoint with a full card."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from models.checkpoint import SHIPPED, load_for_training, read_card, save_checkpoint
from training.runs.run_folder import BEST, CONFIG, EVENTS

LICENCE = (
    "MIT for the weights themselves; they were learned from recordings under the licences in `data`"
)


def main(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    name: Annotated[str, typer.Argument(help="Name of the checkpoint.")],
    title: Annotated[str, typer.Option(help="What a person reads in a list.")],
    summary: Annotated[str, typer.Option(help="One sentence: for which recordings.")],
    report: Annotated[
        Path | None, typer.Option(help="Output of `python -m pipeline report --json`.")
    ] = None,
    earlier: Annotated[
        list[Path] | None, typer.Option(help="Run folders that this one started from.")
    ] = None,
    half: Annotated[bool, typer.Option(help="Store float16.")] = True,
    into: Annotated[Path, typer.Option(help="Folder of checkpoints.")] = SHIPPED,
) -> None:
    """Writes weights and a card with recipe, data and licences, steps, hours and validation."""
    best = read_card(run / BEST)
    settings = json.loads((run / CONFIG).read_text())
    runs = [*(earlier or []), run]
    metrics: dict[str, Any] = {"validation": best.metrics["validation"]}
    if report:
        metrics["report"] = json.loads(report.read_text())["rows"]
    save_checkpoint(
        load_for_training(run / BEST),
        into / name,
        half=half,
        title=title,
        summary=summary,
        step=sum(_steps(folder) for folder in runs),
        metrics=metrics,
        data=sources([Path(folder) for folder in settings["data"]], settings["trained_groups"]),
        licence=LICENCE,
        recipe={**settings["recipe"], "hours": round(sum(_hours(folder) for folder in runs), 2)},
    )


def sources(folders: list[Path], groups: list[str]) -> list[dict[str, Any]]:
    """Where the recordings came from: one entry a source and licence, with its minutes."""
    wanted, totals = set(groups), {}
    for folder in folders:
        manifest = folder / "MANIFEST.csv"
        if not manifest.is_file():
            totals[folder.name, "not stated"] = 0.0
            continue
        with manifest.open(newline="") as file:
            for row in csv.DictReader(file):
                if row["speaker_or_group"] in wanted:
                    key = row["source_repo"], row["licence"]
                    totals[key] = totals.get(key, 0.0) + float(row["seconds"]) / 60
    return [
        {"source": source, "licence": licence, "minutes": round(minutes, 1)}
        for (source, licence), minutes in sorted(totals.items())
    ]


def _steps(run: Path) -> int:
    return int(read_card(run / BEST).step)


def _hours(run: Path) -> float:
    """Time spent up to the best weights, from the events."""
    best = _steps(run)
    start = taken = 0.0
    for line in (run / EVENTS).read_text().splitlines():
        event = json.loads(line)
        if event["event"] == "start" and not start:
            start = event["time"]
        if event.get("step", 0) <= best:
            taken = event["time"] - start
    return taken / 3600


if __name__ == "__main__":
    typer.run(main)
