"""The measured bandwidth of synthetic speech and noise after known filters."""

import functools
import time

import numpy as np
import pytest
import soxr
from scipy import signal

from pipeline.analysis.bandwidth import effective_bandwidth_hz
from pipeline.audio.sound import Audio
from tests.support.sounds import speech, windowed_sinc

RATE = 48_000


@functools.cache
def noise(seconds=3.0, seed=1):
    white = np.random.default_rng(seed).standard_normal((1, int(seconds * RATE)))
    return (0.2 * white).astype(np.float32)


def resampled(x, cutoff):
    """Down to a rate whose soxr pass band ends (-6 dB) at the cut-off, and back."""
    low = round(2 * cutoff / 0.955)
    down = soxr.resample(x.T, RATE, low)
    return soxr.resample(down, low, RATE).T


def butterworth(x, cutoff, order):
    return signal.sosfilt(signal.butter(order, cutoff, fs=RATE, output="sos"), x)


def with_dither(x, seed=0):
    dither = np.random.default_rng(seed).uniform(-0.5, 0.5, (2, *x.shape)).sum(axis=0)
    return np.round(x * 32767 + dither) / 32768


def measured(x, rate=RATE):
    return effective_bandwidth_hz(Audio(np.ascontiguousarray(x, np.float32), rate))


@pytest.mark.parametrize("cutoff", [2000, 3400, 4000, 5500, 8000, 12_000, 16_000])
@pytest.mark.parametrize("make", [speech, noise])
@pytest.mark.parametrize("limit", [windowed_sinc, resampled])
@pytest.mark.parametrize("end", [lambda x: x, with_dither])
def test_a_steep_cut_is_found_within_five_per_cent(cutoff, make, limit, end):
    assert measured(end(limit(make(), cutoff))) == pytest.approx(cutoff, rel=0.05)


@pytest.mark.parametrize("order", [6, 8, 12])
@pytest.mark.parametrize("cutoff", [2000, 4000, 8000, 10_000])
@pytest.mark.parametrize("make", [speech, noise])
def test_a_butterworth_cut_is_found_at_its_minus_3_db_point(order, cutoff, make):
    assert measured(butterworth(make(), cutoff, order)) == pytest.approx(cutoff, rel=0.12)


@pytest.mark.parametrize("make", [speech, noise, lambda: with_dither(speech())])
def test_full_band_sound_reaches_half_the_rate(make):
    assert measured(make()) > 0.97 * RATE / 2


@pytest.mark.parametrize("cutoff", [4000, 8000])
def test_steady_hiss_above_the_cut_is_not_bandwidth(cutoff):
    limited = windowed_sinc(speech(), cutoff)
    hiss = 10 ** (-66 / 20) * np.random.default_rng(5).standard_normal(limited.shape)
    assert measured(limited + hiss) == pytest.approx(cutoff, rel=0.08)


def test_a_whistle_above_the_cut_is_not_bandwidth():
    limited = windowed_sinc(speech(), 6000)
    whistle = 0.003 * np.sin(2 * np.pi * 15_625 * np.arange(limited.shape[1]) / RATE)
    assert measured(limited + whistle) == pytest.approx(6000, rel=0.05)


@pytest.mark.parametrize("seconds", [0.6, 1.0, 2.0])
@pytest.mark.parametrize("clicks_per_second", [1, 3, 6])
@pytest.mark.parametrize("level_db", [-70, -25, -15])
def test_clicks_do_not_hide_a_cut(seconds, clicks_per_second, level_db):
    rng = np.random.default_rng(0)
    limited = windowed_sinc(speech(), 6000)[:, RATE // 2 :][:, : round(seconds * RATE)].copy()
    at = rng.integers(0, limited.shape[1], max(2, round(clicks_per_second * seconds)))
    limited[0, at] += np.abs(limited).max() * 10 ** (level_db / 20)
    assert measured(limited) == pytest.approx(6000, rel=0.1)


def test_a_natural_fade_is_not_a_cut():
    falling = signal.lfilter([0.06], [1, -0.94], noise())  # 6 dB an octave
    falling = signal.lfilter([0.2], [1, -0.8], falling)  # 12 dB above 1.7 kHz
    assert measured(falling) > 0.97 * RATE / 2


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 96_000, 192_000])
def test_every_rate_has_its_own_half(rate):
    full = 0.1 * np.random.default_rng(2).standard_normal((2, 3 * rate))
    assert measured(full, rate) == rate / 2
    cut = signal.oaconvolve(full, signal.firwin(801, 3200, fs=rate)[None], mode="same", axes=1)
    assert measured(cut, rate) == pytest.approx(3200, rel=0.05 if rate < 96_000 else 0.08)


@pytest.mark.parametrize(
    "name, kbps, low, high", [("mp3", 32, 7000, 9000), ("opus", 12, 7500, 9000)]
)
def test_codecs_have_known_limits(name, kbps, low, high):
    from pipeline.degradation.codecs import Codec

    coded = Codec(name, kbps)(Audio(speech(), RATE))
    assert low < effective_bandwidth_hz(coded) < high


@pytest.mark.parametrize("frames", [1, 100, 2048, 5000])
def test_short_sound_and_silence_have_no_cut_to_find(frames):
    assert 0 < measured(np.full((1, frames), 0.1)) <= RATE / 2
    assert measured(np.zeros((2, frames))) == RATE / 2


def test_the_loudest_channel_counts():
    both = np.concatenate((windowed_sinc(speech(), 4000), speech(seed=3)))
    assert measured(both) > 0.97 * RATE / 2


def test_five_minutes_take_less_than_a_second():
    long = Audio(np.tile(noise(), 100), RATE)
    started = time.process_time()
    effective_bandwidth_hz(long)
    assert time.process_time() - started < 1
