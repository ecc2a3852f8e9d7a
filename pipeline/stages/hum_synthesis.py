"""The waveform of mains hum, from its frequency and the amplitude and phase of each harmonic.

sound at 4 kHz -- times exp(-2 pi i k f t), 0.2 s Hann --> z_k, ten a second
z_k --> f(t), common to all harmonics --> z_k times exp(-i k phase) --> mean over 4 s: A_k
hum = sum over k of 2 Re(A_k exp(2 pi i k f t))
"""

from __future__ import annotations

import numpy as np

from pipeline.analysis.mains_hum import Hum
from pipeline.audio.buffers import allocate, blocks, copied
from pipeline.audio.sound import Audio
from pipeline.dsp import framing
from pipeline.stage import Tick

BLOCKS_A_SECOND = 10
MEAN_BLOCKS = 41  # over which an amplitude is averaged: 4 s, a notch of 0.25 Hz
FOLLOW_BLOCKS, FOLLOW_STEP, FOLLOW_HZ = 40, 10, 0.3
FOLLOW_N_FFT = 512
LEVEL_LIMIT = 1.5  # of an amplitude over its median: the level of hum is steady
AT_ONCE = 256  # blocks


def hum_wave(low: Audio, hum: Hum, margin: int, tick: Tick) -> np.ndarray:
    """(C, margin + T + margin) float32: the hum in `low`, continued before and after it.

    Args:
        low: of a rate that is a multiple of ten and above twice the highest harmonic.
        margin: samples, a multiple of a tenth of the rate.
    """
    hop = low.rate // BLOCKS_A_SECOND
    phasors = _demodulated(low, hum, hop, tick)
    phase = _phase(phasors, hum)
    order = np.array(hum.harmonics)
    turned = phasors * np.exp(-1j * phase[:, None] * order)
    amplitude = _steady(turned.astype(np.complex64))
    extra = margin // hop
    amplitude = np.pad(amplitude, ((0, 0), (extra, extra + 1), (0, 0)), mode="edge")
    phase = np.pad(phase, (extra, extra + 1), mode="edge")
    return _synthesised(amplitude, phase, hum, low.rate, margin, low.frames + 2 * margin)


def _demodulated(low: Audio, hum: Hum, hop: int, tick: Tick) -> np.ndarray:
    """(C, N, K) complex64: half the amplitude, and the phase, of harmonic k at sample n * hop."""
    window = np.hanning(2 * hop + 1)[:-1]
    at = np.arange(2 * hop) / low.rate
    turn = -2j * np.pi * hum.hz * np.array(hum.harmonics)
    kernel = (window[:, None] * np.exp(turn * at[:, None])).astype(np.complex64)
    count = low.frames // hop + 1
    phasors = np.zeros((low.channels, count, len(hum.harmonics)), np.complex64)
    for first in range(0, count, AT_ONCE):
        last = min(first + AT_ONCE, count)
        start, stop = (first - 1) * hop, last * hop
        part = copied(low.samples, max(start, 0), stop)
        missing = (max(-start, 0), stop - max(start, 0) - part.shape[1])
        part = np.pad(part, ((0, 0), missing))
        inside = np.pad(np.ones(min(stop, low.frames) - max(start, 0)), missing)
        frames = framing.frames(part, 2 * hop, hop)
        weight = framing.frames(inside, 2 * hop, hop) @ window
        began = ((np.arange(first, last) - 1) * hop / low.rate)[:, None]
        scale = np.exp(turn * began) / np.maximum(weight, 1e-3)[:, None]
        phasors[:, first:last] = (frames @ kernel) * scale
        tick(last / count)
    return phasors


def _phase(phasors: np.ndarray, hum: Hum) -> np.ndarray:
    """(N,) phase of the fundamental relative to its mean frequency, in radians, at every block."""
    count = phasors.shape[1]
    if count < FOLLOW_BLOCKS:
        return np.zeros(count)
    starts = np.arange(0, count - FOLLOW_BLOCKS + 1, FOLLOW_STEP)
    tries = np.linspace(-FOLLOW_HZ, FOLLOW_HZ, 61)
    step_hz = BLOCKS_A_SECOND / FOLLOW_N_FFT
    window = np.hanning(FOLLOW_BLOCKS + 2)[1:-1, None]
    offsets = np.array([_offset(phasors[:, at : at + FOLLOW_BLOCKS] * window, hum, tries, step_hz)
                        for at in starts])  # fmt: skip
    reach = np.pad(offsets, 2, mode="edge")
    smooth = np.median(framing.frames(reach, 5), axis=1)
    hz = np.interp(np.arange(count), starts + (FOLLOW_BLOCKS - 1) / 2, smooth)
    turns = np.concatenate([[0.0], np.cumsum((hz[1:] + hz[:-1]) / 2)]) / BLOCKS_A_SECOND
    return 2 * np.pi * turns


def _offset(part: np.ndarray, hum: Hum, tries: np.ndarray, step_hz: float) -> float:
    """The deviation in Hz, among `tries`, at which the harmonics (C, blocks, K) are strongest."""
    from scipy import fft

    power = np.square(np.abs(fft.fft(part, FOLLOW_N_FFT, axis=1))).sum(axis=0)  # (F, K)
    score = np.zeros(len(tries))
    for index, k in enumerate(hum.harmonics):
        bins = np.round(k * tries / step_hz).astype(int)
        near = np.abs(bins) < FOLLOW_N_FFT // 2
        over = power[:, index] / (np.median(power[:, index]) + 1e-20)
        score += np.where(near, np.log1p(over[np.where(near, bins, 0)]), 0)
    return float(tries[int(np.argmax(score))])


def _steady(phasors: np.ndarray) -> np.ndarray:
    """(C, N, K) means over MEAN_BLOCKS, with less weight for blocks that are louder than usual."""
    from scipy.ndimage import convolve1d

    power = np.square(np.abs(phasors))
    usual = np.quantile(power, 0.25, axis=1, keepdims=True) + np.float32(1e-14)
    weight = usual / (power + usual)
    kernel = np.hanning(MEAN_BLOCKS + 2)[1:-1]
    total = convolve1d(weight, kernel, axis=1, mode="constant")
    real, imaginary = (
        convolve1d(weight * part, kernel, axis=1, mode="constant") / total
        for part in (phasors.real, phasors.imag)
    )
    mean = real + 1j * imaginary
    level = np.abs(mean)
    limit = LEVEL_LIMIT * np.median(level, axis=1, keepdims=True)
    return (mean * np.minimum(1, limit / np.maximum(level, 1e-20))).astype(np.complex64)


def _synthesised(
    amplitude: np.ndarray, phase: np.ndarray, hum: Hum, rate: int, margin: int, length: int
) -> np.ndarray:
    """(C, length) hum, linear in amplitude and phase between blocks; starts `margin` early."""
    hop = rate // BLOCKS_A_SECOND
    out = allocate(len(amplitude), length)
    ramp = np.arange(hop) / hop
    for block, (start, stop) in enumerate(blocks(out, size=hop)):
        at = np.arange(start - margin, start - margin + hop) / rate
        turn = 2 * np.pi * hum.hz * at + phase[block] + (phase[block + 1] - phase[block]) * ramp
        waves = np.exp(1j * np.outer(hum.harmonics, turn)).astype(np.complex64)  # (K, hop)
        old, new = amplitude[:, block], amplitude[:, block + 1]
        sound = (old @ waves) * (1 - ramp) + (new @ waves) * ramp
        out[:, start:stop] = 2 * sound.real[:, : stop - start]
    return out
