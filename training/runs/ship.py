"""A run's best weights as a checkpoint that ships: the card has data, licences and hours."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models.checkpoint import load_for_training, read_card, save_checkpoint
from training.runs.events import read_events
from training.runs.run_folder import BEST, RunConfig

LICENCE = (
    "MIT for the weights themselves; they were learned from recordings under the licences in `data`"
)


def ship(
    run: Path,
    folder: Path,
    *,
    title: str,
    summary: str,
    content: str = "",
    report: Path | None = None,
    earlier: Sequence[Path] = (),
    half: bool = True,
) -> None:
    """Writes a run's best weights with training config, data and licences, steps and validation.

    Args:
        run: folder of the run.
        folder: of the checkpoint.
        title, summary: one line each, for people.
        content: the kind of sound that it is for, a key of `models.card.CONTENTS`.
        report: JSON of `python -m pipeline report --json`, for the card's metrics.
        earlier: runs that this one started from, the first one first.
        half: store float16.

    Raises:
        ValueError: not a run, or one that has kept no weights.
    """
    best, config = read_card(run / BEST), RunConfig.read(run)
    if config is None:
        raise ValueError(f"{run}: not a run")
    runs = [*earlier, run]
    metrics: dict[str, Any] = {"validation": best.metrics["validation"]}
    if report:
        metrics["report"] = json.loads(report.read_text("utf-8"))["rows"]
    hours = round(sum(map(_hours, runs)), 2)
    save_checkpoint(
        load_for_training(run / BEST),
        folder,
        half=half,
        title=title,
        summary=summary,
        content=content,
        step=sum(map(_steps, runs)),
        metrics=metrics,
        data=sources([Path(path) for path in config.data], list(config.trained_groups)),
        licence=LICENCE,
        training={**config.training, "hours": hours},
    )


def sources(folders: list[Path], groups: list[str]) -> list[dict[str, Any]]:
    """Sources of the recordings: an entry for each source and licence, with its minutes."""
    trained, totals = set(groups), {}
    for folder in folders:
        manifest = folder / "MANIFEST.csv"
        if not manifest.is_file():
            totals[folder.name, "not stated"] = 0.0
            continue
        with manifest.open(newline="") as file:
            for row in csv.DictReader(file):
                if row["speaker_or_group"] in trained:
                    key = row["source_repo"], row["licence"]
                    totals[key] = totals.get(key, 0.0) + float(row["seconds"]) / 60
    return [
        {"source": source, "licence": licence, "minutes": round(minutes, 1)}
        for (source, licence), minutes in sorted(totals.items())
    ]


def _steps(run: Path) -> int:
    return int(read_card(run / BEST).step)


def _hours(run: Path) -> float:
    """Time from the first start to the best weights."""
    best, events = _steps(run), read_events(run)
    started = [event.time for event in events if event.kind == "start"]
    until = [event.time for event in events if event.step <= best]
    return (max(until) - started[0]) / 3600 if started and until else 0.0
