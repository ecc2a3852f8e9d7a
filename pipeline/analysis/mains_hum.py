"""Mains hum: its frequency, its level and its harmonics.

Hum differs from music: it keeps one frequency and one level from the first second to the last. So
only lines in the quietest quarter of a recording count: a bass note at 98 Hz pauses at times, and
is not at a multiple of 50 or 60 Hz. A note a little beside them, whose flanks look like hum, stands
out far more at its own frequency. See `quiet_spectrum`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.analysis.quiet_spectrum import HIGHEST_HZ, SHORTEST_S, Quiet, quiet_spectrum
from pipeline.audio.sound import Audio

MAINS_HZ, OFF = (50.0, 60.0), 0.01  # relative deviation: a generator's, a tape's
NOTE_OFF, NOTE_SCORE = 0.04, 2.0  # a note lies so far off, with so many times the prominence
STEP = OFF / 120  # relative, of the fundamentals that are tried
LOBE = 9  # bins from the summit of a line to the foot of it
PROMINENT_DB, FEW_DB, ALONE_DB = 9.0, 12.0, 8.0  # see `_threshold_db`; more for a lone harmonic
THERE_DB = 3.0  # of further harmonics, once there is hum


class Hum(NamedTuple):
    """Mains hum."""

    hz: float  # its fundamental, whether or not that is audible
    level_db: float  # RMS of all its harmonics, dBFS, mean over channels
    harmonics: tuple[int, ...]  # those that stand out; 1 is the fundamental


def find_hum(audio: Audio, near_hz: tuple[float, ...] = MAINS_HZ) -> Hum | None:
    """Hum near 50 or 60 Hz and its harmonics up to 1 kHz; None where there is none.

    Args:
        near_hz: fundamentals to look for, within 1 %.
    """
    return hum_in(quiet_spectrum(audio), near_hz) if audio.seconds >= SHORTEST_S else None


def hum_in(quiet: Quiet, near_hz: tuple[float, ...]) -> Hum | None:
    """See `find_hum`."""
    from scipy.ndimage import maximum_filter1d, median_filter

    step_hz = quiet.hz[1]
    background = median_filter(quiet.power, 2 * round(6 / step_hz) + 1, mode="nearest") + 1e-16
    over_db = 10 * np.log10(quiet.power / background + 1e-9)
    summit = maximum_filter1d(quiet.power, 2 * LOBE + 1, mode="nearest")
    over_db[quiet.power < summit / 2] = -np.inf  # the flank of a note, not a line
    (score, hz), mains_hz = max((_best(quiet, over_db, near), near) for near in near_hz)
    if not score or _is_beside_a_note(quiet, over_db, mains_hz, score):
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


def _is_beside_a_note(quiet: Quiet, over_db: np.ndarray, mains_hz: float, score: float) -> bool:
    """Whether a comb of harmonics just outside the mains' range collects far more."""
    sides = (_best(quiet, over_db, mains_hz, side * OFF, side * NOTE_OFF)[0] for side in (-1, 1))
    return max(sides) > NOTE_SCORE * score


def _best(
    quiet: Quiet, over_db: np.ndarray, mains_hz: float, low: float = -OFF, high: float = OFF
) -> tuple[float, float]:
    """(score, fundamental): the most prominence that a comb of harmonics near it collects.

    High harmonics count less: a comb finds something there by chance.

    Args:
        low, high: relative deviations from `mains_hz` between which it is sought.
    """
    tries = mains_hz * (1 + np.linspace(low, high, round(abs(high - low) / STEP) + 1))
    need_db = _threshold_db(quiet)
    scores = []
    for hz in tries:
        peaks = _at_harmonics(quiet, over_db, hz)
        prominent = peaks > need_db
        scores.append(float((peaks[prominent] / (np.flatnonzero(prominent) + 1)).sum()))
    best = int(np.argmax(scores))
    return scores[best], float(tries[best])


def _at_harmonics(quiet: Quiet, values: np.ndarray, hz: float) -> np.ndarray:
    at = hz * np.arange(1, int(HIGHEST_HZ / hz) + 1) / quiet.hz[1]
    return values[np.round(at).astype(int)]


def _threshold_db(quiet: Quiet) -> float:
    """Chance alone stands out more among few stretches than among many."""
    return PROMINENT_DB + FEW_DB / np.sqrt(quiet.stretches)
