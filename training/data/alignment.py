"""The lag between two recordings of the same sound, and whether it changes.

    clean     |----[w0]--------[w1]-------[w2]---|     windows at the loudest places
    degraded  |-------[w0]--------[w1]-------[w2]---|  each located by cross-correlation

Equal lags are a delay, which is corrected. Lags that grow come from two clocks (drift), lags that
jump from cuts: no shift corrects them. A side that went through a neural codec has another
waveform; then the envelopes are compared, which locate it to a millisecond or two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.audio.buffers import blocks, copied
from pipeline.audio.sound import Audio

ALIGNED, ENVELOPE, DRIFT, JUMP, UNRELATED = "aligned envelope drift jump unrelated".split()

WINDOW_S, MOST_WINDOWS = 1.0, 9
FARTHEST_S = 1.0  # of lag, more than the sides' lengths differ
NEAR_S = 0.1  # around the first window's lag, where the others are sought first
SHARPNESS = 0.8  # of the phase transform: 0 is plain correlation, 1 looks at phase alone
STEADY = 2.0  # samples by which one lag may vary
MOST_PPM = 3000.0  # a larger drift cannot be distinguished from another sound
ALIKE, AGREE = 0.7, 0.75  # correlation of envelopes; share of windows that must agree
REPEATS = 0.75  # a peak elsewhere counts for less: vowels and loops resemble themselves later
CLEAR, CERTAIN = 7.0, 20.0  # height of a correlation's peak over its RMS
NEGLIGIBLE_S = 0.01  # a smaller lag by envelope counts as none


@dataclass(frozen=True)
class Alignment:
    """How the degraded side lies against the clean one.

    Args:
        verdict: one of the five above; with `ENVELOPE` only the loudness agrees.
        lag: samples by which the degraded side is late; negative is early.
        drift_ppm: how much slower the degraded side runs.
        inverted: whether its polarity is inverted.
    """

    verdict: str
    lag: int = 0
    drift_ppm: float = 0.0
    inverted: bool = False

    @property
    def usable(self) -> bool:
        return self.verdict in (ALIGNED, ENVELOPE)

    def text(self, rate: int) -> str:
        """One line for people; empty where both sides fit as they are."""
        when = f"{abs(self.lag)} samples ({1000 * abs(self.lag) / rate:.2f} ms)"
        moved = f"{when} {'late' if self.lag > 0 else 'early'}"
        if self.verdict == ALIGNED:
            lines = [f"the degraded side is {moved}, corrected"] if self.lag else []
            lines += ["the degraded side has inverted polarity, corrected"] if self.inverted else []
            return "; ".join(lines)
        if self.verdict == ENVELOPE:
            shift = f", corrected by {when}" if self.lag else ""
            return f"the sides agree in loudness only, aligned to some milliseconds{shift}"
        if self.verdict == DRIFT:
            got = f"the sides drift apart by {self.drift_ppm:g} ppm"
            return f"{got}: two clocks; record or export both from one"
        if self.verdict == JUMP:
            return "the lag between the sides jumps: something was cut out of one of them"
        return "the sides are not the same sound"


def measure(degraded: Audio, clean: Audio) -> Alignment:
    """Finds the lag to the sample, and the drift in parts per million.

    Source: Knapp and Carter 1976, "The generalized correlation method for estimation of time
    delay" (phase transform, here to the power `SHARPNESS`).

    Args:
        degraded, clean: of one rate; any length and channels.

    Raises:
        ValueError: their rates differ.
    """
    if degraded.rate != clean.rate:
        raise ValueError(f"rates: got {degraded.rate} and {clean.rate} Hz, expected one")
    starts, length = _loud_windows(clean)
    farthest = round(FARTHEST_S * clean.rate) + abs(degraded.frames - clean.frames)
    centre = round(_lag(degraded, clean, int(starts[0]), length, 0, farthest)[1])
    near = round(NEAR_S * clean.rate)
    starts = np.sort(starts)
    for size, middle, reach in (
        (length, centre, near),
        (length, 0, farthest),
        (length // 4, centre, near),
    ):
        found = [_lag(degraded, clean, int(at), size, middle, reach) for at in starts]
        alignment = _judge(*np.array(found).T)
        if alignment.verdict != UNRELATED and _overlap(degraded, clean, alignment.lag):
            return alignment
    return _by_envelope(degraded, clean, farthest)


def _overlap(degraded: Audio, clean: Audio, lag: int) -> bool:
    """Whether more than half of the shorter side lies on the other one."""
    common = min(clean.frames, degraded.frames - lag) - max(0, -lag)
    return common > 0.5 * min(clean.frames, degraded.frames)


def align(degraded: Audio, clean: Audio, alignment: Alignment) -> tuple[np.ndarray, np.ndarray]:
    """(C, T) each: the common part of both sides, the degraded one shifted (and inverted) to fit.

    Raises:
        ValueError: the sides have no part in common.
    """
    lag = alignment.lag
    frames = min(clean.frames, degraded.frames - lag) - max(0, -lag)
    if frames < 1:
        raise ValueError(f"lag: got {lag} samples, more than the recordings last")
    first = max(0, -lag)
    late = degraded.samples[:, first + lag : first + lag + frames]
    return (-late if alignment.inverted else late), clean.samples[:, first : first + frames]


def _loud_windows(clean: Audio) -> tuple[np.ndarray, int]:
    """Starts of windows, one in each part of the sound, the loudest first; and their length."""
    length = max(1, min(round(WINDOW_S * clean.rate), clean.frames // 4))
    hop = max(1, length // 2)
    power = _blocks(clean, hop)
    power = power[:-1] + power[1:] if len(power) > 1 else power
    parts = [part for part in np.array_split(np.arange(len(power)), MOST_WINDOWS) if len(part)]
    best = np.array([part[np.argmax(power[part])] for part in parts])
    best = best[np.argsort(-power[best], kind="stable")]
    audible = best[power[best] > 1e-4 * power[best[0]]]
    return np.minimum(audible * hop, clean.frames - length), length


def _blocks(audio: Audio, hop: int) -> np.ndarray:
    """(N,) float64: energy of all channels' mean in each block of `hop` samples."""
    parts = []
    for start, stop in blocks(audio.samples, size=max(1, (1 << 18) // hop) * hop):
        mono = audio.samples[:, start:stop].mean(axis=0)
        mono = np.pad(mono, (0, -len(mono) % hop))
        parts.append(np.square(mono, dtype=np.float64).reshape(-1, hop).sum(axis=1))
    return np.concatenate(parts)


def _lag(
    degraded: Audio, clean: Audio, start: int, length: int, centre: int, reach: int
) -> tuple[float, float, float, float]:
    """One window's place in time (its centre of energy), lag, peak over the curve's RMS, sign."""
    from scipy import fft

    window = _piece(clean, start, length)
    other = _piece(degraded, start + centre - reach, length + 2 * reach)
    n_fft = fft.next_fast_len(length + len(other), real=True)
    cross = np.conj(fft.rfft(window, n_fft)) * fft.rfft(other, n_fft)
    size = np.abs(cross)
    floor = max(1e-3 * float(size.max()), 1e-30)
    curve = fft.irfft(cross / (size + floor) ** SHARPNESS, n_fft)[: 2 * reach + 1]
    far = np.abs(np.arange(-reach, reach + 1)) > 1e-3 * clean.rate
    peak = int(np.argmax(np.abs(curve) * np.where(far, REPEATS, 1)))
    sign = float(np.sign(curve[peak])) or 1.0
    height = abs(float(curve[peak])) / max(float(np.sqrt(np.mean(curve**2))), 1e-30)
    if abs(peak - reach) > 0.99 * reach:
        height = 0.0  # still rising where the search ends: no peak
    power = np.square(window) + 1e-20
    at = start + float(np.dot(power, np.arange(length)) / power.sum())
    return at, centre - reach + peak + _vertex(sign * curve, peak), height, sign


def _vertex(curve: np.ndarray, peak: int) -> float:
    """Position between samples of the maximum of a parabola through a peak and its neighbours."""
    if not 0 < peak < len(curve) - 1:
        return 0.0
    left, top, right = (float(value) for value in curve[peak - 1 : peak + 2])
    return 0.5 * (left - right) / min(left - 2 * top + right, -1e-30)


def _piece(audio: Audio, start: int, length: int) -> np.ndarray:
    """(length,) the channels' mean from `start`, zeros where there is no sound."""
    made = np.zeros(length, np.float32)
    first, last = max(start, 0), min(start + length, audio.frames)
    if last > first:
        made[first - start : last - start] = copied(audio.samples, first, last).mean(axis=0)
    return made


def _judge(at: np.ndarray, lags: np.ndarray, heights: np.ndarray, signs: np.ndarray) -> Alignment:
    """The verdict from the lags of all windows, in the order of time."""
    found = heights > CLEAR
    if found.mean() < 0.5:
        return Alignment(UNRELATED)
    at, lags, heights, signs = at[found], lags[found], heights[found], signs[found]
    middle = float(np.median(lags))
    steady = np.abs(lags - middle) <= STEADY
    slope = _slope(at, lags)
    off = np.abs(lags - slope * at - np.median(lags - slope * at))
    moved = abs(slope) * float(at[-1] - at[0])
    follows = np.abs(np.diff(lags)) <= STEADY  # each window agrees with the next
    jumped = np.abs(lags - middle) > 2 * STEADY
    elsewhere = (follows & jumped[1:]).any() or (jumped & (heights > CERTAIN)).any()
    inverted = bool(np.sum(signs * heights) < 0)
    if steady.mean() >= AGREE and moved <= 2 * STEADY and not elsewhere:
        certain = len(lags) > 1 or heights[0] > CERTAIN
        return Alignment(ALIGNED if certain else UNRELATED, round(middle), 0.0, inverted)
    on_line = off <= max(STEADY, 0.1 * moved)
    if len(lags) > 2 and on_line.mean() >= AGREE and STEADY < moved < MOST_PPM / 1e6 * at[-1]:
        return Alignment(DRIFT, round(middle), round(slope * 1e6, 1), inverted)
    if len(lags) > 2 and follows.mean() >= 0.5:
        return Alignment(JUMP, round(middle), 0.0, inverted)
    return Alignment(UNRELATED)


def _slope(at: np.ndarray, lags: np.ndarray) -> float:
    """Theil and Sen's: the median slope of all pairs, which a quarter of wild points leave be."""
    first, second = np.triu_indices(len(at), 1)
    apart = at[second] - at[first]
    rises = (lags[second] - lags[first])[apart > 0] / apart[apart > 0]
    return float(np.median(rises)) if rises.size else 0.0


def _by_envelope(degraded: Audio, clean: Audio, farthest: int) -> Alignment:
    """Compares the level of both sides from millisecond to millisecond."""
    from scipy import fft

    hop = max(1, round(clean.rate / 1000))
    ours, theirs = (_envelope(audio, hop) for audio in (clean, degraded))
    reach = farthest // hop
    n_fft = fft.next_fast_len(len(ours) + len(theirs) + 2 * reach, real=True)
    curve = fft.irfft(np.conj(fft.rfft(ours, n_fft)) * fft.rfft(theirs, n_fft), n_fft)
    curve = np.concatenate([curve[-reach:], curve[: reach + 1]]) if reach else curve[:1]
    peak = int(np.argmax(curve))
    alike = float(curve[peak] / max(np.sqrt(np.sum(ours**2) * np.sum(theirs**2)), 1e-30))
    if alike < ALIKE:
        return Alignment(UNRELATED)
    lag = round((peak - reach + _vertex(curve, peak)) * hop)
    return Alignment(ENVELOPE, lag if abs(lag) > NEGLIGIBLE_S * clean.rate else 0)


def _envelope(audio: Audio, hop: int) -> np.ndarray:
    """(N,) level in dB in blocks of `hop` samples, smooth over 15 of them, its mean removed."""
    power = np.convolve(_blocks(audio, hop), np.hanning(17)[1:-1], "same") / hop
    level = 10 * np.log10(np.maximum(power, 1e-5 * power.max() + 1e-14))
    return level - level.mean()
