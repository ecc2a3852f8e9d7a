"""What hums, rumbles or leans in a recording: mains hum, rumble below hearing, DC.

Hum is what music is not: it has one frequency and one level from the first second to the last. So
spectra of up to 24 stretches of 4 s are compared, and only what stands out in the quiet quarter of
them counts: a bass note at 98 Hz rests sometimes, and is not at a multiple of 50 or 60 Hz.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.audio.buffers import blocks, copied
from pipeline.audio.sound import Audio

STRETCH_S, STRETCHES = 4.0, 24
SHORTEST_S = 3.0  # of a sound in which hum can be told from a note
HIGHEST_HZ = 1000.0  # of a harmonic
MAINS_HZ, OFF = (50.0, 60.0), 0.01  # relative deviation: a generator's, a tape's
FINER, LOBE = 4, 9  # zero padding; bins from the summit of a line to the foot of it
PROMINENT_DB, FEW_DB, ALONE_DB = 9.0, 12.0, 8.0  # see `_threshold_db`; more for a lone harmonic
THERE_DB = 3.0  # of a further harmonic of hum that was found
RUMBLE_BAND, BASS_BAND = (3.0, 22.0), (40.0, 90.0)  # Hz
RUMBLE_DBFS, RUMBLE_OVER_BASS_DB = -60.0, -6.0
DC_LEAST, DC_SIGMAS, DC_BLOCK_S = 1e-3, 4.0, 0.5


class Hum(NamedTuple):
    """Mains hum."""

    hz: float  # its fundamental, whether or not that is audible
    level_db: float  # RMS of all its harmonics, dBFS, mean over channels
    harmonics: tuple[int, ...]  # those that stand out; 1 is the fundamental


class Quiet(NamedTuple):
    """The spectrum of the quiet quarter of stretches."""

    hz: np.ndarray  # (F,)
    power: np.ndarray  # (F,) mean over channels; a sine of amplitude a has a^2 / 2 at its peak
    loud: np.ndarray  # (F,) the same of the loud quarter
    noise: float  # power of noise in a band is the sum over its bins, times this
    stretches: int


def find_hum(audio: Audio, near_hz: tuple[float, ...] = MAINS_HZ) -> Hum | None:
    """Hum near 50 or 60 Hz and its harmonics up to 1 kHz; None where there is none.

    Args:
        near_hz: fundamentals to look for, within 1 %.
    """
    return hum_in(quiet_spectrum(audio), near_hz) if audio.seconds >= SHORTEST_S else None


def dc_offset(audio: Audio) -> np.ndarray:
    """(C,) float64: the mean of each channel, where it is not the chance of a short sound, or 0.

    It counts from a thousandth of full scale, and from four times its own standard error.
    """
    block = max(1, round(DC_BLOCK_S * audio.rate))
    if audio.frames < 2 * block:
        return np.zeros(audio.channels)
    means = []
    for start, stop in blocks(
        audio.samples, frames=audio.frames - audio.frames % block, size=20 * block
    ):
        part = audio.samples[:, start:stop].reshape(audio.channels, -1, block)
        means.append(part.mean(axis=2, dtype=np.float64))
    found = np.concatenate(means, axis=1)
    mean, error = found.mean(axis=1), found.std(axis=1) / np.sqrt(found.shape[1])
    return np.where(np.abs(mean) > np.maximum(DC_LEAST, DC_SIGMAS * error), mean, 0.0)


def has_rumble(audio: Audio) -> bool:
    """Whether there is always much below 22 Hz: -60 dBFS, and not far less than in the bass."""
    return audio.seconds >= SHORTEST_S and rumble_in(quiet_spectrum(audio))


def rumble_in(quiet: Quiet) -> bool:
    """The same of a spectrum."""
    low, bass = (
        quiet.power[(quiet.hz >= band[0]) & (quiet.hz <= band[1])]
        for band in (RUMBLE_BAND, BASS_BAND)
    )
    level = 10 * np.log10(low.sum() * quiet.noise + 1e-14)
    over_bass = 10 * np.log10((low.mean() + 1e-14) / (bass.mean() + 1e-14))
    return bool(level > RUMBLE_DBFS and over_bass > RUMBLE_OVER_BASS_DB)


def quiet_spectrum(audio: Audio) -> Quiet:
    """Up to HIGHEST_HZ, of stretches spread evenly over a sound of at least SHORTEST_S."""
    from scipy import fft

    stretch_s = min(STRETCH_S, audio.seconds / 2.5)
    length = int(stretch_s * audio.rate)
    count = int(np.clip(2 * audio.frames // length - 1, 4, STRETCHES))
    window = np.hanning(length + 1)[:-1].astype(np.float32)
    n_low = int(2.5 * HIGHEST_HZ * stretch_s)  # samples of a stretch at a low rate
    n_fft = fft.next_fast_len(FINER * n_low, real=True)
    powers = []
    for start in np.linspace(0, audio.frames - length, count).astype(int):
        part = copied(audio.samples, int(start), int(start) + length)
        spectrum = fft.rfft((part - part.mean(axis=1, keepdims=True)) * window)
        slow = fft.irfft(spectrum[:, : n_low // 2 + 1], n_low)
        finer = fft.rfft(slow, n_fft)
        powers.append((finer.real**2 + finer.imag**2).mean(axis=0))
    quiet, loud = np.quantile(np.array(powers), (0.25, 0.75), axis=0) * (2 / window.sum() ** 2)
    hz = np.arange(n_fft // 2 + 1) * (n_low / stretch_s) / n_fft
    noise = window.sum() ** 2 / (np.square(window).sum() * length) * n_low / n_fft
    kept = hz <= HIGHEST_HZ + 20
    return Quiet(hz[kept], quiet[kept], loud[kept], float(noise), count)


def hum_in(quiet: Quiet, near_hz: tuple[float, ...]) -> Hum | None:
    """See `find_hum`."""
    from scipy.ndimage import maximum_filter1d, median_filter

    step_hz = quiet.hz[1]
    background = median_filter(quiet.power, 2 * round(6 / step_hz) + 1, mode="nearest") + 1e-16
    over_db = 10 * np.log10(quiet.power / background + 1e-9)
    summit = maximum_filter1d(quiet.power, 2 * LOBE + 1, mode="nearest")
    over_db[quiet.power < summit / 2] = -np.inf  # the flank of a note, not a line
    found = [_best(quiet, over_db, mains) for mains in near_hz]
    score, hz = max(found)
    if not score:
        return None
    peaks = _at_harmonics(quiet, over_db, hz)
    need_db = _threshold_db(quiet)
    strong = peaks > need_db
    steady = _at_harmonics(quiet, quiet.loud, hz) < 4 * _at_harmonics(quiet, quiet.power, hz)
    lone = strong.sum() < 2 and peaks.max() < need_db + ALONE_DB
    if lone or not strong[:2].any() or not (strong & steady).any():
        return None
    there = peaks > THERE_DB
    power = _at_harmonics(quiet, quiet.power, hz)[there].sum()
    harmonics = tuple(int(k) for k in np.flatnonzero(there) + 1)
    return Hum(float(hz), float(10 * np.log10(power)), harmonics)


def _best(quiet: Quiet, over_db: np.ndarray, mains_hz: float) -> tuple[float, float]:
    """(score, fundamental): the most prominence that a comb of harmonics near it collects.

    High harmonics count less: a comb finds something there by chance.
    """
    tries = mains_hz * (1 + np.linspace(-OFF, OFF, 241))
    need_db = _threshold_db(quiet)
    scores = []
    for hz in tries:
        peaks = _at_harmonics(quiet, over_db, hz)
        heard = peaks > need_db
        scores.append(float((peaks[heard] / (np.flatnonzero(heard) + 1)).sum()))
    best = int(np.argmax(scores))
    return scores[best], float(tries[best])


def _at_harmonics(quiet: Quiet, values: np.ndarray, hz: float) -> np.ndarray:
    at = hz * np.arange(1, int(HIGHEST_HZ / hz) + 1) / quiet.hz[1]
    return values[np.round(at).astype(int)]


def _threshold_db(quiet: Quiet) -> float:
    """Chance alone stands out more among few stretches than among many."""
    return PROMINENT_DB + FEW_DB / np.sqrt(quiet.stretches)
