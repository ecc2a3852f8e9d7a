"""What is measured of each version: against the reference, of the sound itself, and its time."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline.analysis.bandwidth import effective_bandwidth_hz
from pipeline.analysis.loudness import integrated_lufs
from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from pipeline.evaluation import score_table
from ui.components.formatting import hertz

if TYPE_CHECKING:
    from pipeline.evaluation.compare import Scores

HIGHER, LOWER, NEITHER = "higher", "lower", ""


@dataclass(frozen=True)
class Measures:
    """The measurements of one version; None or nan where there is none.

    Attributes:
        scores: against the reference.
        bandwidth_hz: up to where there is sound.
        lufs: integrated loudness.
        change_db: energy of the difference to the input over that of the input.
        dnsmos: predicted opinion of speech, 1 to 5.
        seconds_taken: by the recipe, without loading its networks.
        times_real_time: seconds of sound restored in a second.
    """

    scores: Scores | None
    bandwidth_hz: float
    lufs: float | None
    change_db: float | None
    dnsmos: float | None
    seconds_taken: float | None
    times_real_time: float | None


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Attributes:
        name: in the CSV file, with its unit.
        label: on the page.
        about: what it measures, in one sentence.
        better: HIGHER, LOWER or NEITHER.
        value: its number.
        text: how the page shows it.
    """

    name: str
    label: str
    about: str
    better: str
    value: Callable[[Measures], float | None]
    text: Callable[[float], str]


def _fixed(digits: int, ending: str = "") -> Callable[[float], str]:
    return lambda value: f"{score_table.text(value, digits)}{ending}"


def _score(metric: score_table.Metric) -> Column:
    def value(measures: Measures) -> float | None:
        return getattr(measures.scores, metric.name) if measures.scores else None

    better = HIGHER if metric.higher_is_better else LOWER
    text = partial(score_table.text, digits=metric.digits)
    return Column(metric.name, metric.label, metric.about, better, value, text)


AGAINST_REFERENCE = tuple(map(_score, score_table.METRICS))

OF_THE_SOUND = (
    Column(
        "bandwidth_hz", "Bandwidth", "Up to where there is sound.", NEITHER,
        lambda one: one.bandwidth_hz, hertz,
    ),
    Column(
        "lufs", "Loudness (LUFS)", "Integrated loudness, ITU-R BS.1770.", NEITHER,
        lambda one: one.lufs, _fixed(1),
    ),
    Column(
        "change_db", "Change (dB)", "Energy of the difference to the input over that of the input.",
        NEITHER, lambda one: one.change_db, lambda db: "none" if db == -math.inf else f"{db:.1f}",
    ),
    Column(
        "dnsmos", "DNSMOS", "Predicted opinion of speech, 1 to 5; meaningless for music.", HIGHER,
        lambda one: one.dnsmos, _fixed(2),
    ),
    Column(
        "seconds_taken", "Time (s)", "What the recipe took, its networks already loaded.", LOWER,
        lambda one: one.seconds_taken, _fixed(2),
    ),
    Column(
        "times_real_time", "Speed", "Seconds of sound restored in a second.", HIGHER,
        lambda one: one.times_real_time, _fixed(1, "\u00d7"),
    ),
)  # fmt: skip


def measure(
    audio: Audio, before: Audio | None, reference: Audio | None, seconds_taken: float | None
) -> Measures:
    """Measures a version.

    Args:
        before: the input; None where `audio` is the input itself.
        reference: the clean take, where there is one.
        seconds_taken: by its recipe.

    Raises:
        AudioError: the reference has other channels or another length.
    """
    return Measures(
        scores=_scores(audio, reference) if reference else None,
        bandwidth_hz=effective_bandwidth_hz(audio),
        lufs=integrated_lufs(audio),
        change_db=change_db(before, audio) if before else None,
        dnsmos=_dnsmos(audio),
        seconds_taken=seconds_taken,
        times_real_time=audio.seconds / seconds_taken if seconds_taken else None,
    )


def _scores(audio: Audio, reference: Audio) -> Scores:
    _, scores = score_table.measured({"": audio}, reference)
    return scores[""]


def change_db(before: Audio, after: Audio) -> float:
    """Energy of the difference over that of `before`, in dB, at the higher of the two rates."""
    from pipeline.evaluation.metrics import snr_db

    rate = max(before.rate, after.rate)
    old, new = (one if one.rate == rate else resample(one, rate) for one in (before, after))
    frames = min(old.frames, new.frames)
    return -snr_db(new.samples[:, :frames], old.samples[:, :frames])


def has_dnsmos() -> bool:
    """Whether the predictor of opinions is installed."""
    return importlib.util.find_spec("speechmos") is not None


def _dnsmos(audio: Audio) -> float | None:
    from pipeline.evaluation import dnsmos

    if not has_dnsmos() or audio.seconds < dnsmos.SHORTEST_S:
        return None
    return dnsmos.dnsmos(score_table.beginning(audio)).overall


def columns(measured: Sequence[Measures], group: Sequence[Column]) -> list[Column]:
    """Those of the columns in which anything was measured."""
    return [one for one in group if any(_number(one.value(row)) is not None for row in measured)]


def cells(measured: Sequence[Measures], column: Column) -> list[tuple[str, bool]]:
    """The texts of a column, and whether each is the best; none is where all are equal."""
    values = [_number(column.value(row)) for row in measured]
    texts = ["\u2013" if value is None else column.text(value) for value in values]
    known = [value for value in values if value is not None]
    shown = {text for text, value in zip(texts, values, strict=True) if value is not None}
    if column.better == NEITHER or len(shown) < 2:
        return [(text, False) for text in texts]
    best = (max if column.better == HIGHER else min)(known)
    best_text = column.text(best)
    return [(text, text == best_text) for text in texts]


def _number(value: Any) -> float | None:
    return None if value is None or math.isnan(value) else float(value)
