"""Mixture consistency: distributes what separation lost over the stems, so that they add up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.audio.buffers import allocate, block_ranges, blocks, release
from pipeline.audio.sound import Audio, peak
from pipeline.dsp.stft import Stft
from pipeline.stage import Tick, no_tick, part, share

FRAME_S = 0.085
BANDS = 24
BLOCK = 128  # frames processed at once
FLOOR_POWER = 1e-12  # -120 dBFS: below it all stems get the same share
ELSEWHERE = 1e-4  # weight of a stem's power in other bands; matters where no stem has power
MEASURED = 0.5  # share of the progress
NOTHING = 1e-6  # of the peak: below it the loss is rounding


def consistent(
    audio: Audio, stems: dict[str, Audio], tick: Tick = no_tick
) -> Iterator[tuple[str, Audio]]:
    """Yields (name, stem) with stems that add up to `audio`; takes each out of `stems` first.

    The lost part, input - sum of the stems, is distributed in proportion to each stem's power in
    the same frame and band; the shares sum to one in every bin. So a silent stem stays silent, and
    muting a stem mutes its share. Equal shares would put a quarter of all hiss into a silent stem;
    shares of the power in all bands would put cymbals into a bass.
    Source: Wisdom et al. 2019, "Differentiable consistency constraints for improved deep speech
    enhancement", eq. 4, with weights by power.

    Args:
        stems: name -> stem of the same rate and shape as `audio`, at least one.
        tick: receives the progress, of which each stem is a part; may raise to stop.
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
    distributing = share(tick, MEASURED, 1)
    for at, name in enumerate(names):
        distribution = Distribution(lost.samples, shares[at], stft, bands)
        yield name, distribution(stems.pop(name), part(distributing, at, len(names)))


def _lost(audio: Audio, stems: Mapping[str, Audio], tick: Tick) -> Audio:
    lost = allocate(audio.channels, audio.frames)
    for start, stop in blocks(audio.samples, lost, *(stem.samples for stem in stems.values())):
        lost[:, start:stop] = audio.samples[:, start:stop]
        for stem in stems.values():
            lost[:, start:stop] -= stem.samples[:, start:stop]
        tick(stop / audio.frames)
    return Audio(lost, audio.rate)


def _bands(bins: int) -> np.ndarray:
    """(F, BANDS) triangles around centres with increasing distances; each row sums to one."""
    place = np.log1p(np.arange(bins) / bins * 100) / np.log1p(100) * (BANDS - 1)
    distance = np.abs(place[:, None] - np.arange(BANDS))
    weights = np.maximum(1 - distance, 0)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def _shares(stems: Mapping[str, Audio], stft: Stft, bands: np.ndarray, tick: Tick) -> np.ndarray:
    """(K, BANDS, N) share of the lost part that each stem gets in a frame; sums to one over K."""
    first = next(iter(stems.values()))
    n_frames = stft.n_frames(first.frames)
    shares = allocate(len(stems) * BANDS, n_frames).reshape(len(stems), BANDS, n_frames)
    width = bands.sum(axis=0)
    for at, to in block_ranges(n_frames, BLOCK):
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
class Distribution:
    """Adds to a stem its share (BANDS, N) of the lost part, (C, T)."""

    lost: np.ndarray
    share: np.ndarray
    stft: Stft
    bands: np.ndarray

    def __call__(self, stem: Audio, tick: Tick = no_tick) -> Audio:
        out, done = allocate(stem.channels, stem.frames), 0
        n_frames = self.share.shape[1]
        for at, to in block_ranges(n_frames, BLOCK):
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
