"""Removes clicks: locates each, estimates its waveform, and subtracts it.

Around a candidate the sound is modelled as autoregressive, x = prediction + e, with e of known
power. A click adds a waveform whose power is estimated for each sample of the gap. Where that power
is zero the sample stays as it is; where it is high the sample is interpolated from both sides; in
between it takes its most probable value. The repaired gap must look like the sound around it;
otherwise the candidate was no click, and nothing is changed.

K is the number of candidates in a window, n the number of samples around each.

Source: Janssen, Veldhuis and Vries, "Adaptive interpolation of discrete-time signals that can be
modeled as autoregressive processes", IEEE Trans. ASSP 34 (1986), for the interpolation; Godsill and
Rayner, "Digital Audio Restoration" (1998), chapters 5 and 9; MacKay, "Bayesian interpolation",
Neural Computation 4 (1992), for the estimate of each power.
"""

from __future__ import annotations

import numpy as np

from pipeline.analysis.click_candidates import QUIET, Range
from pipeline.dsp import linear_prediction
from pipeline.stages.click_context import Local, side_frames, surroundings

ROUNDS = 12  # of the estimate of powers
UNEXPLAINED = 1.5  # the residual that may remain, relative to that of the neighbourhood
ATTEMPTS = ((0.0, 1e-3, 4, 0.0), (0.001, 1e-4, 8, 3e-3))
"""Gaps that are tried in turn until one explains the click: seconds searched on either side, share
of the click's peak that counts as click, samples of margin, and share of the click's residual that
may remain however quiet the neighbourhood is."""
NOISE_LIKE = 5.0  # peak over standard deviation that a neighbourhood without pulses may have
STANDS_OUT = 4.0  # peak of a certain click among noise, in standard deviations times the proof
PROMINENT = 0.3  # of its peak: beyond it a sample is click however busy the neighbourhood is
DOUBLINGS = 8  # of the threshold, until the click is short enough
SMOOTH = ((16, 1), (48, 3), (1 << 30, 9))
"""(longest gap, samples over which the power of a click is smoothed in gaps up to that length)."""
Repair = tuple[int, np.ndarray]
"""First sample, and the samples (G,) that replace those from there on."""


def repairs(
    x: np.ndarray,
    ranges: list[Range],
    rate: int,
    order: int,
    longest: int,
    proof: float,
    skipped: frozenset[Range] = frozenset(),
) -> list[Repair]:
    """The repairs of all candidates that are clicks and not too long.

    Args:
        x: (T,) float32.
        ranges: ranges that may hold a click (see `click_candidates.candidates`).
        rate: Hz.
        order: of the predictor.
        longest: samples of the longest click.
        proof: how clear a click must be; other sound hardly ever reaches 5.
        skipped: ranges that are left out, because a pass before has looked at them.
    """
    room = side_frames(rate) - 2 * order - round(ATTEMPTS[-1][0] * rate)
    close = np.array([p for p in ranges if p[1] - p[0] < room and p not in skipped], int)
    fixed: list[Repair] = []
    if not len(close):
        return fixed
    local = surroundings(x, close, ranges, rate, order)
    for widen_s, faint, margin, clear in ATTEMPTS:
        reach = order + round(widen_s * rate)
        start, length = _locate(local, reach, longest, x.size, faint, margin)
        more, solved = _solve(local, start, length, proof, clear)
        fixed.extend(more)
        if solved.all():
            break
        local = local.some(~solved)
    return fixed


def _locate(
    local: Local, reach: int, longest: int, total: int, faint: float, margin: int
) -> tuple[np.ndarray, np.ndarray]:
    """Where clicks are: the forward residual shows where they begin, the backward one the end.

    The threshold starts at the neighbourhood's level and doubles until a click is short enough.

    Args:
        local: the candidates.
        reach: samples on either side of a candidate that are searched.
        longest: samples of the longest click.
        total: samples of the whole sound; the first and last few have no neighbours on one side.
        faint: share of the click's peak that counts as click.
        margin: samples added on either side.

    Returns:
        (K,) start and (K,) length in samples, 0 where there is no click.
    """
    n = local.x.shape[1]
    low, high = int(local.start.min()) - reach, int(local.stop.max()) + reach
    low, high = max(low, local.order), min(high, n - local.order)
    at = np.arange(low, high)
    inside = (at >= local.start - reach) & (at < local.stop + reach)
    inside &= (at >= local.order - local.origin) & (at < total - local.order - local.origin)
    ahead = np.abs(local.ahead[:, low:high]) / local.usual_ahead * inside
    back = np.abs(local.back[:, low:high]) / local.usual_back * inside
    peak = np.minimum(ahead.max(1, keepdims=True), back.max(1, keepdims=True))
    threshold = np.minimum(np.maximum(1.0, faint * peak), PROMINENT * peak)
    start, length = np.zeros(len(ahead), int), np.zeros(len(ahead), int)
    for _ in range(DOUBLINGS):
        cluster = _cluster((ahead > threshold) | (back > threshold), ahead.argmax(1), local.order)
        begins, ends = (ahead > threshold) & cluster, (back > threshold) & cluster
        first, last = begins.argmax(1), at.size - 1 - ends[:, ::-1].argmax(1)
        real = begins.any(1) & ends.any(1) & (length == 0)
        fits = real & (first <= last) & (last - first < longest)
        start[fits] = low + first[fits] - margin
        length[fits] = (last - first)[fits] + 1 + 2 * margin
        threshold = 2 * threshold
    return start, length


def _cluster(high: np.ndarray, peak: np.ndarray, most: int) -> np.ndarray:
    """(K, m) True for samples connected to `peak` (K,): no gap between high ones exceeds `most`."""
    at = np.arange(high.shape[1])
    last = np.maximum.accumulate(np.where(high, at, -at.size), axis=1)
    ahead = np.minimum.accumulate(np.where(high, at, 2 * at.size)[:, ::-1], axis=1)[:, ::-1]
    apart = ahead - last > most + 1
    left = np.where(apart & (at < peak[:, None]), at, -1).max(1, keepdims=True)
    right = np.where(apart & (at > peak[:, None]), at, at.size).min(1, keepdims=True)
    return (at > left) & (at < right)


def _solve(
    local: Local, start: np.ndarray, length: np.ndarray, proof: float, clear: float
) -> tuple[list[Repair], np.ndarray]:
    """Repairs of the located clicks, and (K,) True for the candidates that have one."""
    solved, fixed = np.zeros(length.size, bool), []
    lags = np.zeros((length.size, max(length.max(initial=0), local.order + 1)))
    lags[:, : local.order + 1] = linear_prediction.tap_lags(local.taps)
    for i in np.flatnonzero(length):
        gap = slice(start[i], start[i] + length[i])
        least = proof * np.sqrt(local.power[i, 0])
        for rounds in (1, ROUNDS):  # plain interpolation must already make a click plausible
            if _peak(local, i, gap) < least:
                break
            click = _click(local, i, gap, lags[i], rounds)
            least = proof * _peak(local, i, gap, click)
        else:
            solved[i] = _explained(local, i, gap, click, proof, clear)
        if solved[i]:
            samples = (local.x[i, gap] - click).astype(np.float32)
            fixed.append((int(local.origin[i, 0]) + gap.start, samples))
    return fixed, solved


def _peak(local: Local, i: int, gap: slice, click: np.ndarray | None = None) -> float:
    """Peak of the residual that the gap's samples influence, with `click` subtracted if given."""
    residual = local.ahead[i, gap.start : gap.stop + local.order]
    if click is not None:
        residual = residual - np.convolve(click, local.taps[i, ::-1])
    return max(float(np.abs(residual).max()), 1e-12)


def _click(local: Local, i: int, gap: slice, lags: np.ndarray, rounds: int) -> np.ndarray:
    """(G,) the most probable click in a gap.

    With T the Toeplitz matrix of the lags of A's taps, e the power of the residual and D = R^2 the
    powers of the click's samples, the click is expected to be R (e + R T R)^-1 R pull; D follows
    MacKay's fixed point.

    Args:
        local: the candidates.
        i: index of one of them.
        gap: its samples in `local`.
        lags: (G or more,) of A.
        rounds: of the fixed point; one round interpolates all samples of the gap.
    """
    from scipy.linalg import lapack

    size, power = gap.stop - gap.start, local.power[i, 0]
    matrix = lags[np.abs(np.subtract.outer(np.arange(size), np.arange(size)))] / power
    pull, powers = local.both[i, gap] / power, np.full(size, np.square(local.x[i]).max())
    smooth = next(count for longest, count in SMOOTH if size <= longest)
    for _ in range(rounds):
        root = np.sqrt(powers)
        total = matrix * root
        total *= root[:, None]
        total.flat[:: size + 1] += 1
        factor, _ = lapack.dpotrf(total.T, lower=1, clean=0, overwrite_a=1)
        click: np.ndarray = root * lapack.dpotrs(factor, root * pull, lower=1)[0]
        known = lapack.dpotri(factor, lower=1, overwrite_c=1)[0].flat[:: size + 1]
        powers = np.square(click) / np.maximum(1 - known, 1e-9)
        if smooth > 1:
            powers = np.convolve(powers, np.full(smooth, 1 / smooth), "same")
    return click


def _explained(
    local: Local, i: int, gap: slice, click: np.ndarray, proof: float, clear: float
) -> bool:
    """Whether the repair makes the gap look like the sound around it, which it did not before.

    The residual's peak must fall to the level of the neighbourhood. The factor by which it must
    fall grows with the number of changed samples, and with a step in level at the gap, as an onset
    has. In noise, which has no pulses of its own, it need not fall as far.
    """
    before, after = _peak(local, i, gap), _peak(local, i, gap, click)
    near, n = local.near, local.x.shape[1]
    sides = local.x[i, gap.start - near : gap.start], local.x[i, gap.stop : gap.stop + near]
    quiet, loud = sorted(side @ side + n * QUIET**2 for side in sides)
    count = max(np.abs(click).sum() ** 2 / max(click @ click, 1e-24), 1.0)
    step, spread = np.sqrt(loud / quiet), np.sqrt(local.power[i, 0])
    enough = before > proof * after * np.sqrt(count * step)
    if local.usual_ahead[i, 0] < NOISE_LIKE * spread:
        enough |= before > STANDS_OUT * proof * spread * np.sqrt(np.sqrt(count)) * step
    allowed = max(UNEXPLAINED * local.usual_ahead[i, 0], clear * before)
    return bool(enough and after < allowed)
