"""The recording under diagnosis: what several findings need is measured once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from pipeline.analysis import mains_hum
from pipeline.analysis.band_spectrogram import BandSpectrogram, band_spectrogram
from pipeline.analysis.bandwidth import Band, filled_band
from pipeline.analysis.channel_statistics import SILENCE, ChannelStatistics, channel_statistics
from pipeline.analysis.mains_hum import Hum
from pipeline.analysis.noise_floor import Floor, measure
from pipeline.analysis.quantisation import Quantisation, quantisation
from pipeline.audio.containers import Info
from pipeline.audio.excerpts import spread_excerpts
from pipeline.audio.sound import Audio

Answer = TypeVar("Answer")


class Recording:
    """A recording and its measurements, each taken when it is first needed.

    Args:
        audio: the sound.
        info: of its file, where it came from one.
        kind: what the user says that it is, one of `models.card.CLASSES`.
    """

    def __init__(self, audio: Audio, info: Info | None = None, kind: str | None = None) -> None:
        self.audio, self.info, self.kind = audio, info, kind
        self._answers: dict[Callable[[Recording], Any], Any] = {}

    def ask(self, detector: Callable[[Recording], Answer]) -> Answer:
        """What a detector says of this recording; it runs only the first time."""
        if detector not in self._answers:
            self._answers[detector] = detector(self)
        answer: Answer = self._answers[detector]
        return answer

    @cached_property
    def excerpts(self) -> tuple[Audio, ...]:
        """Excerpts of every channel, evenly spread."""
        return spread_excerpts(self.audio)

    @cached_property
    def statistics(self) -> ChannelStatistics:
        """See `pipeline.analysis.channel_statistics`."""
        return channel_statistics(self.audio)

    @cached_property
    def silent(self) -> bool:
        """Whether every sample is below SILENCE."""
        return bool(max(self.statistics.high.max(), -self.statistics.low.min()) < SILENCE)

    @cached_property
    def loudest(self) -> int:
        """The channel with the most energy."""
        return int(np.argmax(np.diag(self.statistics.products)))

    @cached_property
    def mono(self) -> np.ndarray:
        """(T,) float32: the excerpts of the loudest channel, one after another."""
        return np.concatenate([excerpt.samples[self.loudest] for excerpt in self.excerpts])

    @cached_property
    def spectrogram(self) -> BandSpectrogram:
        """The coarse spectrogram of `mono`; see `pipeline.analysis.band_spectrogram`."""
        return band_spectrogram(self.mono, self.audio.rate)

    @property
    def band(self) -> Band:
        """See `pipeline.analysis.bandwidth.filled_band`."""
        return filled_band(self.audio)

    @property
    def edge_hz(self) -> float | None:
        """Where the spectrum ends; None at half the rate."""
        return self.band.edge_hz

    @cached_property
    def noise(self) -> Floor:
        """See `pipeline.analysis.noise_floor`."""
        return measure(self.audio)

    @cached_property
    def hum(self) -> Hum | None:
        """See `pipeline.analysis.mains_hum`; None where there is none."""
        return None if self.silent else mains_hum.find_hum(self.audio)

    @cached_property
    def quantisation(self) -> Quantisation | None:
        """See `pipeline.analysis.quantisation`; None where there is none coarse enough."""
        return None if self.silent else quantisation(self.audio)
