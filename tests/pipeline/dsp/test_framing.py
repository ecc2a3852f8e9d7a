"""Frames are the samples they cover."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.dsp.framing import frames, frames_at


@pytest.mark.parametrize("shape", [(50,), (2, 50), (3, 2, 50)])
@pytest.mark.parametrize("size, hop", [(1, 1), (8, 3), (8, 8), (50, 7)])
def test_frames_are_slices(shape: tuple[int, ...], size: int, hop: int) -> None:
    x = np.arange(np.prod(shape)).reshape(shape)
    expected = [x[..., at : at + size] for at in range(0, 50 - size + 1, hop)]
    assert np.array_equal(frames(x, size, hop), np.stack(expected, axis=-2))


def test_frames_at_given_places() -> None:
    x = np.arange(20, dtype=np.float32).reshape(2, 10)
    found = frames_at(x, np.array([0, 3, 6]), 4)
    assert np.array_equal(found[1], [[10, 11, 12, 13], [13, 14, 15, 16], [16, 17, 18, 19]])
    assert found.flags.owndata


def test_a_short_sound_gives_a_short_frame() -> None:
    assert frames_at(np.zeros((2, 3), np.float32), np.array([0]), 8).shape == (2, 1, 3)
