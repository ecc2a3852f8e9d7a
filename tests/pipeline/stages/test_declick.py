"""Declick: known clicks go, nothing else changes, and clean sound comes back as the same object."""

import numpy as np
import pytest
from scipy import signal

from pipeline.analysis.click_candidates import frames_over, prediction_errors
from pipeline.audio import buffers
from pipeline.audio.sound import Audio
from pipeline.degradation.additions import click_track as clicks
from pipeline.dsp import linear_prediction
from pipeline.stages import declick
from pipeline.stages.declick import Declick, clicks_per_minute
from tests.support.clicks import KINDS, RATE, adeclick, clean, snr_db

NEAR = 64  # samples around a click that belong to its gap


def sound(*rows):
    return Audio(np.stack(rows), RATE)


def drums():
    """(T,) hits out of silence: noise and a sinking tone that start at once and decay."""
    rng = np.random.default_rng(3)
    at = np.arange(RATE) / RATE
    beat = at % 0.2
    snare = rng.standard_normal(at.size) * np.exp(-60 * beat)
    kick = np.sin(2 * np.pi * 12 * (1 - np.exp(-30 * beat))) * np.exp(-12 * beat)
    return (0.2 * snare * (at < 0.5) + 0.8 * kick * (at >= 0.5)).astype(np.float32)


@pytest.fixture(scope="module")
def material():
    return clean("music", 6.0)[0]


@pytest.fixture(scope="module", params=sorted(KINDS))
def damage(request, material):
    return clicks(request.param, material, RATE, KINDS[request.param], seed=1)


@pytest.mark.parametrize("kind", ["speech", "music"])
def test_clean_sound_comes_back_as_it_is(kind):
    audio = sound(clean(kind, 3.0)[0], clean(kind, 3.0)[0, ::-1])
    assert Declick()(audio) is audio
    assert clicks_per_minute(audio) == 0


def test_three_decibels_more_than_adeclick_and_nothing_else_changes(material, damage, tmp_path):
    """On music. On speech made of bare pulses, adeclick finds more of the faint clicks."""
    bad, hit = material + damage, damage != 0
    made = Declick()(sound(bad)).samples[0]
    other = adeclick(bad, RATE, tmp_path)
    assert snr_db(material, made, hit) > snr_db(material, other, hit) + 3
    far = np.convolve(hit, np.ones(2 * NEAR + 1), "same") < 0.5
    np.testing.assert_array_equal(made[far], bad[far])


def test_a_sample_that_stands_out_of_a_tone_is_interpolated():
    clean_tone = (0.5 * np.sin(np.arange(RATE) / 20)).astype(np.float32)
    bad = clean_tone.copy()
    bad[20_000] = -0.9
    made = Declick()(sound(bad)).samples[0]
    assert abs(made[20_000] - clean_tone[20_000]) < 1e-3
    assert np.flatnonzero(made != bad).size <= 2 * NEAR


def test_only_the_channel_with_the_click_changes(material):
    bad = material.copy()
    bad[50_000] += 0.3
    made = Declick()(sound(bad, material)).samples
    np.testing.assert_array_equal(made[1], material)
    assert abs(made[0, 50_000] - material[50_000]) < 0.03


def test_a_click_in_digital_silence_leaves_silence():
    bad = np.zeros(RATE, np.float32)
    bad[20_000:20_005] = (0.3, -0.2, 0.1, -0.05, 0.02)
    assert np.abs(Declick()(sound(bad)).samples).max() < 1e-4


@pytest.mark.parametrize("name", ["onset", "drums", "clipped", "steps", "noise", "long"])
def test_what_only_looks_like_a_click_stays(name):
    rng = np.random.default_rng(0)
    at = np.arange(RATE)
    burst = clean("speech", 1.0)[0].copy()
    burst[20_000:21_000] += 0.3 * rng.standard_normal(1000).astype(np.float32)  # 21 ms
    voice = clean("speech", 1.0)[0]
    rows = {
        "onset": np.where(at < 20_000, 0, 0.5 * np.sin(at / 10)),
        "drums": drums(),
        "clipped": np.clip(voice, -0.15, 0.15),
        "steps": 0.5 * signal.square(2 * np.pi * 110 * at / RATE),
        "noise": 0.1 * rng.standard_normal(RATE),
        "long": burst,
    }
    audio = sound(rows[name].astype(np.float32))
    assert Declick()(audio) is audio


@pytest.mark.parametrize("length", [1, 2, 50, 1000, 5000])
@pytest.mark.parametrize("rate", [8000, 192_000])
def test_any_length_at_any_rate(length, rate):
    x = np.zeros((1, length), np.float32)
    x[0, length // 2] = 0.5
    made = Declick()(Audio(x, rate)).samples
    assert made.shape == x.shape and np.isfinite(made).all()


def test_windows_give_what_the_whole_gives(material, damage, monkeypatch):
    bad = sound(material + damage)
    whole = Declick()(bad).samples
    monkeypatch.setattr(buffers, "BLOCK_FRAMES", 4096)
    np.testing.assert_allclose(Declick()(bad).samples, whole, rtol=0, atol=1e-6)


def test_frames_over_changes_are_those_that_see_them():
    rng = np.random.default_rng(0)
    for length in (1, 511, 1024, 1025, 20_000):
        x = rng.standard_normal(length).astype(np.float32)
        bad, at = x.copy(), rng.integers(length)
        bad[at] += 1
        before, after = (prediction_errors(y, RATE, 8) for y in (x, bad))
        which = frames_over(x != bad, RATE)
        assert set(np.flatnonzero((before != after).any(1))) <= set(which)
        before[which] = prediction_errors(bad, RATE, 8, which)
        np.testing.assert_allclose(before, after, atol=1e-5)


def test_a_click_in_noise_is_found():
    rng = np.random.default_rng(1)
    hiss = (0.1 * rng.standard_normal(RATE)).astype(np.float32)
    bad = hiss.copy()
    bad[20_000:20_030] += (2 * rng.standard_normal(30)).astype(np.float32)
    made = Declick()(sound(bad)).samples[0]
    assert np.abs(made - hiss)[20_000:20_030].max() < 0.5
    assert np.flatnonzero(made != bad).size <= 2 * NEAR


def test_longer_clicks_are_left_alone_until_the_knob_allows_them(material):
    bad = sound(material + clicks("bursts", material, RATE, 60, seed=1))
    short, long = (Declick(longest_ms=longest_ms)(bad).samples for longest_ms in (0.1, 3))
    assert np.count_nonzero(short != bad.samples) < 0.1 * np.count_nonzero(long != bad.samples)


def test_more_sensitivity_finds_more(material):
    bad = sound(material + clicks("crackle", 0.1 * material, RATE, 300))
    counts = [
        np.count_nonzero(Declick(sensitivity)(bad).samples != bad.samples)
        for sensitivity in (0, 50, 100)
    ]
    assert counts[0] <= counts[1] <= counts[2] and counts[0] < counts[2]


def test_clicks_are_counted():
    material = clean("music", 6.0)[0]
    bad = material + clicks("impulses", material, RATE, 120, seed=4)
    assert clicks_per_minute(sound(material, bad)) == pytest.approx(120, rel=0.2)


def test_levinson_finds_the_filter_that_made_the_sound():
    taps = np.array([1, -1.6, 0.9, -0.2])
    response = signal.lfilter([1], taps, np.eye(1, 4000)[0])
    lags = np.array([[response[: 4000 - k] @ response[k:] for k in range(4)]])
    np.testing.assert_allclose(linear_prediction.levinson(lags)[0], taps, atol=1e-9)


def test_the_predictor_of_good_samples_agrees_with_least_squares():
    rng = np.random.default_rng(0)
    x, order = signal.lfilter([1], [1, -1.5, 0.8], rng.standard_normal(512))[None], 5
    good = np.ones(x.shape, bool)
    good[0, 100:120] = good[0, 130] = False
    taps = linear_prediction.modified_covariance(x, np.fft.rfft(x), good, order)[0]
    rows = np.lib.stride_tricks.sliding_window_view(x[0], order + 1)
    rows = rows[np.lib.stride_tricks.sliding_window_view(good[0], order + 1).all(1)]
    rows = np.concatenate([rows, rows[:, ::-1]])
    expected = np.linalg.lstsq(rows[:, :order], -rows[:, order], rcond=None)[0]
    np.testing.assert_allclose(taps, [*expected, 1], atol=1e-5)


def test_the_reach_of_a_window_covers_two_passes():
    assert declick.context_frames(RATE) > 0.1 * RATE
