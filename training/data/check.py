"""Checks a dataset: which recordings a run would use, and why it would not use the others."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from pipeline.files import write_atomically
from training.config import TrainingConfig
from training.data.clips import CHECKED, LEFT_OUT, held_out, kept_for_test
from training.data.dataset import Dataset, Item
from training.data.inspection import CARE, FULL, USED, Row, add, examine

FEW_MINUTES = 3.0
MOST_UNREADABLE = 200  # files


@dataclass(frozen=True)
class Totals:
    """Numbers of files, minutes and groups.

    Args:
        files: all that was given.
        used, used_with_care, left_out: files by verdict.
        minutes, used_minutes: of all files, and of those that are used.
        groups: speakers or groups that are used.
        rates, channels: number of used files of each sample rate and number of channels.
    """

    files: int
    used: int
    used_with_care: int
    left_out: int
    minutes: float
    used_minutes: float
    groups: int
    rates: dict[str, int]
    channels: dict[str, int]


@dataclass(frozen=True)
class Split:
    """Which groups a run learns from.

    Args:
        by: "file" or "speaker".
        seed: of the draw.
        trained, held_out: the groups to learn from, and to judge by.
    """

    by: str
    seed: int
    trained: list[str]
    held_out: list[str]


@dataclass(frozen=True)
class Report:
    """The result of `check`.

    Args:
        folder, kind: of the dataset.
        rate: Hz, of the net that it was checked for.
        rows: a verdict for everything that was given.
        totals, split: see there.
        warnings: sentences about the dataset as a whole.
    """

    folder: Path
    kind: str
    rate: int
    rows: tuple[Row, ...]
    totals: Totals
    split: Split
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The content of check.json."""
        return {**dataclasses.asdict(self), "folder": str(self.folder)}

    def write(self) -> Path:
        """Writes check.json beside the dataset's index, where training reads it."""
        path = self.folder / CHECKED
        with write_atomically(path) as temporary:
            temporary.write_text(json.dumps(self.as_dict(), indent=1), "utf-8")
        return path


def check(
    dataset: Dataset,
    rate: int,
    tick: Callable[[float], None] = lambda fraction: None,
    config: TrainingConfig | None = None,
) -> Report:
    """Reads every file once, several at a time, and judges it.

    Args:
        dataset: of `training.data.dataset`.
        rate: Hz, of the net to train.
        tick: called with the fraction done after each file; may raise to stop.
        config: of the run, which decides the split; the default config where None.
    """
    rows: list[Row] = []
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        try:
            for row in pool.map(Examiner(rate), dataset.items):
                rows.append(row)
                tick(len(rows) / len(dataset.items))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    rows = _without_duplicates(rows)
    rows += [Row(left.name, LEFT_OUT, (left.reason,)) for left in dataset.left]
    split, totals = _split(dataset, rows, config or TrainingConfig()), _totals(rows)
    warnings = tuple(_warnings(dataset, rows, totals, split, rate))
    return Report(dataset.folder, dataset.kind, rate, tuple(rows), totals, split, warnings)


class Examiner:
    """Examines items; gives up where too many cannot be read, as each of them costs a process.

    Args:
        rate: Hz, of the net.
    """

    def __init__(self, rate: int) -> None:
        self.rate, self.n_unreadable = rate, 0

    def __call__(self, item: Item) -> Row:
        if self.n_unreadable >= MOST_UNREADABLE:
            reason = f"not read: {MOST_UNREADABLE} files before it are no sound"
            return Row(item.name, LEFT_OUT, (reason,))
        row = examine(item, self.rate)
        self.n_unreadable += not row.rate
        return row


def _without_duplicates(rows: list[Row]) -> list[Row]:
    """Leaves out repeated sounds; pairs with the same clean side get the same group."""
    first: dict[str, Row] = {}
    kept = []
    for row in rows:
        before = first.get(row.digest) if row.digest and row.verdict != LEFT_OUT else None
        if row.verdict != LEFT_OUT:
            first.setdefault(row.digest, row)
        if before and not row.degraded:
            row = add(row, LEFT_OUT, f"the same sound as {before.name}")
        elif before:
            row = dataclasses.replace(row, group=before.group)
        kept.append(row)
    return kept


def _split(dataset: Dataset, rows: list[Row], config: TrainingConfig) -> Split:
    groups = {row.group: row.kind for row in rows if row.verdict != LEFT_OUT}
    held = held_out(groups, config) & groups.keys()
    test = kept_for_test(groups, config)
    by = "speaker" if dataset.grouped else "file"
    return Split(by, config.seed, sorted(groups.keys() - held - test), sorted(held))


def _totals(rows: list[Row]) -> Totals:
    used = [row for row in rows if row.verdict != LEFT_OUT]

    def counts(name: str) -> dict[str, int]:
        values = sorted(getattr(row, name) for row in used)
        return {str(value): values.count(value) for value in dict.fromkeys(values)}

    return Totals(
        files=len(rows),
        used=sum(row.verdict == USED for row in rows),
        used_with_care=sum(row.verdict == CARE for row in rows),
        left_out=len(rows) - len(used),
        minutes=round(sum(row.seconds for row in rows) / 60, 2),
        used_minutes=round(sum(row.seconds for row in used) / 60, 2),
        groups=len({row.group for row in used}),
        rates=counts("rate"),
        channels=counts("channels"),
    )


def _warnings(
    dataset: Dataset, rows: list[Row], totals: Totals, split: Split, rate: int
) -> Iterator[str]:
    used = [row for row in rows if row.verdict != LEFT_OUT]
    if not used:
        yield "Nothing here can be used."
        return
    if totals.used_minutes < FEW_MINUTES:
        yield f"Only {totals.used_minutes:g} minutes: expect little from so few."
    if not split.held_out:
        yield "All recordings are of one group: nothing is held out to show whether a run helps."
    if len(totals.rates) > 1:
        yield f"Several sample rates: all recordings are resampled to {rate} Hz."
    narrow = sum(row.seconds for row in used if 0 < row.bandwidth_hz < FULL * rate / 2)
    if narrow > 0.5 * sum(row.seconds for row in used):
        yield "Most recordings lack the top of the band, so it cannot be learned from them."
    if dataset.ignored:
        counts = ", ".join(f"{count} {suffix}" for suffix, count in dataset.ignored.items())
        yield f"Files that are not sound were not read: {counts}."
    if dataset.kind == "clean" and (both := _like_pairs(rows)):
        yield f"{both} hold equal names: if they are pairs, call the folders degraded and clean."


def _like_pairs(rows: list[Row]) -> str:
    """The names of the only two folders, where they hold equal names; else ""."""
    folders: dict[str, set[str]] = {}
    for row in rows:
        folder, _, name = str(PurePosixPath(row.name).with_suffix("")).partition("/")
        folders.setdefault(folder, set()).add(name)
    names = list(folders.values())
    alike = len(names) == 2 and names[0] == names[1] != {""}
    return " and ".join(sorted(folders)) if alike else ""
