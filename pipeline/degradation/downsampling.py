"""Sound of a lower sample rate, brought back to its own: what super-resolution starts from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.audio.sound import Audio
from pipeline.degradation.effects import fit, resampled
from pipeline.dsp.kaiser import doubled
from pipeline.knobs import check_knobs, knob
from pipeline.stage import Tick, no_tick

LOW_RATE = 16_000  # Hz
LOW_PASS_HZ = 4800.0  # 0.6 of that rate's Nyquist frequency
FILTERS = ("none", "zero phase", "causal")


@dataclass(frozen=True)
class HalfRate:
    """Half the sample rate, and back by Kaiser's fast filter, as a thesis on upsampling does."""

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        low = resampled(audio.samples, audio.rate, audio.rate / 2, "VHQ")
        return Audio(fit(doubled(low), audio.frames), audio.rate)


@dataclass(frozen=True)
class LowRate:
    """16 kHz and back, then a low-pass of second order (Q 0.707) at 4.8 kHz.

    The causal filter delays the sound a little; run both ways at once it has the same magnitude
    without delay. Source: Cukaj and Corsi 2025, section 3.2, and the authors' code.
    """

    low_pass: str = knob("zero phase", choices=FILTERS, help="Kind of the low-pass filter.")

    def __post_init__(self) -> None:
        check_knobs(self)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        low = resampled(audio.samples, audio.rate, LOW_RATE, "VHQ")
        back = fit(resampled(low, LOW_RATE, audio.rate, "VHQ"), audio.frames)
        if self.low_pass == "causal":
            back = _causal(back, audio.rate)
        elif self.low_pass == "zero phase":
            back = _zero_phase(back, audio.rate)
        return Audio(np.ascontiguousarray(back, dtype=np.float32), audio.rate)


def _causal(x: np.ndarray, rate: int) -> np.ndarray:
    from scipy import signal

    return signal.sosfilt(signal.butter(2, LOW_PASS_HZ, output="sos", fs=rate), x)


def _zero_phase(x: np.ndarray, rate: int) -> np.ndarray:
    """A filter of first order forwards and backwards, widened to -3 dB at the same frequency.

    Its magnitude falls by 12 dB per octave, as the causal one's.
    """
    from scipy import signal

    corner_hz = _corner_hz(rate)
    design = signal.butter(1, corner_hz, output="sos", fs=rate)
    return signal.sosfiltfilt(design, x, padlen=min(x.shape[-1] - 1, 512))


def _corner_hz(rate: int) -> float:
    """Corner of a first-order filter that has -1.5 dB at `LOW_PASS_HZ`.

    Its square then has -3 dB there. With w = tan(pi f / rate): 1 / (1 + (w / w_c)^2) = 0.5^0.5.
    """
    at = np.tan(np.pi * LOW_PASS_HZ / rate) / np.sqrt(np.sqrt(2) - 1)
    return float(np.arctan(at) / np.pi * rate)
