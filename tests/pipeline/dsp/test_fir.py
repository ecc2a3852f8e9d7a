"""High-pass filters are those of `scipy.signal`, to the last bit, and do not need it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy import signal

from pipeline.dsp import fir


@pytest.mark.parametrize("keep_below_hz, rate", [(300.0, 16_000), (7_000.5, 48_000)])
def test_taps_are_those_of_scipy(keep_below_hz: float, rate: int) -> None:
    count, beta = signal.kaiserord(fir.REJECTION_DB, fir.WIDTH_HZ / (rate / 2))
    edge_hz = keep_below_hz + fir.WIDTH_HZ / 2
    taps = -signal.firwin(count | 1, edge_hz, window=("kaiser", beta), fs=rate)
    taps /= -taps.sum()
    taps[len(taps) // 2] += 1
    assert np.array_equal(fir.high_pass(keep_below_hz, rate), taps.astype(np.float32))


@pytest.mark.parametrize("frames", [400, 1102, 1103, 5_760, 5_761, 52_100, 100_001])
def test_convolution_is_that_of_scipy(frames: int) -> None:
    taps = fir.high_pass(7_000, 48_000)
    x = np.random.default_rng(frames).standard_normal((2, frames)).astype(np.float32)
    expected = signal.oaconvolve(x, taps[None], axes=1)[:, len(taps) // 2 :][:, :frames]
    assert np.array_equal(fir.filtered(x, taps), expected)


def test_restoring_with_a_network_does_not_import_scipy_signal() -> None:
    """It takes half a second, and what it gives is here without it."""
    code = (
        "import sys, numpy as np, pipeline; sound = np.random.default_rng(0).standard_normal("
        "(1, 16000)).astype(np.float32) / 9; audio = pipeline.Audio(sound, 16_000);"
        "pipeline.restore(audio, 'band-limited-speech'); assert 'torch' in sys.modules;"
        "assert 'scipy.signal' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
