"""Effective bandwidth: the highest frequency of a recording, whatever its sample rate.

    level  ~~~~~\\__/~~~~\\             p95: the level of the loud moments, over frequency
                          \\           the cliff: a fall with nothing above it
                           \\____/\\_   floor: dither, hiss, codec residue
                         ^ edge        frequency

A cliff is a fall of at least 15 dB, more than any voice or instrument has within so few hertz. All
sound above it is steady, as hiss is, or some 35 dB weaker. The edge is where that fall begins. A
recording that fades gradually towards high frequencies has none.

Of a gentle filter that place lies far above its cut-off; its -3 dB point is fitted: see `roll_off`.

A few clicks in a short recording reach p95 at every frequency and hide the cliff. What remains of
the levels without all that is shorter than three frames shows it: a steep fall there counts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.analysis.once import once_per_sound
from pipeline.analysis.roll_off import roll_off
from pipeline.audio.sound import Audio
from pipeline.dsp import framing

MAX_FRAMES = 6000  # looked at, evenly spread: five minutes or five hours take the same time
BINS = 4  # of the spectrum that make up one band, 60 to 95 Hz wide
LOWEST_HZ = 1200.0  # no edge is sought below
CLIFF_DB, GENTLE_DB = 15.0, 33.0  # least fall over a cliff's span, and over an octave
STEADY_DB = 14.0  # p95 over p10 in time: less is steady noise, more is sound
FAR_DB = 35.0  # sound this much weaker than below the cliff is residue
QUIET_DB, FLOOR_DB = 60.0, -135.0  # frames below the loudest one that count; least level of a band
CLICK_FRAMES = 3  # a click lies in two frames; what lasts for three is sound
HIDDEN, STEEP_DB = 0.8, 25.0  # an edge so far below the apparent one, with such a fall, was hidden
SHARP_DB, SHARP_ORDER = 35.0, 48.0  # a steeper edge is where it appears; others are fitted
HIGHEST_GENTLE_HZ = 14_500.0  # above, a natural fade looks like a gentle filter
LOW_ONLY_DB = 80.0  # sound above LOWEST_HZ this much weaker than below is none


class _Profile(NamedTuple):
    """Levels over frequency in dB, one value a band."""

    centre_hz: np.ndarray
    width_hz: float
    high: np.ndarray  # p95 of the frames that are not quiet
    low: np.ndarray  # p10
    above: np.ndarray  # the highest level in this band and above, without lines
    sound_above: np.ndarray  # the same of what is not steady


class Band(NamedTuple):
    """The band of frequencies that a recording fills.

    Attributes:
        edge_hz: where its spectrum falls off a cliff; None where it falls off none.
        level_db: (bands,) level of the loud moments, p95 over time; empty for silence.
        width_hz: of a band.
        fallen_hz: where the level has fallen by 6 to 10 dB; the edge of a gentle filter lies below.
    """

    edge_hz: float | None
    level_db: np.ndarray
    width_hz: float
    fallen_hz: float | None = None

    @property
    def wall_db(self) -> float:
        """The fall in level within a few per cent of `fallen_hz`; 0 without an edge."""
        if self.fallen_hz is None:
            return 0.0
        edge_hz = self.fallen_hz
        below = self._between(0.85 * edge_hz, 0.985 * edge_hz)
        above = self._between(1.04 * edge_hz + 100, 1.15 * edge_hz + 300)
        return float(np.median(below) - np.median(above)) if below.size and above.size else 0.0

    @property
    def is_low_only(self) -> bool:
        """Whether there is no sound above LOWEST_HZ, by which an edge could be seen."""
        high = self._between(LOWEST_HZ, np.inf)
        return not high.size or bool(high.max() < self.level_db.max() - LOW_ONLY_DB)

    @property
    def treble_db(self) -> float:
        """Level from 10 to 14 kHz over that from 2 to 4 kHz; 0 where the rate is too low."""
        treble, middle = self._between(10_000, 14_000), self._between(2000, 4000)
        return float(np.median(treble) - np.median(middle)) if treble.size and middle.size else 0.0

    def _between(self, low_hz: float, high_hz: float) -> np.ndarray:
        hz = (np.arange(len(self.level_db)) + 0.5) * self.width_hz
        return self.level_db[(hz > low_hz) & (hz < high_hz)]


@once_per_sound
def filled_band(audio: Audio) -> Band:
    """Where the spectrum ends, and the levels that say so."""
    levels, active, width_hz = band_levels(audio)
    if not active.any():
        return Band(None, np.zeros(0), width_hz)
    profile = _profile(levels[active], width_hz)
    band = _band(profile)
    if CLICK_FRAMES <= len(levels) < MAX_FRAMES:  # not too few frames, and side by side
        lasting = _profile(_without_clicks(levels)[active], width_hz)
        if _hides(band.edge_hz or audio.rate / 2, _band(lasting)):
            profile, band = lasting, _band(lasting)
    return _fitted(band, profile)


def effective_bandwidth_hz(audio: Audio) -> float:
    """Frequency in Hz up to which there is sound: where its spectrum falls off a cliff.

    Half the rate where it falls off none (and for silence). Within 5 % of the cut-off of a steep
    filter (windowed sinc, codec, resampler) and mostly within 10 % of that of a Butterworth filter
    of order 8 or more; one of 24 dB an octave or less is hard to tell from a natural fade.
    """
    edge_hz = filled_band(audio).edge_hz
    return audio.rate / 2 if edge_hz is None else edge_hz


def band_levels(audio: Audio) -> tuple[np.ndarray, np.ndarray, float]:
    """Levels (frames, bands) in dB of the loudest channel; which frames are not quiet; a band's Hz.

    Frames overlap by half, unless that makes more than MAX_FRAMES.
    """
    from scipy import fft

    n_fft = 1 << int(np.ceil(np.log2(audio.rate / 24)))
    window = _blackman_harris(n_fft).astype(np.float32)
    window /= np.sqrt((window**2).sum() * n_fft / 2)
    last = max(audio.frames - n_fft, 0)
    starts = np.unique(np.linspace(0, last, min(MAX_FRAMES, 2 * last // n_fft + 1)).astype(int))
    parts = []
    for some in np.array_split(starts, -(-len(starts) // 256)):
        windows = framing.frames_at(audio.samples, some, n_fft)
        spectrum = fft.rfft(windows * window[: windows.shape[-1]], n_fft)[..., 1:]
        power = spectrum.real**2 + spectrum.imag**2
        parts.append(power.max(axis=0).reshape(len(some), -1, BINS).mean(axis=2))
    levels = 10 * np.log10(np.maximum(np.concatenate(parts), 10 ** (FLOOR_DB / 10)))
    loudest = levels.max(axis=1)
    active = (loudest > FLOOR_DB) & (loudest > loudest.max() - QUIET_DB)
    return levels, active, BINS * audio.rate / n_fft


def _blackman_harris(size: int) -> np.ndarray:
    """(size,) periodic window; that of `scipy.signal`, whose import takes half a second.

    Source: Harris 1978, "On the use of windows for harmonic analysis", eq. 33, four terms.
    """
    at = np.linspace(-np.pi, np.pi, size + 1)[:-1]
    window = np.zeros(size)
    for term, weight in enumerate((0.35875, 0.48829, 0.14128, 0.01168)):
        window += weight * np.cos(term * at)
    return window


def _band(profile: _Profile) -> Band:
    """The band up to where levels have visibly fallen."""
    cliff = _cliff(profile)
    fallen_hz = None if cliff is None else _edge_hz(profile, *cliff)
    return Band(fallen_hz, profile.high, profile.width_hz, fallen_hz)


def _hides(apparent_hz: float, lasting: Band) -> bool:
    """Whether clicks hide the steep edge of the sound that lasts."""
    is_lower = lasting.edge_hz is not None and lasting.edge_hz < HIDDEN * apparent_hz
    return is_lower and lasting.wall_db >= STEEP_DB


def _fitted(band: Band, profile: _Profile) -> Band:
    """The same band, up to the -3 dB point of a gentle filter."""
    if band.edge_hz is None or band.wall_db >= SHARP_DB or band.edge_hz >= HIGHEST_GENTLE_HZ:
        return band
    fit = roll_off(profile.centre_hz, profile.high, profile.low, STEADY_DB, band.edge_hz)
    if fit is None or fit.order >= SHARP_ORDER or fit.hz < LOWEST_HZ:
        return band
    return band._replace(edge_hz=fit.hz)


def _without_clicks(levels: np.ndarray) -> np.ndarray:
    """(frames, bands) levels without what lasts for fewer than CLICK_FRAMES (an opening)."""
    from scipy import ndimage

    lasting = ndimage.minimum_filter1d(levels, CLICK_FRAMES, axis=0, mode="nearest")
    return ndimage.maximum_filter1d(lasting, CLICK_FRAMES, axis=0, mode="nearest")


def _profile(levels: np.ndarray, width_hz: float) -> _Profile:
    high, low = np.percentile(levels, (95, 10), axis=0)
    radius = max(2, round(450 / width_hz))
    smooth = _ranked(high, radius, 0.6)  # a lone line, such as a 15.6 kHz whistle, drops out
    steady = _ranked((high - low < STEADY_DB).astype(float), radius, 0.6) > 0.5
    return _Profile(
        (np.arange(len(high)) + 0.5) * width_hz,
        width_hz,
        high,
        low,
        _maximum_above(smooth),
        _maximum_above(np.where(steady, -np.inf, smooth)),
    )


def _cliff(profile: _Profile) -> tuple[int, int] | None:
    """First and last band among which the lowest cliff lies; gentler falls count up to 8 kHz."""
    hz = profile.centre_hz
    below = np.array([_median(profile, at - _span_hz(at), at) for at in hz])
    for need, end_hz, top_hz in ((CLIFF_DB, hz + _span_hz(hz), hz[-1]), (GENTLE_DB, 2 * hz, 8000)):
        end = np.minimum(np.searchsorted(hz, end_hz), len(hz) - 1)
        far = below - profile.sound_above[end] >= FAR_DB
        falls = (below - profile.above[end] >= need) & far & (hz >= LOWEST_HZ) & (hz <= top_hz)
        if falls.any():
            first = int(np.argmax(falls))
            length = int(np.argmin(np.append(falls[first:], False)))
            return first, int(end[first + length - 1])
    return None


def _edge_hz(profile: _Profile, first: int, last: int) -> float:
    """Down from the steepest place until the fall is half as steep, then up by 10 (or 6) dB."""
    hz, bands = profile.centre_hz, np.arange(first, last + 1)
    near = np.clip(0.06 * hz, 150, 450)
    slope, fall = _slope(profile, hz - near, hz + near)
    at = int(bands[np.argmax(slope[bands])])
    depth = _median(profile, hz[at] - _span_hz(hz[at]), hz[at] - near[at]) - profile.above[last]
    knee_db = 10.0
    if fall[at] < 0.6 * depth:  # not one steep step: look at wider spans, blind to harmonics
        slope, _ = _slope(profile, hz / 1.15, hz * 1.15)
        at = int(bands[np.argmax(slope[bands])])
        knee_db = 6.0
    enough = slope[at] / 2
    while at > 1 and slope[at] >= enough:
        at -= 1
    inside = _median(profile, hz[at] - _span_hz(hz[at]) / 2, hz[at])
    lower = np.append(_ranked(profile.high, 1, 0.5)[at + 1 :] < inside - knee_db, True)
    return float((at + 1 + np.argmax(lower)) * profile.width_hz)


def _slope(
    profile: _Profile, low_hz: np.ndarray, high_hz: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The fall from one frequency to another, in dB an octave and in dB, for each band."""
    smooth, hz = _ranked(profile.high, 2, 0.5), profile.centre_hz
    low = np.searchsorted(hz, low_hz)
    high = np.clip(np.searchsorted(hz, high_hz), low + 1, len(hz) - 1)
    low = np.minimum(low, high - 1)
    fall = smooth[low] - smooth[high]
    return fall / np.log2(hz[high] / hz[low]), fall


def _span_hz(hz: np.ndarray) -> np.ndarray:
    """Width within which a cliff must fall: a quarter of the frequency, within limits."""
    return np.clip(0.25 * hz, 400, np.maximum(1200, 0.15 * hz))


def _median(profile: _Profile, low_hz: float, high_hz: float) -> float:
    last = int(np.searchsorted(profile.centre_hz, high_hz))
    first = int(np.searchsorted(profile.centre_hz, low_hz))
    return float(np.median(profile.high[min(first, last) : last + 1]))


def _ranked(values: np.ndarray, radius: int, rank: float) -> np.ndarray:
    """The quantile `rank` of each value's neighbourhood of `radius` values on either side."""
    padded = np.pad(values, radius, mode="edge")
    around = framing.frames(padded, 2 * radius + 1)
    return np.quantile(around, rank, axis=1)


def _maximum_above(values: np.ndarray) -> np.ndarray:
    return np.maximum.accumulate(values[::-1])[::-1]
