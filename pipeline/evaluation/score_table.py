"""Scores as a table: one row a metric, one column a sound, the best of each row marked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.audio.sound import Audio

if TYPE_CHECKING:
    from pipeline.evaluation.compare import Scores

LONGEST_S = 300.0


@dataclass(frozen=True)
class Metric:
    """A row of the table.

    Attributes:
        name: a field of `pipeline.evaluation.compare.Scores`.
        label: with its unit.
        digits: decimals.
        higher_is_better: else lower is.
        about: what it measures, in one sentence.
    """

    name: str
    label: str
    digits: int
    higher_is_better: bool
    about: str


METRICS = (
    Metric("snr_db", "SNR (dB)", 1, True, "Energy of the reference over that of the difference."),
    Metric(
        "seg_snr_db", "Segmental SNR (dB)", 1, True,
        "Mean SNR of frames of 30 ms, each limited to -10 to 35 dB.",
    ),
    Metric("si_sdr_db", "SI-SDR (dB)", 1, True, "An SNR for which the level does not matter."),
    Metric("lsd", "LSD", 3, False, "Log-spectral distance, in decades of power."),
    Metric("mel_db", "Mel distance (dB)", 2, False, "Mean difference of 80 mel bands."),
    Metric("stoi", "STOI", 3, True, "Intelligibility, at most 1; it is for speech only."),
)  # fmt: skip


def measured(sounds: Mapping[str, Audio], target: Audio) -> tuple[str, dict[str, Scores]]:
    """The scores of these sounds against their clean target, and how much of them was measured.

    Of a long recording the first `LONGEST_S` are measured: STOI needs all of it in memory.

    Returns:
        "" or ", first 5 minutes", and the scores by the sounds' names.

    Raises:
        AudioError: a sound and the target differ in channels or length.
    """
    from pipeline.evaluation.compare import compare

    first = beginning(target)
    extent = f", first {LONGEST_S / 60:g} minutes" if target.seconds > LONGEST_S else ""
    return extent, {name: compare(beginning(audio), first) for name, audio in sounds.items()}


def beginning(audio: Audio) -> Audio:
    """The first `LONGEST_S` of a sound."""
    return Audio(audio.samples[:, : round(LONGEST_S * audio.rate)], audio.rate)


def rows(columns: Mapping[str, Scores]) -> list[dict[str, Any]]:
    """A row for each of METRICS: its label, what it is, and (text, whether the best) a sound."""
    return [_row(metric, list(columns.values())) for metric in METRICS]


def _row(metric: Metric, scores: Sequence[Scores]) -> dict[str, Any]:
    values = [getattr(one, metric.name) for one in scores]
    texts = [text(value, metric.digits) for value in values]
    known = [value for value in values if not math.isnan(value)]
    best = (max if metric.higher_is_better else min)(known, default=math.nan)
    is_best = [value == best and len(set(texts)) > 1 for value in values]
    return {
        "label": metric.label,
        "about": metric.about,
        "way": "higher is better" if metric.higher_is_better else "lower is better",
        "cells": list(zip(texts, is_best, strict=True)),
    }


def text(value: float, digits: int) -> str:
    """A score as a table shows it."""
    if math.isnan(value):
        return "none"
    if math.isinf(value):
        return "equal" if value > 0 else "nothing alike"
    return f"{value:.{digits}f}"
