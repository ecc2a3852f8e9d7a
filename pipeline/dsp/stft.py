"""The STFT pair of the DSP stages, over sound of any length, block by block.

    frame 0   |--------|                 covers the first `hop` samples and zeros before them
    frame 1      |--------|
    frame 2         |--------|           hop is a quarter of n_fft: every sample lies in 4 frames
    sound           |=====================================|

Both windows are Hann's: side lobes that fall fast keep loud partials out of the gaps between them.
A stage computes the *change* of each frame: a frame that it does not change adds exact zeros.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.audio.buffers import allocate, blocks, release
from pipeline.audio.sound import Audio
from pipeline.dsp import framing
from pipeline.stage import Tick, no_tick

FRAME_S = 0.043  # 2048 samples at 44.1 and 48 kHz
OVERLAP = 4  # frames a sample lies in
BLOCK = 192  # frames worked on at once: a few MB, which stay in the cache

Change = Callable[[np.ndarray, int], "np.ndarray | None"]
"""`change(spectra, first)`: what to add to (C, N, F) spectra, `first` being the number of their
first frame; None for nothing."""


@dataclass(frozen=True)
class Stft:
    """Frames of `n_fft` samples, a quarter of that apart, cut with Hann's window.

    The window is scaled so that white noise of variance s has E|X|^2 = s in every bin.
    """

    n_fft: int

    @classmethod
    def of_rate(cls, rate: int, frame_s: float = FRAME_S) -> Stft:
        """The power of two nearest to `frame_s` seconds, at least 64 samples."""
        return cls(max(64, 1 << round(np.log2(rate * frame_s))))

    @property
    def hop(self) -> int:
        return self.n_fft // OVERLAP

    @property
    def bins(self) -> int:
        return self.n_fft // 2 + 1

    @cached_property
    def window(self) -> np.ndarray:
        """(n_fft,) float32, with squares that sum to one."""
        hann = np.sin(np.pi * np.arange(self.n_fft) / self.n_fft) ** 2
        return (hann / np.sqrt(np.square(hann).sum())).astype(np.float32)

    def n_frames(self, frames: int) -> int:
        """Frames that touch a sound of so many samples."""
        return -(-frames // self.hop) + OVERLAP - 1

    def start(self, frame: int) -> int:
        """The sample at which a frame begins; negative for the first ones."""
        return (frame - OVERLAP + 1) * self.hop

    def spectra(self, samples: np.ndarray, first: int, last: int, step: int = 1) -> np.ndarray:
        """(C, N, F) complex64 of every `step`-th frame from `first` to before `last`.

        Args:
            samples: (C, T); zeros are assumed before and after.
        """
        from scipy import fft

        begin, end = self.start(first), self.start(last - 1) + self.n_fft
        part = samples[:, max(begin, 0) : max(end, 0)]
        missing = (max(-begin, 0), end - max(begin, 0) - part.shape[1])
        if any(missing):
            part = np.pad(part, ((0, 0), missing))
        windows = framing.frames(part, self.n_fft, step * self.hop)
        return fft.rfft(windows * self.window, workers=1)  # (C, T) -> (C, N, F)

    def overlap_added(self, spectra: np.ndarray) -> np.ndarray:
        """(C, (N + 3) * hop): the frames (C, N, F) put together; the inverse of `spectra`."""
        from scipy import fft

        channels, count = spectra.shape[:2]
        scale = np.float32(1 / (OVERLAP * np.square(self.window).mean()))
        frames = fft.irfft(spectra, self.n_fft, workers=1)
        frames *= self.window * scale
        quarters = frames.reshape(channels, count, OVERLAP, self.hop)
        out = np.zeros((channels, count + OVERLAP - 1, self.hop), np.float32)
        for at in range(OVERLAP):
            out[:, at : at + count] += quarters[:, :, at]
        return out.reshape(channels, -1)


def modify(
    audio: Audio, stft: Stft, change: Change, *, context: int, tick: Tick = no_tick
) -> Audio:
    """`audio` plus the sound of `change` of its spectra; `audio` itself where nothing changes.

    Args:
        change: see `Change`; may look at the frames it is given and must not write to them.
        context: frames on either side that may influence the change of a frame.
        tick: called with the fraction done before the first and after every block.
    """
    out = None
    n_frames, tail = stft.n_frames(audio.frames), OVERLAP - 1
    tick(0.0)
    for first in range(0, n_frames - tail, BLOCK):
        last = min(first + BLOCK, n_frames - tail)  # (first, last): hops that are completed here
        left, right = max(first - context, 0), min(last + tail + context, n_frames)
        added = change(stft.spectra(audio.samples, left, right), left)
        start, stop = first * stft.hop, min(last * stft.hop, audio.frames)
        if added is not None and out is None:
            out = _copy(audio, start)
        if out is not None:
            out[:, start:stop] = audio.samples[:, start:stop]
            if added is not None:
                sound = stft.overlap_added(added[:, first - left : last + tail - left])
                out[:, start:stop] += sound[:, tail * stft.hop :][:, : stop - start]
            release(out, start, stop)
        release(audio.samples, start, max(stft.start(last - context), start))
        tick(stop / audio.frames)
    return audio if out is None else Audio(out, audio.rate)


def _copy(audio: Audio, frames: int) -> np.ndarray:
    out = allocate(audio.channels, audio.frames)
    for start, stop in blocks(out, audio.samples, frames=frames):
        out[:, start:stop] = audio.samples[:, start:stop]
    return out
