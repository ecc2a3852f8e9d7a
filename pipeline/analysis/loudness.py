"""Loudness and true peak after ITU-R BS.1770-4, block by block: any length in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pipeline.analysis.once import once_per_sound
from pipeline.audio.buffers import blocks, copied
from pipeline.audio.sound import Audio
from pipeline.stage import Tick, no_tick

WEIGHTS = {  # of channels, by their number, in the usual file order; LFE does not count
    5: (1, 1, 1, 1.41, 1.41),  # L R C Ls Rs
    6: (1, 1, 1, 0, 1.41, 1.41),  # L R C LFE Ls Rs
    7: (1, 1, 1, 0, 1.41, 1.41, 1.41),
    8: (1, 1, 1, 0, 1.41, 1.41, 1.41, 1.41),
}
STEPS_AT_ONCE = 100  # of 100 ms each
OVERSHOOT = (
    3.0  # a 4x oversampled value exceeds its neighbourhood's largest sample at most so often
)
MARGIN = 256  # samples of real neighbourhood around a block that is oversampled


@once_per_sound
def integrated_lufs(audio: Audio, tick: Tick = no_tick) -> float | None:
    """Gated loudness in LUFS; None where nothing lasts 400 ms above the gate of -70 LUFS.

    Source: ITU-R BS.1770-4, annex 1; the filters of other rates than 48 kHz after De Man 2014,
    which pyloudnorm calls "DeMan". Channels 4 (quadraphonic) and fewer count alike.
    """
    if audio.seconds < 0.4:
        return None
    energy = np.concatenate(list(_step_energies(audio, tick)), axis=1)
    weights = np.array(WEIGHTS.get(audio.channels, (1,) * audio.channels), dtype=float)
    total = weights @ energy  # of each 100 ms step
    blocks = total[:-3] + total[1:-2] + total[2:-1] + total[3:]  # mean squares of 400 ms
    loud = blocks[blocks > _power(-70)]
    if loud.size:
        loud = loud[loud > loud.mean() * 0.1]  # relative gate, -10 LU
    return _lufs(loud.mean()) if loud.size else None


@once_per_sound
def true_peak_dbtp(audio: Audio, tick: Tick = no_tick) -> float:
    """Largest magnitude between and at the samples, in dBTP; -inf for silence.

    Source: ITU-R BS.1770-4, annex 2: four times oversampled (twice from 96 kHz, not from 192 kHz).
    Only blocks that can hold the largest value are oversampled.
    """
    import soxr

    factor = 4 if audio.rate < 96_000 else 2 if audio.rate < 192_000 else 1
    size = max(audio.rate, 8192)
    peaks = np.zeros(-(-audio.frames // size))
    for start, stop in blocks(audio.samples, size=size):
        peaks[start // size] = np.abs(audio.samples[:, start:stop]).max()
        tick(start / audio.frames)
    best = float(peaks.max())
    nearby = np.maximum(peaks, np.maximum(np.append(peaks[1:], 0), np.append(0, peaks[:-1])))
    for index in np.argsort(-nearby, kind="stable"):
        if factor == 1 or nearby[index] * OVERSHOOT <= best:
            break
        tick(1.0)
        part = _around(audio, int(index) * size, size)
        for channel in part:
            finer = soxr.resample(channel, audio.rate, factor * audio.rate, "HQ")
            inner = finer[factor * MARGIN : -factor * MARGIN]
            best = max(best, float(np.abs(inner).max(initial=0)))
    return float(20 * np.log10(best)) if best else float("-inf")


def _step_energies(audio: Audio, tick: Tick) -> Iterator[np.ndarray]:
    """Yields (C, steps): K-weighted energy of 100 ms steps over the samples of 400 ms."""
    from scipy.signal import sosfilt

    sections = k_weighting(audio.rate)
    state = np.zeros((2, audio.channels, 2))
    n_steps = audio.frames * 10 // audio.rate
    for first in range(0, n_steps, STEPS_AT_ONCE):
        steps = np.arange(first, min(first + STEPS_AT_ONCE, n_steps) + 1)
        edges = np.round(steps * audio.rate / 10).astype(int)
        block = copied(audio.samples, edges[0], edges[-1]).astype(np.float64)
        block, state = sosfilt(sections, block, axis=1, zi=state)
        energy = np.add.reduceat(block**2, edges[:-1] - edges[0], axis=1)
        yield energy / (0.4 * audio.rate)
        tick(edges[-1] / audio.frames)


def k_weighting(rate: int) -> np.ndarray:
    """(2, 6) second-order sections: the shelf of the head, then the high-pass."""
    shelf_k, shelf_q = np.tan(np.pi * 1681.9744509555319 / rate), 0.7071752369554193
    high = 10 ** (3.99984385397 / 20)
    middle = high**0.499666774155
    shelf = _section(
        (high + middle * shelf_k / shelf_q + shelf_k**2, 2 * (shelf_k**2 - high),
         high - middle * shelf_k / shelf_q + shelf_k**2), shelf_k, shelf_q,
    )  # fmt: skip
    pass_k, pass_q = np.tan(np.pi * 38.13547087613982 / rate), 0.5003270373253953
    high_pass = _section((1, -2, 1), pass_k, pass_q)
    high_pass[:3] = (1, -2, 1)  # the recommendation leaves the numerator without the common factor
    return np.stack((shelf, high_pass))


def _section(numerator: tuple[float, ...], k: float, q: float) -> np.ndarray:
    scale = 1 + k / q + k * k
    return np.array([*(b / scale for b in numerator), 1, 2 * (k * k - 1) / scale,
                     (1 - k / q + k * k) / scale])  # fmt: skip


def _around(audio: Audio, start: int, size: int) -> np.ndarray:
    """(C, MARGIN + block + MARGIN): a block with its neighbourhood, zeros beyond the ends."""
    first, last = max(start - MARGIN, 0), min(start + size + MARGIN, audio.frames)
    before = MARGIN - (start - first)
    after = MARGIN - (last - min(start + size, audio.frames))
    return np.pad(copied(audio.samples, first, last), ((0, 0), (before, after)))


def _lufs(power: float) -> float:
    return float(-0.691 + 10 * np.log10(power))


def _power(lufs: float) -> float:
    return 10 ** ((lufs + 0.691) / 10)
