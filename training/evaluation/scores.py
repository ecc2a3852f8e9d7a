"""Scores of restored validation cases, and their means."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pipeline.evaluation.metrics import lsd, mel_distance_db
from training.evaluation.cases import Case

CODEC_BAND_HZ = 12_000  # half the codec's sample rate


@dataclass(frozen=True)
class Scores:
    """Figures of one case, or the means over several.

    Args:
        score: the figure that decides; lower is better.
        figures: all figures by name.
        label: the damage of the case; empty for means.
        by_label: the mean figures of each damage, where there are several.
        losses: the run's loss terms by name; empty outside a run.
    """

    score: float
    figures: dict[str, float]
    label: str = ""
    by_label: dict[str, dict[str, float]] = field(default_factory=dict)
    losses: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The figures, "score", each loss term as "val_NAME", and "by_label" where there is one."""
        more = {"by_label": self.by_label} if self.by_label else {}
        losses = {f"val_{name}": value for name, value in self.losses.items()}
        return {**self.figures, "score": self.score, **losses, **more}

    def watched(self, name: str) -> float:
        """The figure or loss term of a name in `as_dict`; the score where the name is empty.

        Raises:
            ValueError: there is none of that name.
        """
        if not name:
            return self.score
        values = self.as_dict()
        if not isinstance(value := values.get(name), (int, float)):
            known = ", ".join(key for key in values if key != "by_label")
            raise ValueError(f"stop_on: got {name!r}, expected one of {known}")
        return float(value)


def mean_scores(rows: list[Scores]) -> Scores:
    """The means over one case or more."""
    labels = dict.fromkeys(row.label for row in rows)
    by_label = {
        label: _mean_figures([row for row in rows if row.label == label]) for label in labels
    }
    score = round(float(np.mean([row.score for row in rows])), 4)
    figures, losses = _mean_figures(rows), _means([row.losses for row in rows], digits=6)
    return Scores(score, figures, "", by_label if len(labels) > 1 else {}, losses)


def _mean_figures(rows: list[Scores]) -> dict[str, float]:
    return _means([row.figures for row in rows], digits=4)


def _means(rows: list[dict[str, float]], digits: int) -> dict[str, float]:
    """The mean of each name over the rows that have it."""
    names = dict.fromkeys(name for row in rows for name in row)
    values = {name: [row[name] for row in rows if name in row] for name in names}
    return {name: round(float(np.mean(some)), digits) for name, some in values.items()}


def score_band_limit(estimate: np.ndarray, case: Case, sample_rate: int) -> Scores:
    """Scores of one restored case, (T,).

    Returns:
        "lsd" (with the input's band below the cut-off put back), which decides; "lsd_16k" (up to
        16 kHz), "lsd_raw" (nothing put back), "lsd_input", and "energy_db" (level of the restored
        band over that of the clean one).
    """
    kept = keep_low_band(estimate, case.degraded, 0.98 * case.cutoff_hz / (sample_rate / 2))
    top = case.bandwidth_hz
    distance = lsd(kept, case.clean, sample_rate, 0, top)
    figures = {
        "lsd": distance,
        "lsd_16k": lsd(kept, case.clean, sample_rate, 0, min(16_000, top)),
        "lsd_raw": lsd(estimate, case.clean, sample_rate, 0, top),
        "lsd_input": lsd(case.degraded, case.clean, sample_rate, 0, top),
        "energy_db": _level_db(kept, case, sample_rate) - _level_db(case.clean, case, sample_rate),
    }
    return Scores(distance, figures, case.label)


def keep_low_band(estimate: np.ndarray, degraded: np.ndarray, share: float) -> np.ndarray:
    """`estimate` with the lowest share of its spectrum replaced by that of `degraded`."""
    ours, given = np.fft.rfft(estimate), np.fft.rfft(degraded)
    kept = int(share * len(ours))
    ours[:kept] = given[:kept]
    return np.fft.irfft(ours, len(estimate)).astype(np.float32)


def _level_db(x: np.ndarray, case: Case, sample_rate: int) -> float:
    """Level between 1.05 times the cut-off and 16 kHz."""
    power = np.abs(np.fft.rfft(x)) ** 2
    frequency = np.linspace(0, sample_rate / 2, len(power))
    band = (frequency > 1.05 * case.cutoff_hz) & (frequency < 16_000)
    return float(10 * np.log10(power[band].sum() + 1e-12))


def score_codec(estimate: np.ndarray, case: Case, sample_rate: int) -> Scores:
    """Scores of one case from a neural codec, (T,); nothing of the codec's output is put back.

    Returns:
        "lsd", which decides, "lsd_12k" and "mel_12k" (in dB) up to the codec's own band; each of
        the input too, as "lsd_input" and so on.
    """
    figures = {}
    top = min(CODEC_BAND_HZ, case.bandwidth_hz)
    for suffix, sound in (("_input", case.degraded), ("", estimate)):
        figures[f"lsd{suffix}"] = lsd(sound, case.clean, sample_rate, 0, case.bandwidth_hz)
        figures[f"lsd_12k{suffix}"] = lsd(sound, case.clean, sample_rate, 0, top)
        figures[f"mel_12k{suffix}"] = mel_distance_db(sound, case.clean, sample_rate, top)
    return Scores(figures["lsd"], figures, case.label)
