"""Clicks taken out of sound: located, weighed sample by sample against what the sound predicts.

Around a candidate the sound is autoregressive, x = prediction + e with e of a known power; a click
adds to some samples a difference of unknown power, which is estimated for each sample of the gap.
A sample without a click comes out as it went in, one that a click buried is interpolated from both
sides, one in the tail of a click is something between: its most probable value. What is left must
then look like the sound around it, or else it was no click and nothing is changed.

All candidates of a window are worked on at once; K counts them, n the samples around each.

Source: Janssen, Veldhuis and Vries, "Adaptive interpolation of discrete-time signals that can be
modeled as autoregressive processes", IEEE Trans. ASSP 34 (1986), the interpolation; Godsill and
Rayner, "Digital Audio Restoration" (1998), chapters 5 and 9; MacKay, "Bayesian interpolation",
Neural Computation 4 (1992), the estimate of each power.
"""

from __future__ import annotations

import numpy as np

from pipeline.clicks import QUIET, Place
from pipeline.surroundings import Local, side_frames, surroundings

ROUNDS = 12  # of the estimate of powers
RIDGE = 1e-12  # of the gap's equations
UNEXPLAINED = 1.5  # times what the neighbourhood reaches: what may be left of a click
ATTEMPTS = ((0.0, 1e-3, 4, 0.0), (0.001, 1e-4, 8, 3e-3))
"""A gap is tried wider where it did not explain the click: seconds searched on either side, share
of the click's peak that is searched for, samples of margin, and share of the click's residual that
may be left however quiet the neighbourhood is."""
PROMINENT = 0.3  # of its peak: where a click stands out however busy the neighbourhood is
DOUBLINGS = 8  # of the threshold, until a click is no longer than it may be
SIZES = ((16, 1), (48, 3), (1 << 30, 9))
"""Gaps of similar length are worked on together: samples at most, and samples over which the
click's power is smooth."""
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
    solved, found, shortest = np.zeros(length.size, bool), [], 0
    for size, smooth in SIZES:
        (group,) = np.nonzero((length > shortest) & (length <= size))
        shortest = size
        if not group.size:
            continue
        some = local.some(group)
        at = start[group, None] + np.arange(length[group].max())
        live = np.arange(at.shape[1]) < length[group, None]
        click = _click(some, at, live, smooth)
        real = _explained(some, at, live, click, proof, clear)
        solved[group] = real
        rows = np.arange(group.size)[:, None]
        fixed = (some.x[rows, np.minimum(at, some.x.shape[1] - 1)] - click).astype(np.float32)
        for i in np.flatnonzero(real):
            found.append((int(some.origin[i, 0] + at[i, 0]), fixed[i, live[i]]))
    return found, solved


def _click(local: Local, at: np.ndarray, live: np.ndarray, smooth: int) -> np.ndarray:
    """The most probable click in each gap.

    With S the covariance of the gap given the sound around it, m its mean, and D the powers of the
    click's samples, the click is expected to be D (S + D)^-1 (x - m); D follows MacKay's fixed
    point. S is the residual's power times T^-1, where T holds the autocorrelation of A's taps, and
    x - m is T^-1 times A forwards and backwards over x.

    Args:
        at: (K, G) the gap's samples in the surroundings.
        live: (K, G) False for samples that only fill up the shorter gaps.
        smooth: samples over which the powers are averaged.
    """
    taps, size, p = local.taps, at.shape[1], local.order
    lags = np.zeros((len(taps), max(size, p + 1)))
    for lag in range(p + 1):
        lags[:, lag] = (taps[:, : p + 1 - lag] * taps[:, lag:]).sum(1)
    index = np.arange(size)
    precision = lags[:, np.abs(index[:, None] - index)] * (live[:, None] & live[:, :, None])
    precision[:, index, index] += np.where(live, RIDGE * lags[:, :1], lags[:, :1])
    inverse = np.linalg.inv(precision)
    pull = np.take_along_axis(local.both, np.minimum(at, local.x.shape[1] - 1), 1) * live
    surprise = (inverse @ pull[:, :, None])[:, :, 0]
    covariance = local.power[:, :, None] * inverse
    from scipy import ndimage

    powers = np.square(surprise) + covariance[:, index, index]
    for _ in range(ROUNDS):
        total = covariance.copy()
        total[:, index, index] += powers
        gain = np.linalg.inv(total)
        click: np.ndarray = powers * (gain @ surprise[:, :, None])[:, :, 0]
        powers = np.square(click) / np.maximum(powers * gain[:, index, index], 1e-12)
        if smooth > 1:
            powers = ndimage.uniform_filter1d(powers, smooth, axis=1, mode="constant")
    return click


def _explained(
    local: Local, at: np.ndarray, live: np.ndarray, click: np.ndarray, proof: float, clear: float
) -> np.ndarray:
    """(K,) whether the sound without the click is like the sound around it, and was not before.

    The residual's peak must fall below what the neighbourhood reaches, and by a factor that grows
    with the number of samples that were changed, and where the level steps at it, as at an onset.
    """
    p, size, n = local.order, at.shape[1], local.x.shape[1]
    length = live.sum(1, keepdims=True)
    span = np.minimum(at[:, :1] + np.arange(size + p), n - 1)
    residual = np.take_along_axis(local.ahead, span, 1) * (np.arange(size + p) < length + p)
    before = np.abs(residual).max(1, keepdims=True)
    for lag in range(p + 1):
        residual[:, lag : lag + size] -= local.taps[:, p - lag, None] * click
    after = np.maximum(np.abs(residual).max(1, keepdims=True), 1e-12)
    index = np.arange(n)
    levels = [
        np.square(local.x * side).sum(1, keepdims=True) + n * QUIET**2
        for side in (
            (index >= at[:, :1] - local.near) & (index < at[:, :1]),
            (index >= at[:, :1] + length) & (index < at[:, :1] + length + local.near),
        )
    ]
    step = np.sqrt(np.maximum(levels[0], levels[1]) / np.minimum(levels[0], levels[1]))
    count = np.square(np.abs(click).sum(1)) / np.maximum(np.square(click).sum(1), 1e-24)
    enough = before > proof * after * np.sqrt(count[:, None] * step)
    allowed = np.maximum(UNEXPLAINED * local.usual_ahead, clear * before)
    return (enough & (after < allowed))[:, 0]
