"""The claims of "Wave U-Net Enhancer": skips that copy damage, and what discriminators see."""

from __future__ import annotations

import dataclasses
import math
import platform
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import nn

from models.checkpoint import load, read_card
from pipeline.evaluation.artefacts import artefacts
from training.config import CONFIGS, TrainingConfig, read_config
from training.data.clips import read_clips, split
from training.evaluation.cases import Case, codec_cases
from training.evaluation.scores import CODEC_BAND_HZ, score_codec
from training.evaluation.validation import restored
from training.runs.events import Event, read_events
from training.tables.enhancer_article import (
    DIFFERS,
    NET_COLUMNS,
    NETS,
    REPRESENTATION_COLUMNS,
    REPRESENTATIONS,
    SAID_OF_NETS,
    SAID_OF_REPRESENTATIONS,
    SMALL,
    TITLE,
)
from training.tables.figures import draw_runs
from training.tables.runs import train, weights_of
from training.tables.table import Report, Row, Table

RATE = 48_000
LAST = 100  # steps that a mean is taken over
VARIANTS = {**NETS, **REPRESENTATIONS}


def report(
    folders: list[Path],
    runs: Path,
    base: Path,
    figures: Path | None = None,
    *,
    variants: Sequence[str] = tuple(VARIANTS),
    others: Sequence[Path] = (),
    steps: int | None = None,
    small: bool = False,
    most: int = 25,
) -> Report:
    """Both tables, with a row for each variant that has been trained.

    Args:
        folders: of recordings, with a manifest.
        runs: folder of the runs, one for each variant.
        base: checkpoint that the runs with an adversary start from.
        figures: folder for PNG files; none are drawn where None.
        variants: keys of `VARIANTS`.
        others: folders of further checkpoints at 48 kHz.
        steps: length of the training of variants that have no run yet; None trains none.
        small: train the skip variants in the sizes `SMALL`.
        most: largest number of recordings that the nets are measured on.

    Raises:
        ValueError: an unknown variant, or no held-out speech.
    """
    for name in variants:
        if name not in VARIANTS:
            raise ValueError(f"variants: got {name!r}, expected some of {', '.join(VARIANTS)}")
        if steps and not weights_of(runs / name):
            start = base if name in REPRESENTATIONS else None
            train(config_of(name, steps, small), folders, runs / name, start)
    done = {name: runs / name for name in variants if weights_of(runs / name)}
    cases = held_out_cases(folders, most)
    facts = (
        f"{len({case.recording for case in cases})} held-out recordings at three bit rates. "
        f"Trained here: {', '.join(done) or 'none'}. Machine: {platform.machine()}.",
    )
    drawn = _drawn(done, figures) if figures else ()
    tables = (_nets(done, others, cases), _representations(done))
    return Report(TITLE, tables, (*facts, *DIFFERS), drawn)


def config_of(name: str, steps: int, small: bool = False) -> TrainingConfig:
    """The training config of one of `VARIANTS`."""
    variant = VARIANTS[name]
    config = read_config(CONFIGS / f"{variant.config}.json", steps=steps)
    warmup_steps = min(config.warmup_steps, max(1, steps // 4))
    config = dataclasses.replace(config, **variant.changes, warmup_steps=warmup_steps)
    if small and name in NETS:
        config = dataclasses.replace(config, config={**config.config, **SMALL[config.model]})
    if not variant.adversary:
        return config
    adversary = dict(config.adversary or {})
    shown = {**adversary["config"], **variant.adversary}
    return dataclasses.replace(config, adversary={**adversary, "config": shown})


def held_out_cases(folders: list[Path], most: int) -> list[Case]:
    """Held-out speech through our codec, at each bit rate.

    Raises:
        ValueError: there is none.
    """
    config = read_config(CONFIGS / "codec-repair.json")
    held = split(read_clips(folders, RATE, set(config.kinds)), config)[1]
    if not held:
        known = ", ".join(config.validation_groups)
        raise ValueError(f"data: no recording of {known}, or of a kind that is for validation")
    groups = sorted({clip.group for clip in held})[:most]
    return codec_cases([clip for clip in held if clip.group in groups], RATE)


def _nets(done: dict[str, Path], others: Sequence[Path], cases: list[Case]) -> Table:
    """How near each net comes to the clean recordings, and how much damage it copies."""
    rows = [Row("the codec's output", (*_means(None, cases), None))]
    for name, run in done.items():
        if name in NETS and (weights := weights_of(run)):
            rows.append(_row(NETS[name].label, weights, cases))
    rows += [_row(path.name, path, cases) for path in others]
    return Table("Repair of a neural codec", NET_COLUMNS, (*SAID_OF_NETS, *rows))


def _row(label: str, weights: Path, cases: list[Case]) -> Row:
    card = read_card(weights)
    if card.config.get("sample_rate") != RATE:
        raise ValueError(f"{label}: got a net at another rate, expected one at {RATE} Hz")
    return Row(label, (*_means(load(weights), cases), card.step))


def _means(net: nn.Module | None, cases: list[Case]) -> tuple[float, ...]:
    """The columns of `_nets` but the steps, of a net or of the damaged sound itself."""
    return tuple(np.mean([_scores(net, case) for case in cases], axis=0))


def _scores(net: nn.Module | None, case: Case) -> tuple[float, ...]:
    estimate = restored(net, case.degraded) if net else case.degraded
    figures = score_codec(estimate, case, RATE).figures
    top = min(CODEC_BAND_HZ, case.bandwidth_hz)
    copied = artefacts(estimate, case.degraded, case.clean, RATE, top)
    distances = (figures["lsd"], figures["lsd_12k"], figures["mel_12k"])
    return (*distances, copied.kept, copied.correlation)


def _representations(done: dict[str, Path]) -> Table:
    """How the runs went that differ in what their discriminators see."""
    rows: list[Row] = []
    for name, run in done.items():
        if name in REPRESENTATIONS:
            events = read_events(run)
            start = _last(events, "base")
            rows += [] if rows else [Row("the base", (None, None, None, *start, None, 0))]
            rows.append(Row(REPRESENTATIONS[name].label, _course(events)))
    title = "What spectral discriminators see"
    return Table(title, REPRESENTATION_COLUMNS, (*SAID_OF_REPRESENTATIONS, *rows), digits=3)


def _course(events: list[Event]) -> tuple[float, ...]:
    """A run's row: how far real sound scored above restored sound before the generator saw the
    discriminators, the feature loss when it first did and at the end, the held-out recordings'
    figures, and the number of rollbacks."""
    start = (config_of("log1p", 1).adversary or {})["start_step"]
    steps = events[-1].step
    separation = _mean(events, "separation", start - LAST // 2, start)
    first = _mean(events, "feature", start, start + LAST)
    last = _mean(events, "feature", steps - LAST, steps)
    rollbacks = sum(event.kind == "warning" for event in events)
    return separation, first, last, *_last(events, "validation"), rollbacks, steps


def _last(events: list[Event], kind: str) -> tuple[float, ...]:
    """LSD, LSD to 16 kHz and energy of the last event of a kind."""
    event = [event for event in events if event.kind == kind][-1]
    return tuple(event.number(name, math.nan) for name in ("lsd", "lsd_16k", "energy_db"))


def _mean(events: list[Event], name: str, first: int, last: int) -> float:
    """The mean of a term over the steps after `first` up to `last`."""
    values = [e.values[name] for e in events if name in e.values and first < e.step <= last]
    return sum(values) / len(values) if values else math.nan


def _drawn(done: dict[str, Path], folder: Path) -> tuple[Path, ...]:
    """Curves of the runs, those of a table in one picture."""
    drawn = []
    for title, table in (("skips", NETS), ("representations", REPRESENTATIONS)):
        of_table = {table[name].label: run for name, run in done.items() if name in table}
        if of_table:
            drawn.append(draw_runs(of_table, "lsd", "mel", folder / f"{title}.png"))
    return tuple(drawn)
