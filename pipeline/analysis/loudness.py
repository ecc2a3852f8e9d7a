"""Loudness and true peak after ITU-R BS.1770-4, block by block: any length in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pipeline.analysis.once import once_per_sound
from pipeline.audio.buffers import blocks, copied
from pipeline.audio.sound import Audio
from pipeline.dsp import framing
from pipeline.stage import Tick, no_tick

WEIGHTS = {  # of channels, by their number, in the usual file order; LFE does not count
    5: (1, 1, 1, 1.41, 1.41),  # L R C Ls Rs
    6: (1, 1, 1, 0, 1.41, 1.41),  # L R C LFE Ls Rs
    7: (1, 1, 1, 0, 1.41, 1.41, 1.41),
    8: (1, 1, 1, 0, 1.41, 1.41, 1.41, 1.41),
}
STEPS = 10  # in a second: energy is summed over 100 ms
SECONDS_AT_ONCE = 16
DECAY_S = 0.2  # after which the impulse response of the weighting is below -200 dB
PEAK_BLOCK = 1024  # samples whose largest one decides whether they are oversampled
OVERSHOOT = (
    3.0  # a 4x oversampled value exceeds its neighbourhood's largest sample at most so often
)
MARGIN = 256  # samples of real neighbourhood around a block that is oversampled
FIRST_BLOCKS = 16  # the loudest ones, whose true peak decides which others can hold a larger one
PEAK_BLOCKS_AT_ONCE = 128


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
    factor = 4 if audio.rate < 96_000 else 2 if audio.rate < 192_000 else 1
    peaks = np.concatenate(list(_block_peaks(audio, tick)))
    best = float(peaks.max())
    if factor == 1 or not best:
        return float(20 * np.log10(best)) if best else float("-inf")
    nearby = np.maximum(peaks, np.maximum(np.append(peaks[1:], 0), np.append(0, peaks[:-1])))
    is_first = nearby >= np.sort(nearby)[-FIRST_BLOCKS:][0]
    for is_next in (is_first, ~is_first):
        chosen = np.flatnonzero(is_next & (nearby * OVERSHOOT > best))
        for first in range(0, len(chosen), PEAK_BLOCKS_AT_ONCE):
            tick(1.0)
            some = chosen[first : first + PEAK_BLOCKS_AT_ONCE]
            best = max(best, _oversampled_peak(audio, some, factor))
    return float(20 * np.log10(best))


def _block_peaks(audio: Audio, tick: Tick) -> Iterator[np.ndarray]:
    """Yields (blocks,): the largest magnitude of each PEAK_BLOCK of any channel."""
    for start, stop in blocks(audio.samples):
        magnitude = np.abs(audio.samples[:, start:stop])
        yield np.maximum.reduceat(magnitude, np.arange(0, stop - start, PEAK_BLOCK), 1).max(axis=0)
        tick(start / audio.frames)


def _oversampled_peak(audio: Audio, chosen: np.ndarray, factor: int) -> float:
    """The largest magnitude between the samples of some blocks, in rising order."""
    import soxr

    runs = np.split(chosen, np.flatnonzero(np.diff(chosen) > 1) + 1)  # of neighbouring blocks
    parts = [_around(audio, int(run[0]) * PEAK_BLOCK, len(run) * PEAK_BLOCK) for run in runs]
    ends = np.cumsum([part.shape[1] for part in parts])
    inner = [
        slice(factor * (end - part.shape[1] + MARGIN), factor * (end - MARGIN))
        for part, end in zip(parts, ends, strict=True)
    ]
    best = 0.0
    for channel in np.concatenate(parts, axis=1):  # one call for all: each sets up a filter
        finer = soxr.resample(channel, audio.rate, factor * audio.rate, "HQ")
        best = max(best, *(float(np.abs(finer[some]).max(initial=0)) for some in inner))
    return best


def _step_energies(audio: Audio, tick: Tick) -> Iterator[np.ndarray]:
    """Yields (C, steps): K-weighted energy of 100 ms steps over the samples of 400 ms.

    Second by second, each with what sounded before it, filtered by its spectrum.
    """
    from scipy import fft

    rate, n_steps = audio.rate, audio.frames * STEPS // audio.rate
    lead = round(DECAY_S * rate)
    size = fft.next_fast_len(lead + rate, real=True)
    response = k_response(rate, size)
    edges = np.round(np.arange(STEPS) * rate / STEPS).astype(int)
    for first in range(0, n_steps, STEPS * SECONDS_AT_ONCE):
        seconds = -(-min(n_steps - first, STEPS * SECONDS_AT_ONCE) // STEPS)
        start = first // STEPS * rate
        sound = _padded(audio, start - lead, start + seconds * rate)
        spectrum = fft.rfft(framing.frames(sound, lead + rate, rate), size)
        weighted = fft.irfft(spectrum * response, size)[..., lead : lead + rate]
        energy = np.add.reduceat(weighted**2, edges, axis=2, dtype=np.float64)  # (C, seconds, 10)
        yield energy.reshape(audio.channels, -1)[:, : n_steps - first] / (0.4 * rate)
        tick(min(start + seconds * rate, audio.frames) / audio.frames)


def k_response(rate: int, size: int) -> np.ndarray:
    """(size // 2 + 1,) complex64 frequency response of the weighting."""
    delay = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    powers = delay[:, None] ** np.arange(3)
    sections = k_weighting(rate)
    responses = (powers @ sections[:, :3].T) / (powers @ sections[:, 3:].T)
    return responses.prod(axis=1).astype(np.complex64)


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
    """(C, MARGIN + size + MARGIN): blocks with their neighbourhood, zeros beyond the ends."""
    return _padded(audio, start - MARGIN, start + size + MARGIN)


def _padded(audio: Audio, start: int, stop: int) -> np.ndarray:
    """(C, stop - start): the samples, and zeros beyond the ends."""
    first, last = max(start, 0), min(stop, audio.frames)
    return np.pad(copied(audio.samples, first, last), ((0, 0), (first - start, stop - last)))


def _lufs(power: float) -> float:
    return float(-0.691 + 10 * np.log10(power))


def _power(lufs: float) -> float:
    return 10 ** ((lufs + 0.691) / 10)
