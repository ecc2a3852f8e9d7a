"""What spectral discriminators see: three short runs from the same weights on the same examples.

They differ only in how their discriminators are shown a spectrum.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from pathlib import Path

from models.discriminators import REPRESENTATIONS
from training.config import CONFIGS, TrainingConfig, read_config
from training.learn.trainer import Trainer
from training.runs.events import Event, read_events
from training.runs.run_folder import RunFolder

CONFIG_FILE = CONFIGS / "representations.json"
FIGURES = ("lsd", "lsd_16k", "energy_db")
LAST = 100  # steps that a mean is taken over


def report(folders: list[Path], base: Path, steps: int | None, runs: Path) -> Iterator[str]:
    """Lines of a table: one for the weights that all runs start from, one for each representation.

    Args:
        folders: of clean recordings.
        base: folder of the checkpoint to start from.
        steps: length of each run; the config's where None.
        runs: folder of the runs.
    """
    from models.malloc import keep_tensors_mapped

    keep_tensors_mapped()
    config = read_config(CONFIG_FILE, steps=steps)
    yield line("", "LSD", "to 16k", "energy", "separation", "feature first", "last", "rollbacks")
    for index, representation in enumerate(REPRESENTATIONS):
        run = RunFolder(runs / representation)
        Trainer(_showing(config, representation), folders, run, base).fit()
        events = read_events(run.path)
        if not index:
            yield line("base", *_figures(events, "base"), "", "", "", "")
        yield line(representation, *_figures(events, "validation"), *course(events, config))


def course(events: list[Event], config: TrainingConfig) -> tuple[str, str, str, str]:
    """How a run went.

    Returns:
        by how much real sound scored above restored sound before the generator saw the
        discriminators, the feature loss when it first did, the same at the end, and the rollbacks.
    """
    start = (config.adversary or {})["start_step"]
    separation = _mean(events, "separation", start - LAST // 2, start)
    first = _mean(events, "feature", start, start + LAST)
    last = _mean(events, "feature", config.steps - LAST, config.steps)
    rollbacks = sum(event.kind == "warning" for event in events)
    return f"{separation:.2f}", f"{first:.3f}", f"{last:.3f}", str(rollbacks)


def line(*cells: str) -> str:
    """A row of the table, in Markdown."""
    return "| " + " | ".join(cells) + " |"


def _showing(config: TrainingConfig, representation: str) -> TrainingConfig:
    adversary = dict(config.adversary or {})
    adversary["config"] = {**adversary["config"], "representation": representation}
    return dataclasses.replace(config, adversary=adversary)


def _figures(events: list[Event], kind: str) -> list[str]:
    """Of the last event of a kind."""
    of_kind = [event for event in events if event.kind == kind]
    return (
        [f"{of_kind[-1].number(name, math.nan):.3f}" for name in FIGURES]
        if of_kind
        else [""] * len(FIGURES)
    )


def _mean(events: list[Event], name: str, first: int, last: int) -> float:
    """The mean of a term over the steps after `first` up to `last`."""
    values = [e.values[name] for e in events if name in e.values and first < e.step <= last]
    return sum(values) / len(values) if values else float("nan")
