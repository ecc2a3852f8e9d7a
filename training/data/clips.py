"""Recordings to learn from: found, read, brought into line, and split by speaker."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.analysis.bandwidth import effective_bandwidth_hz
from pipeline.audio.decode import load
from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from training.config import TrainingConfig
from training.data.alignment import Alignment, align, measure
from training.data.dataset import Item, open_dataset

CHECKED = "check.json"  # beside a dataset's index: what `training.data.check` said of each file
LEFT_OUT = "left out"
NOISES = "noise"  # the kind of recording that is added and never restored
INSTRUMENTS = ("music", "stem_bass", "stem_drums", "stem_other")  # kinds that are music
SILENT = 1e-4  # peak of a channel that holds nothing


@dataclass(frozen=True)
class Clip:
    """One channel of a recording at the net's rate.

    Args:
        path: where it came from.
        samples: (T,) float32, the clean sound.
        bandwidth_hz: highest frequency with real energy.
        group: speaker or group, for the split.
        kind: the manifest's kind.
        degraded: (T,) float32, the same sound damaged, aligned to the sample; None where training
            does the damage.
    """

    path: Path
    samples: np.ndarray
    bandwidth_hz: float
    group: str
    kind: str
    degraded: np.ndarray | None = None


def _complain(line: str) -> None:
    print(f"training: {line}", file=sys.stderr)


def read_clips(
    folders: list[Path],
    sample_rate: int,
    kinds: set[str],
    tell: Callable[[str], None] = _complain,
) -> list[Clip]:
    """Every recording or pair of the datasets in the folders, one clip a channel.

    What `training.data.check` left out is left out; pairs that it has not seen are measured here.
    Kinds that begin with "validation" are read as well, to validate on and never to train on. A
    recording of no stated kind is of the first one wanted.

    Args:
        folders: datasets as `training.data.dataset.open_dataset` takes them.
        sample_rate: Hz, of the net.
        kinds: wanted.
        tell: told one line for each recording that should have been read and could not be.

    Raises:
        ValueError: nothing of the wanted kinds is there, or nothing of it is usable.
    """
    clips: list[Clip] = []
    plain = "speech" if "speech" in kinds else min(kinds - {NOISES}, default=NOISES)
    problems = []
    for folder in folders:
        verdicts = _verdicts(folder, sample_rate, tell)
        for item in open_dataset(folder).items:
            kind, row = item.kind or plain, verdicts.get(item.name, {})
            wanted = kind in kinds or kind.startswith("validation")
            if not wanted or row.get("verdict") == LEFT_OUT:
                continue
            try:
                clips += _read(item, kind, row, sample_rate)
            except (ValueError, OSError) as error:
                problems.append(f"{item.name}: {error}")
                tell(f"left out: {problems[-1]}")
    if not clips:
        names = ", ".join(str(folder) for folder in folders) or "no folder (see --data)"
        why = f"; {len(problems)} could not be used, such as {problems[0]}" if problems else ""
        raise ValueError(
            f"data: no recording of kind {', '.join(sorted(kinds))} under {names}{why}"
        )
    return clips


def _verdicts(
    folder: Path, sample_rate: int, tell: Callable[[str], None]
) -> dict[str, dict[str, Any]]:
    path = folder / CHECKED
    if not path.is_file():
        return {}
    report = json.loads(path.read_text("utf-8"))
    if report["rate"] != sample_rate:
        tell(f"{folder} was checked for {report['rate']} Hz, not {sample_rate} Hz: check it again")
        return {}
    return {row["name"]: row for row in report["rows"]}


def _read(item: Item, kind: str, row: Mapping[str, Any], rate: int) -> list[Clip]:
    source = load(item.clean)
    bandwidth_hz = item.bandwidth_hz or row.get("bandwidth_hz") or effective_bandwidth_hz(source)
    clean, group = resample(source, rate), row.get("group") or item.group
    degraded: list[np.ndarray | None] = [None] * clean.channels
    samples = clean.samples
    if item.degraded:
        other = resample(load(item.degraded), rate)
        late, samples = _both_sides(other, clean, row)
        degraded = list(late)
    return [
        Clip(item.clean, ours, bandwidth_hz, group, kind, theirs)
        for ours, theirs in zip(samples, degraded, strict=True)
        if np.abs(ours).max() > SILENT
    ]


def _both_sides(
    degraded: Audio, clean: Audio, row: Mapping[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    """(C, T) each, aligned; as one channel where one of them has fewer."""
    if row.get("alignment"):
        lag = round(row["lag_s"] * clean.rate)
        found = Alignment(row["alignment"], lag, row["drift_ppm"], row["inverted"])
    else:
        found = measure(degraded, clean)
    if not found.usable:
        raise ValueError(found.text(clean.rate))
    late, samples = align(degraded, clean, found)
    if len(late) != len(samples):
        late, samples = (side.mean(axis=0, keepdims=True) for side in (late, samples))
    return late, samples


def split(clips: list[Clip], config: TrainingConfig) -> tuple[list[Clip], list[Clip]]:
    """(to train on, to validate on), by group; see `held_out`."""
    held = held_out({clip.group: clip.kind for clip in clips}, config)
    return (
        [clip for clip in clips if clip.group not in held],
        [clip for clip in clips if clip.group in held],
    )


def held_out(groups: Mapping[str, str], config: TrainingConfig) -> set[str]:
    """The groups to validate on: those named, a share drawn by the seed, and validation kinds.

    Where the share comes to none and there are two groups or more, one is held out all the same.

    Args:
        groups: name -> kind.
        config: seed, validation_share and validation_groups.
    """
    drawn = np.random.default_rng(config.seed).permutation(sorted(groups)).tolist()
    count = round(config.validation_share * len(groups))
    held = set(config.validation_groups) | set(drawn[:count])
    held |= {group for group, kind in groups.items() if kind.startswith("validation")}
    sounds = [group for group in drawn if groups[group] != NOISES]
    if config.validation_share > 0 and not held & set(sounds) and len(sounds) > 1:
        held.add(sounds[0])
    return held
