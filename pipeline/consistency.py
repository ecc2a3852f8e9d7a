"""Mixture consistency: what separation lost is given back to the stems, which then add up again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pipeline.audio import Audio, allocate, release, spans

FRAME_S = 0.05
FLOOR_POWER = 1e-12  # -120 dBFS: below it all stems count the same


def consistent(audio: Audio, stems: dict[str, Audio]) -> Iterator[tuple[str, Audio]]:
    """Yields (name, stem) with stems that add up to `audio`; takes each out of `stems` first.

    The missing part, input - sum of the stems, goes to each stem in proportion to the stem's power
    around that moment, with weights that sum to one at every sample. Equal parts would be the least
    change, but would put a quarter of all hiss and of all above the net's band into a stem that
    is silent there; by power a silent stem stays silent, and what is lost follows what it belonged
    to, so that muting a stem mutes its share.
    Source: Wisdom et al. 2019, "Differentiable consistency constraints for improved deep speech
    enhancement", eq. 4, with weights by power.

    Args:
        stems: name -> stem of the same rate and shape as `audio`, at least one.
    """
    names = list(stems)
    frame = max(round(FRAME_S * audio.rate), 1)
    lost = _lost(audio, stems)
    weights = _weights(np.stack([_power(stems[name], frame) for name in names]))
    for name, weight in zip(names, weights, strict=True):
        yield name, _given_back(stems.pop(name), lost, weight, frame)


def _lost(audio: Audio, stems: dict[str, Audio]) -> np.ndarray:
    lost = allocate(audio.channels, audio.frames)
    for start, stop in spans(audio.frames):
        lost[:, start:stop] = audio.samples[:, start:stop]
        for stem in stems.values():
            lost[:, start:stop] -= stem.samples[:, start:stop]
            release(stem.samples, start, stop)
        release(audio.samples, start, stop)
        release(lost, start, stop)
    return lost


def _power(stem: Audio, frame: int) -> np.ndarray:
    """Mean square of every frame, all channels together: (frames of the sound / frame, up)."""
    parts = []
    for start, stop in spans(stem.frames, 256 * frame):
        square = np.square(stem.samples[:, start:stop]).mean(axis=0)
        at = np.arange(0, stop - start, frame)
        parts.append(np.add.reduceat(square, at) / np.diff(np.append(at, stop - start)))
        release(stem.samples, start, stop)
    return np.concatenate(parts)


def _weights(power: np.ndarray) -> np.ndarray:
    """(K, N) power of stems -> (K, N) shares, smoothed over three frames, that sum to one."""
    padded = np.pad(power.astype(np.float64), ((0, 0), (1, 1)), mode="edge") + FLOOR_POWER
    smooth = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    return smooth / smooth.sum(axis=0)


def _given_back(stem: Audio, lost: np.ndarray, weight: np.ndarray, frame: int) -> Audio:
    """The stem with its share of what was lost; shares change linearly from frame to frame."""
    out = allocate(stem.channels, stem.frames)
    centres = (np.arange(len(weight)) + 0.5) * frame
    for start, stop in spans(stem.frames):
        share = np.interp(np.arange(start, stop) + 0.5, centres, weight).astype(np.float32)
        out[:, start:stop] = stem.samples[:, start:stop] + share * lost[:, start:stop]
        for array in (out, stem.samples, lost):
            release(array, start, stop)
    return Audio(out, stem.rate)
