"""Speech or music: a logistic classifier of seven features.

Speech changes its spectrum from one tenth of a second to the next, glides in pitch, pauses, and is
in the centre of a stereo recording; music holds notes. The weights were fitted on real recordings,
clean and damaged; singing counts as music.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.recording import Recording
from pipeline.dsp import framing

FRAME_S = 0.032
LAG_S = 0.1  # over which likeness and change are measured
BANDS_HZ = np.geomspace(100, 2800, 17)
LIKENESS_HZ = (80.0, 2800.0)
PITCH_HZ, VOICE_HZ = (75.0, 400.0), (60.0, 1500.0)
PERIODIC = 0.6  # autocorrelation from which a frame has a pitch
HELD = 4.0  # semitones a second: a slower pitch is held
ACTIVE_DB, VOICED_DB = 50.0, 35.0  # frames this far below the loudest one do not count
LEAST_S = 0.5
CLEAR = 0.75  # confidence below is called uncertain


class Features(NamedTuple):
    """The features of the classifier.

    Attributes:
        range_db: level that is exceeded 10 % of the time over that exceeded 85 % of it.
        likeness: median correlation of log spectra LAG_S apart.
        side: share of the difference between the first two channels.
        flux_db, change_db: mean difference of band levels, frame to frame and over LAG_S.
        pitch_spread: standard deviation of the pitch in semitones.
        held: share of neighbouring voiced frames whose pitch is held.
    """

    range_db: float
    likeness: float
    side: float
    flux_db: float
    change_db: float
    pitch_spread: float
    held: float


MEAN = Features(29.47, 0.60, 0.11, 4.56, 10.45, 5.10, 0.36)
SCALE = Features(14.3, 0.20, 0.28, 1.41, 4.77, 2.54, 0.27)
WEIGHTS = Features(1.26, -1.21, -1.92, -1.23, 1.94, -1.04, -4.0)
BIAS = -1.67


def content(recording: Recording) -> Finding:
    """Whether it is "speech" or "music", and how sure that is."""
    if recording.silent or recording.audio.seconds < LEAST_S:
        return Finding("content", None, "", 0.0, "Too little sound to tell speech from music.")
    probability = speech_probability(features(recording))
    kind = "speech" if probability >= 0.5 else "music"
    confidence = max(probability, 1 - probability)
    text = f"It sounds like {kind}."
    if confidence <= CLEAR:
        text = f"It may be {kind}; that is not certain."
    return Finding("content", kind, "", confidence, text)


def speech_probability(values: Features) -> float:
    """Probability of speech, in 0.01 to 0.99."""
    z = np.clip((np.array(values) - np.array(MEAN)) / np.array(SCALE), -3, 3)
    return float(np.clip(1 / (1 + np.exp(-(z @ np.array(WEIGHTS) + BIAS))), 0.01, 0.99))


def features(recording: Recording) -> Features:
    """The features, from the excerpts of the loudest channel."""
    rate = recording.audio.rate
    power, frames_a_second = _power(recording.mono, rate)
    hz = np.arange(power.shape[1]) * (rate / 2) / (power.shape[1] - 1)
    edges = np.searchsorted(hz, BANDS_HZ)
    bands = np.add.reduceat(power, edges[:-1], axis=1)[:, :16] / np.maximum(np.diff(edges), 1)
    total = bands.sum(axis=1)
    floor = 1e-12 * (1 + bands.max())
    levels = 10 * np.log10(bands + floor)
    level = 10 * np.log10(total + 1e-7 * total.max() + 1e-12)
    active = level > level.max() - ACTIVE_DB
    lag = min(max(1, round(LAG_S * frames_a_second)), len(level) - 1)
    both = active[lag:] & active[:-lag]
    spread, held = _pitch(power, hz, rate, level > level.max() - VOICED_DB, frames_a_second)
    return Features(
        float(np.percentile(level, 90) - np.percentile(level, 15)),
        _likeness(power[:, (hz > LIKENESS_HZ[0]) & (hz < LIKENESS_HZ[1])], lag, both),
        _side(recording),
        _mean(np.abs(levels[1:] - levels[:-1])[active[1:]]),
        _mean(np.abs(levels[lag:] - levels[:-lag])[active[lag:]]),
        spread,
        held,
    )


def _power(x: np.ndarray, rate: int) -> tuple[np.ndarray, float]:
    """(frames, bins) power of Hann frames that overlap by half, and frames a second."""
    from scipy import fft

    n_fft = 1 << round(np.log2(rate * FRAME_S))
    if len(x) < 4 * n_fft:
        x = np.pad(x, (0, 4 * n_fft - len(x)))
    window = np.hanning(n_fft).astype(np.float32)
    views = framing.frames(x, n_fft, n_fft // 2)
    parts = []
    for some in np.array_split(views, -(-len(views) // 256)):
        spectrum = fft.rfft(some * window)
        parts.append(spectrum.real**2 + spectrum.imag**2)
    return np.concatenate(parts), rate / (n_fft // 2)


def _likeness(power: np.ndarray, lag: int, both: np.ndarray) -> float:
    logs = np.log(power + 1e-9 * power.max() + 1e-12)
    logs -= logs.mean(axis=1, keepdims=True)
    logs /= np.sqrt(np.square(logs).sum(axis=1, keepdims=True)) + 1e-9
    alike = (logs[lag:] * logs[:-lag]).sum(axis=1)[both]
    return float(np.median(alike)) if alike.size else 1.0


def _side(recording: Recording) -> float:
    if recording.audio.channels < 2:
        return 0.0
    products = recording.statistics.products
    both = products[0, 0] + products[1, 1]
    return float((both - 2 * products[0, 1]) / (both + 1e-12))


def _pitch(
    power: np.ndarray, hz: np.ndarray, rate: int, loud: np.ndarray, frames_a_second: float
) -> tuple[float, float]:
    """Spread in semitones, and the share of voiced neighbours that hold their pitch."""
    from scipy import fft

    n_fft = 2 * (power.shape[1] - 1)
    voice = power * ((hz > VOICE_HZ[0]) & (hz < VOICE_HZ[1]))
    lags = fft.irfft(voice, axis=1)[:, : n_fft // 2]
    fade = fft.irfft(np.abs(fft.rfft(np.hanning(n_fft), 2 * n_fft)) ** 2)[: n_fft // 2]
    lags /= (lags[:, :1] + 1e-12) * np.maximum(fade / fade[0], 0.05).astype(np.float32)
    low, high = int(rate / PITCH_HZ[1]), min(int(rate / PITCH_HZ[0]), n_fft // 2 - 1)
    lags = lags[:, low:high]
    rising = lags[:, 1:] > lags[:, :-1]
    best = lags.max(axis=1, keepdims=True)
    top = ~np.pad(rising, ((0, 0), (0, 1))) & (lags > 0.9 * best)  # first peak near the best one
    semitones = -12 * np.log2(low + np.argmax(top, axis=1))
    voiced = (best[:, 0] > PERIODIC) & loud
    if voiced.sum() <= 5:
        return 0.0, 0.0
    glide = np.abs(np.diff(semitones))[voiced[1:] & voiced[:-1]] * frames_a_second
    held = float((glide < HELD).mean()) if glide.size > 5 else 0.0
    return float(np.std(semitones[voiced])), held


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else 0.0
