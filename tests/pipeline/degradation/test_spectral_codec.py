"""The spectral codec: near the voice at its best, as far as asked for at its worst."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.audio.sound import Audio
from pipeline.degradation.random_chain import speech_codec_damage
from pipeline.degradation.spectral_codec import RATE, SpectralCodec
from pipeline.evaluation.metrics import lsd, si_sdr_db
from tests.support.sounds import speech

BEST = {"bands": 200, "frames": 1, "step_db": 0.0, "error_db": 0.0, "depth_db": 120.0,
        "coherence": 1.0, "coherent_hz": 24_000.0, "floor_db": -140.0}  # fmt: skip


@pytest.fixture(scope="module")
def voice() -> Audio:
    return Audio(speech(2.0, RATE)[:1], RATE)


def test_without_errors_the_voice_comes_back(voice) -> None:
    coded = SpectralCodec(**BEST)(voice)
    assert coded.samples.shape == voice.samples.shape
    assert si_sdr_db(coded.samples, voice.samples) > 15


def test_errors_of_levels_and_loose_phases_move_it_away_step_by_step(voice) -> None:
    far = [
        lsd(SpectralCodec(**{**BEST, **worse})(voice).samples, voice.samples, RATE, 0, 8000)
        for worse in ({}, {"coherence": 0.0}, {"coherence": 0.0, "error_db": 8.0})
    ]
    assert far[0] < far[1] < far[2]


def test_noise_of_the_right_levels_is_as_far_as_two_noises_of_one_level() -> None:
    """The logarithm of two independent powers differs by 0.79 decades in the mean square."""
    hiss = 0.1 * np.random.default_rng(0).standard_normal((1, 2 * RATE)).astype(np.float32)
    coded = SpectralCodec(**{**BEST, "coherence": 0.0})(Audio(hiss, RATE)).samples
    assert lsd(coded, hiss, RATE, 1000, 11_000) == pytest.approx(0.79, abs=0.04)
    assert 20 * np.log10(coded.std() / hiss.std()) == pytest.approx(0, abs=0.5)


def test_its_floor_fills_the_pauses_and_silence_stays_silent(voice) -> None:
    samples = voice.samples.copy()
    samples[:, RATE:] *= 1e-6
    coded = SpectralCodec(**{**BEST, "floor_db": -60.0})(Audio(samples, RATE)).samples
    pause = coded[0, RATE + 2000 : -2000]
    assert 20 * np.log10(pause.std()) == pytest.approx(-60, abs=1)
    silence = Audio(np.zeros((1, 100), np.float32), RATE)
    assert SpectralCodec()(silence) is silence


def test_drawn_codecs_keep_the_length_and_repeat_by_their_seed(voice) -> None:
    for seed in range(8):
        coded = [speech_codec_damage(np.random.default_rng(seed))(voice).samples for _ in "ab"]
        assert coded[0].shape == voice.samples.shape
        np.testing.assert_array_equal(*coded)
