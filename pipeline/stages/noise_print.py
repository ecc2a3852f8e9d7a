"""The noise print: the spectrum of noise, measured in a part of a recording that holds only noise.

Source: Welch 1967, "The use of fast Fourier transform for the estimation of power spectra".
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Protocol, runtime_checkable

import numpy as np

from pipeline.audio.sound import Audio
from pipeline.dsp.stft import OVERLAP, Stft
from pipeline.stage import Chain, Stage

SHORTEST_S = 0.1
AT_ONCE = 192  # frames
CONTEXT_S = 1.0  # that the stages before get on either side of the part


@runtime_checkable
class TakesNoisePrint(Protocol):
    """A stage that can measure the noise in a part of its input."""

    noise_print: np.ndarray | None

    @property
    def noise_span_s(self) -> tuple[float, float] | None:
        """(start, end) of the part in seconds; an infinite end is that of the sound."""


def measured(audio: Audio, stft: Stft, start_s: float, end_s: float) -> np.ndarray:
    """(C, F) float32: the mean power of every frame that lies within the part.

    The unit is that of |X|^2 of `stft`: white noise of variance s has s in every bin.

    Args:
        start_s, end_s: of the part; an infinite end is that of the sound.

    Raises:
        ValueError: the part is too short, or does not lie within the sound.
    """
    start, stop = _samples(audio, start_s, end_s)
    first = -(-start // stft.hop) + OVERLAP - 1  # frames that begin at `start` or later
    last = max((stop - stft.n_fft) // stft.hop + OVERLAP, first + 1)
    total = np.zeros((audio.channels, stft.bins))
    for at in range(first, last, AT_ONCE):
        spectra = stft.spectra(audio.samples, at, min(at + AT_ONCE, last))
        total += (spectra.real**2 + spectra.imag**2).sum(axis=1, dtype=np.float64)
    return (total / (last - first)).astype(np.float32)


def _samples(audio: Audio, start_s: float, end_s: float) -> tuple[int, int]:
    last_s = audio.seconds if math.isinf(end_s) else end_s
    if not (start_s >= 0 and start_s + SHORTEST_S <= last_s <= audio.seconds + 0.01):
        raise ValueError(
            f"noise print: got {start_s:g} to {last_s:g} s, expected at least {SHORTEST_S} s of "
            f"the recording's 0 to {audio.seconds:.2f} s; mark the noise again"
        )
    return round(start_s * audio.rate), min(round(last_s * audio.rate), audio.frames)


def with_noise_prints(chain: Chain, audio: Audio) -> Chain:
    """The chain with every noise print measured: for a run over an excerpt of the recording.

    The stages before one with a print run on the part with the noise alone, and a second around it.

    Args:
        audio: the whole recording.

    Raises:
        ValueError: a part is too short, or does not lie within the recording.
    """
    stages: list[Stage] = []
    for stage in chain.stages:
        if isinstance(stage, TakesNoisePrint) and stage.noise_span_s is not None:
            stages.append(_measured(stage, Chain(tuple(stages)), audio))
        else:
            stages.append(stage)
    return Chain(tuple(stages))


def _measured(stage: Any, before: Chain, audio: Audio) -> Stage:
    """The stage with the noise that `before` leaves in its part of the recording."""
    start, stop = _samples(audio, *stage.noise_span_s)
    first = max(math.floor(start / audio.rate - CONTEXT_S), 0) * audio.rate
    last = min(stop + round(CONTEXT_S * audio.rate), audio.frames)
    part = before(Audio(audio.samples[:, first:last], audio.rate))
    span_s = [(at - first) / audio.rate for at in (start, stop)]
    power = measured(part, Stft.of_rate(part.rate), *span_s)
    ready: Stage = dataclasses.replace(stage, noise_print=power)
    return ready
