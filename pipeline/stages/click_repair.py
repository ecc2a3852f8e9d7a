"""Clicks taken out of sound: located, weighed sample by sample against what the sound predicts.

Around a candidate the sound is autoregressive, x = prediction + e with e of a known power; a click
adds to some samples a difference of unknown power, which is estimated for each sample of the gap.
A sample without a click comes out as it went in, one that a click buried is interpolated from both
sides, one in the tail of a click is something between: its most probable value. What is left must
then look like the sound around it, or else it was no click and nothing is changed.

K counts the candidates of a window, n the samples around each.

Source: Janssen, Veldhuis and Vries, "Adaptive interpolation of discrete-time signals that can be
modeled as autoregressive processes", IEEE Trans. ASSP 34 (1986), the interpolation; Godsill and
Rayner, "Digital Audio Restoration" (1998), chapters 5 and 9; MacKay, "Bayesian interpolation",
Neural Computation 4 (1992), the estimate of each power.
"""

from __future__ import annotations

import numpy as np

from pipeline.analysis.click_candidates import QUIET, Place
from pipeline.dsp import linear_prediction
from pipeline.stages.click_context import Local, side_frames, surroundings

ROUNDS = 12  # of the estimate of powers
UNEXPLAINED = 1.5  # times what the neighbourhood reaches: what may be left of a click
ATTEMPTS = ((0.0, 1e-3, 4, 0.0), (0.001, 1e-4, 8, 3e-3))
"""A gap is tried wider where it did not explain the click: seconds searched on either side, share
of the click's peak that is searched for, samples of margin, and share of the click's residual that
may be left however quiet the neighbourhood is."""
NOISE_LIKE = 5.0  # times its own spread: what a neighbourhood without pulses reaches at most
STANDS_OUT = 4.0  # times the proof, and of that spread: a click beyond doubt among noise
PROMINENT = 0.3  # of its peak: where a click stands out however busy the neighbourhood is
DOUBLINGS = 8  # of the threshold, until a click is no longer than it may be
SMOOTH = ((16, 1), (48, 3), (1 << 30, 9))
"""A gap's samples at most, and over how many of them the click's power is smooth."""
Repair = tuple[int, np.ndarray]


def repairs(
    x: np.ndarray,
    places: list[Place],
    rate: int,
    order: int,
    longest: int,
    proof: float,
    seen: frozenset[Place] = frozenset(),
) -> list[Repair]:
    """The samples that take the clicks' place.

    Args:
        x: (T,) float32.
        places: ranges in which a click may be (see `clicks.candidates`).
        rate: Hz.
        order: of the predictor.
        longest: samples of the longest click.
        seen: places that need no second look.
        proof: how clear a click must be; 5 is hardly ever reached by what is none.

    Returns:
        (start, samples) for each click; what was no click or a too long one is left out.
    """
    room = side_frames(rate) - 2 * order - round(ATTEMPTS[-1][0] * rate)
    close = np.array([p for p in places if p[1] - p[0] < room and p not in seen], int)
    found: list[Repair] = []
    if not len(close):
        return found
    local = surroundings(x, close, places, rate, order)
    for widen_s, faint, margin, clear in ATTEMPTS:
        reach = order + round(widen_s * rate)
        start, length = _locate(local, reach, longest, x.size, faint, margin)
        fixed, solved = _solve(local, start, length, proof, clear)
        found.extend(fixed)
        if solved.all():
            break
        local = local.some(~solved)
    return found


def _locate(
    local: Local, reach: int, longest: int, total: int, faint: float, margin: int
) -> tuple[np.ndarray, np.ndarray]:
    """Where clicks are: the forward residual tells their beginning, the backward one their end.

    The threshold starts at the neighbourhood's level and doubles until a click is short enough.
    The first and last samples of the sound, `total` long, have no neighbours on both sides.

    Returns:
        (K,) start and (K,) length in samples, 0 for none.
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
    """(K, m) the samples joined to `peak` (K,) by high ones with at most `most` others between."""
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
    """Repairs of the located clicks, and (K,) which candidates they are of."""
    solved, found = np.zeros(length.size, bool), []
    lags = np.zeros((length.size, max(length.max(initial=0), local.order + 1)))
    lags[:, : local.order + 1] = linear_prediction.tap_lags(local.taps)
    for i in np.flatnonzero(length):
        gap = slice(start[i], start[i] + length[i])
        least = proof * np.sqrt(local.power[i, 0])
        for rounds in (1, ROUNDS):  # interpolation alone must make it plausible
            if _peak(local, i, gap) < least:
                break
            click = _click(local, i, gap, lags[i], rounds)
            least = proof * _peak(local, i, gap, click)
        else:
            solved[i] = _explained(local, i, gap, click, proof, clear)
        if solved[i]:
            fixed = (local.x[i, gap] - click).astype(np.float32)
            found.append((int(local.origin[i, 0]) + gap.start, fixed))
    return found, solved


def _peak(local: Local, i: int, gap: slice, click: np.ndarray | None = None) -> float:
    """Of the residual that samples in the gap matter to, without the click if there is one."""
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
        local: the sound around candidates.
        i: which of them.
        gap: its samples in `local`.
        lags: (G or more,) of A.
        rounds: of the fixed point; 1 interpolates all samples of the gap.
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
    """Whether the sound without the click is like the sound around it, and was not before.

    The residual's peak must fall below what the neighbourhood reaches, and by a factor that grows
    with the number of samples that were changed, and where the level steps at it, as at an onset.
    Among noise, where no pulse of the sound's own can be meant, it need not fall that far.
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
