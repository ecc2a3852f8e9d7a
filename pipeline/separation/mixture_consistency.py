"""Mixture consistency: what separation lost is given back to the stems, which then add up again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.audio.buffers import allocate, blocks, release, spans
from pipeline.audio.sound import Audio, peak
from pipeline.dsp.stft import Stft
from pipeline.stage import Tick, no_tick, part, share

FRAME_S = 0.085
BANDS = 24
BLOCK = 128  # frames handled at once
FLOOR_POWER = 1e-12  # -120 dBFS: below it all stems count the same
ELSEWHERE = 1e-4  # what a stem's power in all bands counts in one: decides where no stem has any
MEASURED = 0.5  # of the work
NOTHING = 1e-6  # of the peak: rounding, not a loss


def consistent(
    audio: Audio, stems: dict[str, Audio], tick: Tick = no_tick
) -> Iterator[tuple[str, Audio]]:
    """Yields (name, stem) with stems that add up to `audio`; takes each out of `stems` first.

    The missing part, input - sum of the stems, goes to each stem in proportion to the stem's power
    at that moment in that band, with shares that sum to one in every bin. Equal shares would be the
    least change of all, but would put a quarter of every hiss, and of all above the net's band,
    into a stem that is silent; and shares of the whole band's power would put cymbals into a bass.
    So a silent stem stays silent, and muting a stem mutes what was lost of it.
    Source: Wisdom et al. 2019, "Differentiable consistency constraints for improved deep speech
    enhancement", eq. 4, with weights by power.

    Args:
        stems: name -> stem of the same rate and shape as `audio`, at least one.
        tick: told the fraction done, of which each stem is a part; may raise to stop.
    """
    names = list(stems)
    lost = _lost(audio, stems, share(tick, 0, 0.1))
    if peak(lost) <= NOTHING * peak(audio):
        for name in names:
            yield name, stems.pop(name)
        return
    stft = Stft.of_rate(audio.rate, FRAME_S)
    bands = _bands(stft.bins)
    shares = _shares(stems, stft, bands, share(tick, 0.1, MEASURED))
    giving = share(tick, MEASURED, 1)
    for at, name in enumerate(names):
        back = GivingBack(lost.samples, shares[at], stft, bands)
        yield name, back(stems.pop(name), part(giving, at, len(names)))


def _lost(audio: Audio, stems: Mapping[str, Audio], tick: Tick) -> Audio:
    lost = allocate(audio.channels, audio.frames)
    for start, stop in blocks(audio.samples, lost, *(stem.samples for stem in stems.values())):
        lost[:, start:stop] = audio.samples[:, start:stop]
        for stem in stems.values():
            lost[:, start:stop] -= stem.samples[:, start:stop]
        tick(stop / audio.frames)
    return Audio(lost, audio.rate)


def _bands(bins: int) -> np.ndarray:
    """(F, BANDS): triangles around centres that lie apart by ever more; each row sums to one."""
    place = np.log1p(np.arange(bins) / bins * 100) / np.log1p(100) * (BANDS - 1)
    distance = np.abs(place[:, None] - np.arange(BANDS))
    weights = np.maximum(1 - distance, 0)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def _shares(stems: Mapping[str, Audio], stft: Stft, bands: np.ndarray, tick: Tick) -> np.ndarray:
    """(K, BANDS, N): how much of what was lost each stem gets in a frame; sums to one over K."""
    first = next(iter(stems.values()))
    n_frames = stft.n_frames(first.frames)
    shares = allocate(len(stems) * BANDS, n_frames).reshape(len(stems), BANDS, n_frames)
    width = bands.sum(axis=0)
    for at, to in spans(n_frames, BLOCK):
        power = np.empty((len(stems), BANDS, to - at), np.float32)
        for row, stem in zip(power, stems.values(), strict=True):
            spectra = stft.spectra(stem.samples, at, to)  # (C, N, F)
            row[:] = (np.square(np.abs(spectra)).sum(axis=0) @ bands / width).T
            release(stem.samples, max(stft.start(at), 0), max(stft.start(to), 0))
        power += ELSEWHERE * power.mean(axis=1, keepdims=True) + FLOOR_POWER
        shares[..., at:to] = power / power.sum(axis=0)
        tick(to / n_frames)
    return shares


@dataclass(frozen=True)
class GivingBack:
    """Gives a stem its share (BANDS, N) of what was lost, (C, T)."""

    lost: np.ndarray
    share: np.ndarray
    stft: Stft
    bands: np.ndarray

    def __call__(self, stem: Audio, tick: Tick = no_tick) -> Audio:
        out, done = allocate(stem.channels, stem.frames), 0
        n_frames = self.share.shape[1]
        for at, to in spans(n_frames, BLOCK):
            spectra = self.stft.spectra(self.lost, at, to)
            spectra *= self.share[:, at:to].T @ self.bands.T
            start = self.stft.start(at)
            added = self.stft.overlap_added(spectra)[:, max(-start, 0) : stem.frames - start]
            begin = max(start, 0)
            end = begin + added.shape[1]
            out[:, done:end] += stem.samples[:, done:end]
            out[:, begin:end] += added
            for array in (out, stem.samples, self.lost):
                release(array, begin, max(self.stft.start(to), begin))
            done = end
            tick(to / n_frames)
        return Audio(out, stem.rate)
