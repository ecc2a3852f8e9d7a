"""Every degradation keeps rate, channels, length and its input, for sounds of any size."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.audio.sound import Audio
from pipeline.degradation import additions, effects
from pipeline.degradation.codecs import CODECS, Codec
from pipeline.degradation.neural_codecs import NeuralCodec
from pipeline.degradation.telephone_codecs import TelephoneCodec
from pipeline.stage import Stage
from tests.support.sounds import speech

DEGRADATIONS = [
    *(effects.BandLimit(family=family) for family in effects.FAMILIES),
    *(effects.BandLimit(500.0, family, 16) for family in effects.FAMILIES),
    *(Codec(name, rate=rate) for name in CODECS for rate in (16_000, 44_100)),
    *(effects.MuLaw(), effects.Telephone(), effects.Crush(2), effects.Noise()),
    *(effects.SoftClip(), effects.HardClip(), effects.Echoes(), NeuralCodec()),
    *(effects.Resample(5000.0, method) for method in effects.METHODS),
    *(additions.NoiseAtSnr(), additions.Dither(), additions.Hum(), additions.Clicks()),
    *(TelephoneCodec("g711_a_law"), TelephoneCodec("gsm")),
]
MAKE_SOUND = ("Noise", "Dither", "Hum", "MuLaw", "Telephone")  # noise, and steps that have no zero


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rate", [8000, 44_100, 192_000])
@pytest.mark.parametrize("degradation", DEGRADATIONS, ids=str)
def test_the_form_is_kept(degradation: Stage, rate: int) -> None:
    for channels, frames in ((1, 1), (2, 1), (3, 2), (2, 17), (8, 600), (3, 10_007)):
        sound = Audio(np.repeat(speech(1.0)[:, :frames], channels, axis=0), rate)
        before = sound.samples.copy()
        degraded = degradation(sound)
        assert (degraded.rate, degraded.samples.shape) == (rate, sound.samples.shape)
        assert degraded.samples.dtype == np.float32
        np.testing.assert_array_equal(sound.samples, before)


@pytest.mark.parametrize("degradation", DEGRADATIONS, ids=str)
def test_silence_stays_silent(degradation: Stage) -> None:
    degraded = degradation(Audio(np.zeros((2, 10_007), np.float32), 44_100))
    assert type(degradation).__name__ in MAKE_SOUND or np.abs(degraded.samples).max() < 1e-30


def test_more_than_two_channels_go_through_a_codec_in_pairs() -> None:
    sound = Audio(np.concatenate([speech(0.5, seed=seed) for seed in range(3)]), 48_000)
    codec = Codec("mp3")
    whole = codec(sound).samples
    np.testing.assert_array_equal(whole[:2], codec(Audio(sound.samples[:2], 48_000)).samples)
    np.testing.assert_array_equal(whole[2:], codec(Audio(sound.samples[2:], 48_000)).samples)
