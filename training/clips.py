"""Clean recordings: found, read, and split by speaker."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.audio import load, resample
from training.config import Recipe

SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif", ".m4a")


@dataclass(frozen=True)
class Clip:
    """One clean recording at the net's rate.

    Args:
        path: where it came from.
        samples: (T,) float32, one channel.
        bandwidth_hz: highest frequency with real energy.
        group: speaker or group, for the split.
        kind: the manifest's kind.
    """

    path: Path
    samples: np.ndarray
    bandwidth_hz: float
    group: str
    kind: str


def read_clips(folders: list[Path], sample_rate: int, kinds: set[str]) -> list[Clip]:
    """Every recording under the folders, one clip a channel.

    Kinds that begin with "validation" are read as well, to validate on and never to train on.
    A MANIFEST.csv in a folder (columns path, kind, effective_bandwidth_hz, speaker_or_group) names
    its files; without one every sound file counts, as kind "speech", each its own group.

    Raises:
        ValueError: nothing of the wanted kinds is there.
    """
    clips = []
    for folder in folders:
        for path, row in _listing(folder):
            if row["kind"] in kinds or row["kind"].startswith("validation"):
                clips += _read(path, row, sample_rate)
    if not clips:
        names = ", ".join(str(folder) for folder in folders) or "no folder (see --data)"
        raise ValueError(f"data: no recording of kind {', '.join(sorted(kinds))} under {names}")
    return clips


def _listing(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    manifest = folder / "MANIFEST.csv"
    if manifest.is_file():
        with manifest.open(newline="") as file:
            for row in csv.DictReader(file):
                yield folder / row["path"], row
        return
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES:
            yield path, {"kind": "speech", "speaker_or_group": path.stem}


def _read(path: Path, row: dict[str, Any], sample_rate: int) -> list[Clip]:
    audio = load(path)
    bandwidth_hz = float(row.get("effective_bandwidth_hz") or audio.rate / 2)
    samples = resample(audio, sample_rate).samples
    return [
        Clip(path, channel, bandwidth_hz, row["speaker_or_group"], row["kind"])
        for channel in samples
        if np.abs(channel).max() > 1e-4
    ]


def split(clips: list[Clip], recipe: Recipe) -> tuple[list[Clip], list[Clip]]:
    """(to train on, to validate on), by group: named groups, a share drawn by the seed, and
    every kind that begins with "validation"."""
    groups = sorted({clip.group for clip in clips})
    drawn = np.random.default_rng(recipe.seed).permutation(groups)
    count = round(recipe.validation_share * len(groups))
    held = set(recipe.validation_groups) | set(drawn[:count])
    held |= {clip.group for clip in clips if clip.kind.startswith("validation")}
    return (
        [clip for clip in clips if clip.group not in held],
        [clip for clip in clips if clip.group in held],
    )
