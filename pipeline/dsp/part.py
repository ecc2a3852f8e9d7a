"""A chain that restores one part of a sound and leaves the rest as it is."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from pipeline.audio.buffers import allocate, blocks
from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from pipeline.stage import Chain, Tick, no_tick

CONTEXT_S = 2.0
"""What the chain gets on either side of the part, at least."""

FADE_S = 0.02


@dataclass(frozen=True)
class PartChain(Chain):
    """Runs `inner` on the part from `start_s` to `end_s`, and fades it in and out inside.

    Outside the part the result is the sound itself, resampled where `inner` changes the rate.

    Attributes:
        inner: what runs; `stages` are its stages.
        start_s, end_s: of the part, in seconds.

    Raises:
        ValueError: the part is empty or not within the sound.
    """

    inner: Chain = field(default_factory=Chain)
    start_s: float = 0.0
    end_s: float = 0.0

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        """The sound with the part restored."""
        is_inside = 0 <= self.start_s < self.end_s <= audio.seconds + FADE_S
        if not (math.isfinite(self.end_s) and is_inside):
            raise ValueError(
                f"part: got {self.start_s} to {self.end_s} s, expected a part of 0 to "
                f"{audio.seconds:.3f} s; mark it again"
            )
        first = max(math.floor(self.start_s - CONTEXT_S), 0) * audio.rate  # on any rate's grid
        last = min(math.ceil((self.end_s + CONTEXT_S) * audio.rate), audio.frames)
        restored = self.inner(Audio(audio.samples[:, first:last], audio.rate), tick)
        whole = audio if restored.rate == audio.rate else resample(audio, restored.rate)
        return _joined(whole, restored, first // audio.rate * restored.rate, self)


def _joined(whole: Audio, restored: Audio, first: int, part: PartChain) -> Audio:
    """`whole` with the part of `restored`, whose first sample lies at `first`, faded over it."""
    samples = allocate(whole.channels, whole.frames)
    for start, stop in blocks(samples, whole.samples):
        samples[:, start:stop] = whole.samples[:, start:stop]
    start = round(part.start_s * whole.rate)
    stop = min(round(part.end_s * whole.rate), whole.frames, first + restored.frames)
    fade = min(round(FADE_S * whole.rate), (stop - start) // 2)
    ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(fade) + 0.5) / max(fade, 1))).astype(np.float32)
    for low, high in blocks(samples[:, start:stop]):
        weight = np.ones(high - low, np.float32)
        at = np.arange(low, high)
        rising, falling = at < fade, at >= stop - start - fade
        weight[rising] = ramp[at[rising]]
        weight[falling] = ramp[stop - start - 1 - at[falling]]
        into = samples[:, start + low : start + high]
        into += weight * (restored.samples[:, start + low - first : start + high - first] - into)
    return Audio(samples, whole.rate)
