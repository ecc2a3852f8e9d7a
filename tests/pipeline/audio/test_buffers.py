"""Blocks cover long sound once, and what was read leaves memory."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from pipeline.audio.buffers import LONG_SAMPLES, allocate, blocks, copied


@pytest.mark.parametrize("frames, size", [(1, 1), (10, 3), (12, 3), (5, 100)])
def test_blocks_cover_every_frame_once(frames: int, size: int) -> None:
    ranges = list(blocks(np.zeros((2, frames), np.float32), size=size))
    assert [stop - start for start, stop in ranges[:-1]] == [size] * (len(ranges) - 1)
    assert ranges[0][0] == 0 and ranges[-1][1] == frames
    assert all(one[1] == next_one[0] for one, next_one in itertools.pairwise(ranges))


def test_blocks_can_cover_a_part() -> None:
    assert list(blocks(np.zeros((1, 100)), frames=25, size=10)) == [(0, 10), (10, 20), (20, 25)]


def test_what_is_written_in_blocks_is_there_afterwards(long_sound_is_short: None) -> None:
    out, twice = allocate(2, 10_007), allocate(2, 10_007)
    for start, stop in blocks(out, twice):
        out[:, start:stop] = np.arange(start, stop)
        twice[:, start:stop] = 2 * out[:, start:stop]
    assert np.array_equal(out, np.tile(np.arange(10_007, dtype=np.float32), (2, 1)))
    assert np.array_equal(twice, 2 * out)


def test_a_copy_is_in_memory_and_keeps_its_values(long_sound_is_short: None) -> None:
    mapped = allocate(1, 5000)
    mapped[:] = np.arange(5000)
    copy = copied(mapped, 100, 4000)
    assert type(copy) is np.ndarray and copy.base is None
    assert np.array_equal(copy[0], np.arange(100, 4000))


def test_blocks_keep_resident_memory_bounded() -> None:
    def resident_mib() -> float:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.split("RssFile:")[1].split()[0]) / 1024

    mapped = allocate(2, 2 * LONG_SAMPLES)  # 64 MiB
    before, most = resident_mib(), 0.0
    for start, stop in blocks(mapped):
        mapped[:, start:stop] = 1.0
        most = max(most, resident_mib() - before)
    assert most < 12
