"""`Audio`, the value that every part of the pipeline takes and returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.audio.buffers import blocks

LARGEST = 2.0**20
"""The largest magnitude of a sample, 120 dB above full scale; powers of it stay finite."""


class AudioError(ValueError):
    """A sound that cannot be read, held or written; the text says what is wrong and the cure."""


@dataclass(frozen=True, eq=False)
class Audio:
    """A sound: read-only float32 samples and their rate. Never clipped or rescaled silently.

    Attributes:
        samples: (channels, time), nominally in [-1, 1]; a long sound's is a memory-mapped file.
        rate: Hz.

    Raises:
        AudioError: (a ValueError) not 2-D, empty, not floating point, a sample that
            is not finite or beyond LARGEST, or no rate.
    """

    samples: np.ndarray
    rate: int

    def __post_init__(self) -> None:
        samples = self.samples
        if samples.ndim != 2 or not samples.size or samples.dtype.kind != "f":
            got = f"{samples.dtype} of shape {samples.shape}"
            raise AudioError(f"samples: got {got}, expected floats (channels, time), not empty")
        if self.rate != int(self.rate) or self.rate < 1:
            raise AudioError(f"rate: got {self.rate}, expected a whole number of Hz above 0")
        with np.errstate(over="ignore"):
            view = np.asarray(samples, np.float32).view()
        view.setflags(write=False)
        object.__setattr__(self, "samples", view)
        object.__setattr__(self, "rate", int(self.rate))
        _check_samples(self)

    @property
    def channels(self) -> int:
        return int(self.samples.shape[0])

    @property
    def frames(self) -> int:
        return int(self.samples.shape[1])

    @property
    def seconds(self) -> float:
        return self.frames / self.rate


def _check_samples(audio: Audio) -> None:
    """Raises `AudioError` for the first sample that is not finite or beyond LARGEST."""
    for start, stop in blocks(audio.samples):
        usable = np.abs(audio.samples[:, start:stop]) <= LARGEST  # false for NaN
        if not usable.all():
            channel, offset = np.argwhere(~usable)[0]
            at = start + int(offset)
            raise AudioError(
                f"got {audio.samples[channel, at]} in channel {channel} at {at / audio.rate:.3f} s"
                ", expected finite samples, usually between -1 and 1; export the sound again as "
                "normalised float or as integers"
            )


def peak(audio: Audio) -> float:
    """The largest magnitude of any sample; full scale is 1."""
    largest = 0.0
    for start, stop in blocks(audio.samples):
        block = audio.samples[:, start:stop]
        largest = max(largest, float(block.max()), -float(block.min()))
    return largest
