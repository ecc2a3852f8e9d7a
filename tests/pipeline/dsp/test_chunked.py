"""Windowed equals whole, whatever the window and the length."""

import numpy as np
import pytest

from pipeline.dsp import chunked
from pipeline.stage import Cancelled
from tests.support.ticks import Recorder

GRID, CONTEXT = 16, 40
TAPS = np.random.default_rng(3).standard_normal(2 * CONTEXT + 1).astype(np.float32)
LENGTHS = [1, 15, 16, 17, 63, 64, 65, 71, 72, 73, 127, 128, 129, 64 * 5 + 1, 1000]


def sound(length, channels=2):
    rng = np.random.default_rng(length)
    return rng.standard_normal((channels, length)).astype(np.float32)


def convolved(x, taps):
    """Linear phase, zeros beyond the ends."""
    padded = np.pad(x, ((0, 0), (len(taps) // 2, len(taps) // 2)))
    return np.stack([np.convolve(row, taps, mode="valid") for row in padded]).astype(np.float32)


def filtered(x):
    """Sees CONTEXT samples on either side."""
    return convolved(x, TAPS)


def on_a_grid(x):
    """Each sample becomes its frame's mean, then a filter: commutes with shifts by GRID only."""
    frames = np.pad(x, ((0, 0), (0, -x.shape[1] % GRID))).reshape(len(x), -1, GRID)
    held = np.repeat(frames.mean(axis=2), GRID, axis=1)[:, : x.shape[1]]
    return convolved(held, TAPS[CONTEXT - GRID : CONTEXT + GRID + 1])


def error_db(made, expected):
    return 10 * np.log10(np.sum((made - expected) ** 2) / np.sum(expected**2) + 1e-30)


@pytest.mark.parametrize("fn", [filtered, on_a_grid])
@pytest.mark.parametrize("payload", [16, 64, 100, 10_000])
@pytest.mark.parametrize("fade", [0, 8, 16])
def test_windowed_equals_whole(fn, payload, fade):
    for length in LENGTHS:
        x = sound(length)
        made = chunked.run(fn, x, payload=payload, context=CONTEXT, grid=GRID, fade=fade)
        assert made.shape == x.shape and made.dtype == np.float32
        assert error_db(made, fn(x)) < -100, length


def test_less_context_than_the_function_sees_is_noticed():
    x = sound(1000)
    made = chunked.run(filtered, x, payload=64, context=8, grid=1, fade=0)
    assert error_db(made, filtered(x)) > -40


def test_neighbours_that_disagree_are_mixed_with_gains_that_sum_to_one():
    levels = iter([1.0, 3.0, 1.0, 3.0])
    made = chunked.run(
        lambda x: np.full_like(x, next(levels)), sound(256, 1), payload=64, context=0, fade=16
    )
    assert made[0, 63] == 1 and made[0, 80] == 3 and made[0, 144] == 1
    rise = made[0, 64:80]
    assert np.all(np.diff(rise) > 0)
    np.testing.assert_allclose(rise + rise[::-1], 4, rtol=1e-6)


def test_windows_start_on_the_grid_and_are_no_longer_than_said():
    x = np.arange(1, 1001, dtype=np.float32)[None]
    seen = []

    def watch(window):
        seen.append((int(window[0, 0]) - 1, window.shape[1]))
        return window

    chunked.run(watch, x, payload=64, context=CONTEXT, grid=GRID, fade=8)
    assert all(start % GRID == 0 for start, _ in seen)
    assert max(size for _, size in seen) <= 48 + 64 + GRID + 48  # context, payload, fade, context
    assert len({size for _, size in seen[1:-2]}) == 1  # one size inside: nothing is set up anew


def test_progress_rises_from_zero_to_one():
    tick = Recorder()
    chunked.run(lambda x: x, sound(1000), payload=64, context=0, tick=tick)
    assert tick.rises_to_one() and len(tick.fractions) > 10


def test_cancelling_stops_before_the_next_window():
    calls = []

    def tick(fraction, what=""):
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        chunked.run(lambda x: calls.append(1) or x, sound(1000), payload=100, context=0, tick=tick)
    assert len(calls) == 4


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_a_number_never_leaves(bad):
    def fn(x):
        return np.where(x == x.max(), bad, x)

    with pytest.raises(ValueError, match="not numbers"):
        chunked.run(fn, sound(100), payload=64, context=0)


def test_a_function_that_changes_the_shape_is_refused():
    with pytest.raises(ValueError, match=r"expected \(2, 64\)"):
        chunked.run(lambda x: x[:, ::2], np.zeros((2, 100), np.float32), payload=64, context=0)


def test_a_function_may_give_more_rows_than_it_takes():
    """Two sources of each channel, (S, C, T), as S x C rows."""
    x = sound(700)

    def sources(window):
        return np.concatenate((filtered(window), window - filtered(window)))

    rows = 2 * len(x)
    out = chunked.run(sources, x, payload=128, context=CONTEXT, fade=16, rows=rows)
    assert out.shape == (rows, 700)
    np.testing.assert_allclose(out, sources(x), atol=1e-5)


def test_the_source_is_untouched_and_the_result_goes_where_told():
    x = sound(300)
    before, out = x.copy(), np.empty_like(x)
    x.setflags(write=False)
    assert chunked.run(filtered, x, payload=64, context=CONTEXT, out=out) is out
    np.testing.assert_array_equal(x, before)
    np.testing.assert_allclose(out, filtered(x), atol=1e-4)


def test_long_sound_gives_the_same_from_a_temporary_file(monkeypatch):
    from pipeline.audio import buffers

    x = sound(5000)
    expected = chunked.run(filtered, x, payload=512, context=CONTEXT, fade=32)
    monkeypatch.setattr(buffers, "LONG_SAMPLES", 10)
    mapped = buffers.allocate(*x.shape)
    assert isinstance(mapped, np.memmap)
    mapped[:] = x
    made = chunked.run(filtered, mapped, payload=512, context=CONTEXT, fade=32)
    assert isinstance(made, np.memmap)
    np.testing.assert_array_equal(made, expected)
