"""Any (C, T) -> (R, T) function over sound of any length, in bounded memory and without seams.

    sound     |=======================================================|
    window 0  |######################~~~~|......|
    window 1                   |.....|~~~~##################~~~~|.....|
    window 2                                          |.....|~~~~#####|
                               ^ on the grid

    #  payload, kept
    ~  fade: neighbours both computed it and are mixed with gains that sum to one
    .  context, computed and thrown away: at least as much as the function can see

At the ends of the sound a window ends too, so that the function's own padding acts there exactly as
it would on the whole. The fade mixes two equal signals; it only hides their rounding errors.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipeline.audio.buffers import allocate, release
from pipeline.stage import Tick, no_tick

Function = Callable[[np.ndarray], np.ndarray]


def run(
    fn: Function,
    source: np.ndarray,
    *,
    payload: int,
    context: int,
    grid: int = 1,
    fade: int = 0,
    tick: Tick = no_tick,
    out: np.ndarray | None = None,
    rows: int | None = None,
) -> np.ndarray:
    """`fn` of the whole `source`, computed window by window.

    Args:
        fn: maps (C, n) float32 to (rows, n); may not change its argument.
        source: (C, T) float32, T >= 1; may be a memory map, whose pages are released once read.
        payload: samples a window contributes; rounded up to a multiple of `grid`.
        context: samples on either side that may influence an output sample of `fn`; rounded up too.
        grid: `fn` commutes only with shifts by multiples of this many samples, so that is where
            windows start.
        fade: samples that neighbouring payloads share, at most `payload`.
        tick: called with the fraction done before the first and after every window.
        out: (rows, T) float32 to write into; allocated when None. May not be `source`.
        rows: of the result, such as sources x channels; C where None.

    Returns:
        `out`, (rows, T) float32.

    Raises:
        ValueError: `fn` gave another shape, or made a value that is not finite.
    """
    length, rows = source.shape[1], source.shape[0] if rows is None else rows
    payload, context = _round_up(max(payload, 1), grid), _round_up(context, grid)
    if not 0 <= fade <= payload:
        raise ValueError(f"fade: got {fade} samples, expected 0 to the payload's {payload}")
    if out is None:
        out = allocate(rows, length)
    rise = _rise(fade)
    tick(0.0)
    for start in range(0, max(length - fade, 1), payload):
        stop = min(start + payload + fade, length)
        first, last = max(start - context, 0), min(_round_up(stop, grid) + context, length)
        result = _checked(fn, np.array(source[:, first:last], dtype=np.float32), rows)
        result = result[:, start - first : stop - first]
        if start:
            result[:, :fade] *= rise
            out[:, start : start + fade] *= 1 - rise
            out[:, start : start + fade] += result[:, :fade]
            out[:, start + fade : stop] = result[:, fade:]
        else:
            out[:, :stop] = result
        next_first = length if stop == length else start + payload
        release(source, first, max(next_first - context, first))
        release(out, start, next_first)
        tick(stop / length)
    return out


def _round_up(value: int, grid: int) -> int:
    return -(-value // grid) * grid


def _rise(fade: int) -> np.ndarray:
    """Raised cosine from 0 to 1, symmetric: with its mirror image it sums to one."""
    return (0.5 - 0.5 * np.cos(np.pi * (np.arange(fade) + 0.5) / max(fade, 1))).astype(np.float32)


def _checked(fn: Function, window: np.ndarray, rows: int) -> np.ndarray:
    result, expected = fn(window), (rows, window.shape[1])
    if result.shape != expected:
        raise ValueError(f"windows: got {result.shape} for {window.shape}, expected {expected}")
    if not np.isfinite(result).all():
        raise ValueError("the model made values that are not numbers; nothing was written")
    return result if result.flags.writeable else result.copy()
