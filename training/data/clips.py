"""Recordings to learn from: read, aligned where they are pairs, and split by speaker."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.audio.buffers import blocks, copied
from pipeline.audio.sound import Audio
from training.config import TrainingConfig
from training.data.alignment import Alignment, align, measure
from training.data.dataset import INDEX, Dataset, Item, open_dataset
from training.data.sound_cache import MEMORY_BYTES, SoundCache, shared_folder

CHECKED = "check.json"  # beside a dataset's index: what `training.data.check` said of each file
LEFT_OUT = "left out"
NOISES = "noise"  # the kind of recording that is added and never restored
VOICES = ("speech", "stem_vocals")  # kinds of recordings that are one voice
INSTRUMENTS = ("music", "stem_bass", "stem_drums", "stem_other")  # kinds that are music
SILENT = 1e-4  # peak of a channel that holds nothing


@dataclass(frozen=True)
class Clip:
    """One channel of a recording at the net's rate.

    Args:
        path: of the recording.
        samples: (T,) float32, the clean sound; in memory, or mapped from a file.
        bandwidth_hz: highest frequency with real energy.
        group: speaker or group, for the split.
        kind: the manifest's kind.
        degraded: (T,) float32, the same sound damaged, aligned to the sample; None where training
            does the damage.
        whole_peak: of the recording, where the samples are a part of it; else 0.
    """

    path: Path
    samples: np.ndarray
    bandwidth_hz: float
    group: str
    kind: str
    degraded: np.ndarray | None = None
    whole_peak: float = 0.0

    @functools.cached_property
    def peak(self) -> float:
        """The largest magnitude of the recording."""
        if self.whole_peak:
            return self.whole_peak
        row = self.samples[None]
        parts = (row[:, start:stop] for start, stop in blocks(row))
        return max(max(float(part.max()), -float(part.min())) for part in parts)

    def piece(self, start: int, length: int) -> np.ndarray:
        """(T,) a copy of some samples; what was read of a file does not stay in memory."""
        return copied(self.samples[None], start, start + length)[0]


def complain(line: str) -> None:
    """Prints a line about a recording that cannot be used."""
    print(f"training: {line}", file=sys.stderr)


def read_clips(
    folders: list[Path],
    sample_rate: int,
    kinds: set[str],
    warn: Callable[[str], None] = complain,
    memory_bytes: int = MEMORY_BYTES,
) -> list[Clip]:
    """Every recording or pair of the datasets in the folders, one clip per channel.

    What `training.data.check` left out is left out; pairs that it has not seen are measured here.
    Kinds that begin with "validation" are read as well, to validate on and never to train on. A
    recording without a kind counts as "speech", or as the first of `kinds` without speech.

    Args:
        folders: datasets as `training.data.dataset.open_dataset` takes them.
        sample_rate: Hz, of the net.
        kinds: to read.
        warn: receives a line for each recording that cannot be used, and for each folder of which
            none is.
        memory_bytes: samples kept in memory; see `training.data.sound_cache`.

    Raises:
        ValueError: nothing of these kinds is there, or nothing of it is usable.
    """
    clips: list[Clip] = []
    problems: list[str] = []
    cache = SoundCache(sample_rate, memory_bytes)
    for folder in folders:
        dataset, before = open_dataset(folder), len(clips)
        for item, kind, row in wanted(dataset, kinds, verdicts(folder, sample_rate, warn)):
            try:
                clips += read_item(item, kind, row, cache, _cache_folder(folder))
            except (ValueError, OSError) as error:
                problems.append(f"{item.name}: {error}")
                warn(f"left out: {problems[-1]}")
        if len(clips) == before:
            warn(f"{folder.name}: {_why_nothing(dataset, kinds)}")
        problems += [f"{left.name}: {left.reason}" for left in dataset.left]
    if not clips:
        names = ", ".join(folder.name for folder in folders) or "no folder (see --data)"
        why = f"; {len(problems)} could not be used, such as {problems[0]}" if problems else ""
        raise ValueError(f"data: no recording of kind {', '.join(sorted(kinds))} in {names}{why}")
    return clips


def wanted(
    dataset: Dataset, kinds: set[str], verdicts: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[Item, str, Mapping[str, Any]]]:
    """Items of these kinds that no check left out, each with its kind and its check's verdict."""
    plain = "speech" if "speech" in kinds else min(kinds - {NOISES}, default=NOISES)
    for item in dataset.items:
        kind, row = item.kind or plain, verdicts.get(item.name, {})
        is_wanted = kind in kinds or kind.startswith("validation")
        if is_wanted and row.get("verdict") != LEFT_OUT:
            yield item, kind, row


def _why_nothing(dataset: Dataset, kinds: set[str]) -> str:
    """A sentence for a dataset of which no recording is read."""
    counts = f"{len(dataset.items)} recordings, {len(dataset.left)} left out"
    first = f", such as {dataset.left[0].name}: {dataset.left[0].reason}" if dataset.left else ""
    return f"no recording of kind {', '.join(sorted(kinds))} was read ({counts}{first})"


def _cache_folder(folder: Path) -> Path:
    """Where the recordings of a dataset are cached: with the dataset, where it was gathered."""
    return folder / ".cache" if (folder / INDEX).is_file() else shared_folder()


def verdicts(
    folder: Path, sample_rate: int, warn: Callable[[str], None]
) -> dict[str, dict[str, Any]]:
    path = folder / CHECKED
    if not path.is_file():
        return {}
    report = json.loads(path.read_text("utf-8"))
    if report["rate"] != sample_rate:
        rates = f"{report['rate']} Hz, not {sample_rate} Hz"
        warn(f"{folder.name} was checked for {rates}: check it again")
        return {}
    return {row["name"]: row for row in report["rows"]}


def read_item(
    item: Item, kind: str, row: Mapping[str, Any], cache: SoundCache, folder: Path
) -> list[Clip]:
    clean = cache.read(item.clean, folder, item.bandwidth_hz or row.get("bandwidth_hz"))
    samples, group = clean.samples, row.get("group") or item.group
    degraded: list[np.ndarray | None] = [None] * len(samples)
    if item.degraded:
        other = cache.read(item.degraded, folder)
        sides = Audio(other.samples, cache.rate), Audio(clean.samples, cache.rate)
        late, samples = _both_sides(*sides, row)
        degraded = list(late)
    clips = [
        Clip(item.clean, ours, clean.bandwidth_hz, group, kind, theirs)
        for ours, theirs in zip(samples, degraded, strict=True)
    ]
    return [clip for clip in clips if clip.peak > SILENT]


def _both_sides(
    degraded: Audio, clean: Audio, row: Mapping[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    """(C, T) each, aligned; as one channel where one of them has fewer."""
    if row.get("alignment"):
        lag = round(row["lag_s"] * clean.rate)
        alignment = Alignment(row["alignment"], lag, row["drift_ppm"], row["inverted"])
    else:
        alignment = measure(degraded, clean)
    if not alignment.usable:
        raise ValueError(alignment.text(clean.rate))
    late, samples = align(degraded, clean, alignment)
    if len(late) != len(samples):
        late, samples = (side.mean(axis=0, keepdims=True) for side in (late, samples))
    return late, samples


def split(clips: list[Clip], config: TrainingConfig) -> tuple[list[Clip], list[Clip]]:
    """(to train on, to validate on), by group; see `held_out` and `kept_for_test`."""
    groups = {clip.group: clip.kind for clip in clips}
    held, test = held_out(groups, config), kept_for_test(groups, config)
    return (
        [clip for clip in clips if clip.group not in held | test],
        [clip for clip in clips if clip.group in held],
    )


def kept_for_test(groups: Mapping[str, str], config: TrainingConfig) -> set[str]:
    """The groups that a run neither trains nor validates on: those named, and a share.

    The share is drawn by the seed, from the other end than that to validate on.
    """
    drawn = np.random.default_rng(config.seed).permutation(sorted(groups)).tolist()
    count = round(config.test_share * len(groups))
    return (set(config.test_groups) & groups.keys()) | set(drawn[len(drawn) - count :])


def held_out(groups: Mapping[str, str], config: TrainingConfig) -> set[str]:
    """The groups to validate on: those named, a share drawn by the seed, and validation kinds.

    What is kept for the test is not among them.

    Where the share comes to none and there are two groups or more, one is held out all the same.

    Args:
        groups: name -> kind.
        config: seed, shares and named groups.
    """
    test = kept_for_test(groups, config)
    drawn = np.random.default_rng(config.seed).permutation(sorted(groups)).tolist()
    count = round(config.validation_share * len(groups))
    held = set(config.validation_groups) | set(drawn[:count])
    held |= {group for group, kind in groups.items() if kind.startswith("validation")}
    sounds = [group for group in drawn if groups[group] != NOISES and group not in test]
    if config.validation_share > 0 and not held & set(sounds) and len(sounds) > 1:
        held.add(sounds[0])
    return held - test
