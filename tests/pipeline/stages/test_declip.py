"""Declip: clipped peaks come nearer the original, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.analysis.clipping import clip_levels
from pipeline.audio.sound import Audio
from pipeline.stages.declip import HIGHEST, Declip, _GaborFrame
from tests.support.noise_sounds import RATE as MUSIC_RATE
from tests.support.noise_sounds import music
from tests.support.sounds import speech

RATE = 16_000


def sdr_db(clean: np.ndarray, estimate: np.ndarray) -> float:
    return float(10 * np.log10(np.square(clean).sum() / np.square(clean - estimate).sum()))


def clipped(x: np.ndarray, by_db: float) -> np.ndarray:
    level = np.abs(x).max() * 10 ** (-by_db / 20)
    return np.clip(x, -level, level)


@pytest.fixture(scope="module")
def voice() -> np.ndarray:
    return speech(4.0, RATE, 0).astype(np.float32)


@pytest.mark.parametrize(("by_db", "gain_db"), [(3, 3), (6, 5), (12, 3)])
def test_speech_comes_nearer_the_original(voice, by_db, gain_db) -> None:
    bad = clipped(voice, by_db)
    made = Declip()(Audio(bad, RATE)).samples
    assert sdr_db(voice, made) > sdr_db(voice, bad) + gain_db


def test_only_clipped_samples_change_and_they_rise(voice) -> None:
    bad = clipped(voice, 6)
    made = Declip()(Audio(bad, RATE)).samples
    top = np.abs(bad).max()
    at_top = np.abs(bad) > 0.997 * top
    np.testing.assert_array_equal(made[~at_top], bad[~at_top])
    rise = np.abs(made[at_top]) - np.abs(bad[at_top])
    assert (rise >= 0).all() and rise.max() > 0.1 * top and np.abs(made).max() <= HIGHEST * top


def test_a_recording_that_is_not_clipped_is_returned_itself(voice) -> None:
    sound = Audio(voice, RATE)
    assert Declip()(sound) is sound


def test_a_polarity_and_a_channel_that_are_not_clipped_stay_as_they_are(voice) -> None:
    half = np.minimum(voice, 0.4 * voice.max())
    sound = Audio(np.concatenate([half, 0.5 * voice]), RATE)
    levels = clip_levels(sound)
    assert np.isfinite(levels).tolist() == [[False, True], [False, False]]
    made = Declip()(sound).samples
    np.testing.assert_array_equal(made[1], sound.samples[1])
    negative = sound.samples[0] < 0
    np.testing.assert_array_equal(made[0, negative], half[0, negative])


def test_noise_that_nobody_can_predict_is_not_made_worse() -> None:
    noise = np.random.default_rng(0).standard_normal((1, 3 * RATE)).astype(np.float32) / 5
    bad = clipped(noise, 9)
    assert sdr_db(noise, Declip()(Audio(bad, RATE)).samples) > sdr_db(noise, bad) - 0.2


def test_a_level_of_ones_own_is_where_restoring_begins(voice) -> None:
    bad = clipped(voice, 6)
    level_db = 20 * np.log10(np.abs(bad).max())
    own = Declip(level_db=float(level_db))(Audio(bad, RATE)).samples
    assert sdr_db(voice, own) > sdr_db(voice, bad) + 5


def test_the_frame_is_tight(rng) -> None:
    frame = _GaborFrame(64, 1024)
    x = rng.standard_normal(1024).astype(np.float32)
    inner = slice(64, -64)
    np.testing.assert_allclose(frame.synthesis(frame.analysis(x))[inner], x[inner], atol=1e-5)


def test_music_of_few_tones_comes_nearer_the_original() -> None:
    clean = music(3.0)
    bad = np.atleast_2d(clipped(clean, 9)).astype(np.float32)
    level_db = float(20 * np.log10(np.abs(bad).max()))
    made = Declip(level_db=level_db)(Audio(bad, MUSIC_RATE)).samples
    assert sdr_db(clean, made) > sdr_db(clean, bad) + 0.3
