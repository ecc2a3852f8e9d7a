"""What a diagnosis is made of: a finding, and the recording it is about."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.analysis import bandwidth
from pipeline.analysis.band_spectrogram import Cells, cells
from pipeline.analysis.channel_statistics import Sweep, sweep
from pipeline.audio import excerpts
from pipeline.audio.containers import Info
from pipeline.audio.sound import Audio

SILENCE = 2.0**-24  # full scale is 1: half a step of 24 bits


@dataclass(frozen=True)
class Finding:
    """One thing that was measured.

    Attributes:
        name: stable name for programs, snake_case.
        value: the measurement; None where the recording has none (the loudness of silence).
        unit: of `value`; empty for a count or a word.
        confidence: 0 to 1, that what `text` says is so.
        text: one or two plain sentences for the person at the page.
        trouble: whether this is something wrong with the recording.
    """

    name: str
    value: float | str | None
    unit: str
    confidence: float
    text: str
    trouble: bool = False

    def as_dict(self) -> dict[str, float | str | None]:
        """The five keys of the command line's JSON; what is not finite becomes None."""
        value = self.value
        if isinstance(value, float):
            value = float(f"{value:.6g}") if math.isfinite(value) else None
        return {
            "name": self.name,
            "value": value,
            "unit": self.unit,
            "confidence": round(self.confidence, 2),
            "text": self.text,
        }


class Subject:
    """A recording under examination; what several findings need is measured once.

    Args:
        audio: the recording.
        info: of its file, where it came from one.
    """

    def __init__(self, audio: Audio, info: Info | None = None) -> None:
        self.audio, self.info = audio, info

    @cached_property
    def pieces(self) -> tuple[Audio, ...]:
        """Excerpts of every channel, evenly spread."""
        return excerpts.pieces(self.audio)

    @cached_property
    def loudest(self) -> int:
        """The channel with the most energy."""
        return int(np.argmax(np.diag(self.sweep.products)))

    @cached_property
    def mono(self) -> np.ndarray:
        """(T,) float32: the excerpts of the loudest channel, one after another."""
        return np.concatenate([piece.samples[self.loudest] for piece in self.pieces])

    @cached_property
    def cells(self) -> Cells:
        """See `pipeline.analysis.band_spectrogram`: of `mono`."""
        return cells(self.mono, self.audio.rate)

    @cached_property
    def levels(self) -> tuple[np.ndarray, float]:
        """See `bandwidth.band_levels`."""
        return bandwidth.band_levels(self.audio)

    @cached_property
    def edge_hz(self) -> float | None:
        """See `bandwidth.edge_hz`."""
        return bandwidth.edge_hz(*self.levels)

    @cached_property
    def sweep(self) -> Sweep:
        """See `pipeline.analysis.channel_statistics`."""
        return sweep(self.audio)

    @cached_property
    def silent(self) -> bool:
        """No sample is above half a step of 24 bits."""
        return max(self.sweep.high.max(), -self.sweep.low.min()) < SILENCE


def ramp(value: float, low: float, high: float) -> float:
    """0 at `low`, 1 at `high`, straight between and flat beyond: evidence as a confidence."""
    return float(np.clip((value - low) / (high - low), 0, 1))


def hertz(value: float) -> str:
    """A frequency for people: "50 Hz", "3.4 kHz"."""
    return f"{value:.0f} Hz" if value < 1000 else f"{value / 1000:.3g} kHz"
