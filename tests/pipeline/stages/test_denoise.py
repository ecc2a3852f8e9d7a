"""Denoise and the noise floor: how much is measured, what goes, and what must not be touched."""

import numpy as np
import pytest

from pipeline.analysis.minimum_statistics import sub_windows
from pipeline.analysis.noise_floor import LOWEST_DB, measure, noise_track
from pipeline.audio.sound import Audio
from pipeline.dsp import stft
from pipeline.dsp.stft import Stft
from pipeline.evaluation.metrics import lsd, si_sdr_db
from pipeline.stages.denoise import Denoise, box_mean
from tests.support import noise_sounds
from tests.support.noise_sounds import RATE, drums, music, noise, noisy, onset_db, speech

CLEAN = {"speech": speech, "music": music}


def change_db(made: Audio, sound: Audio) -> float:
    change = np.square(made.samples - sound.samples, dtype=np.float64).sum()
    return float(10 * np.log10(change / np.square(sound.samples).sum() + 1e-20))


@pytest.mark.parametrize("rate", [8000, 44_100])
@pytest.mark.parametrize("level_db", [-70.0, -30.0])
def test_the_floor_of_noise_is_its_level(rate, level_db):
    x = 10 ** (level_db / 20) * noise("white", (2, 5 * rate))
    assert measure(Audio(x, rate)).noise_dbfs == pytest.approx(level_db, abs=1.0)


@pytest.mark.parametrize("name", CLEAN)
@pytest.mark.parametrize("snr_db", [10.0, 30.0])
def test_the_floor_under_a_sound_is_that_of_the_noise(name, snr_db):
    clean = CLEAN[name]()
    found = measure(Audio(noisy(clean, snr_db), RATE))
    level_db = 10 * np.log10(np.square(clean).mean()) - snr_db
    assert found.noise_dbfs == pytest.approx(level_db, abs=2.0)
    assert found.snr_db == pytest.approx(snr_db, abs=2.0)


def test_silence_has_the_lowest_floor():
    assert measure(Audio(np.zeros((1, RATE)), RATE)).noise_dbfs == LOWEST_DB
    assert measure(Audio(np.zeros((1, 1)), RATE)).noise_dbfs == LOWEST_DB


def test_the_floor_follows_noise_that_grows():
    x = noise("white", (1, 40 * 8000))
    x[:, : 20 * 8000] *= 0.01
    x[:, 20 * 8000 :] *= 0.1
    track = noise_track(Audio(x, 8000), Stft.of_rate(8000)).mean(axis=(1, 2))
    assert 10 * np.log10(track[5]) == pytest.approx(-40, abs=1)
    assert 10 * np.log10(track[-5]) == pytest.approx(-20, abs=1)


def test_flatness_tells_noise_from_a_tone():
    stft, at = Stft.of_rate(RATE), np.arange(5 * RATE) / RATE
    for sound, flatness_db in ((noise("white", at[None].shape), -2.4), (None, 0.0)):
        x = np.sin(2 * np.pi * 50 * RATE / stft.n_fft * at)[None] if sound is None else sound
        found = sub_windows(Audio(0.1 * x, RATE), stft)
        assert found.flatness_db[:-1, 0, 50].mean() == pytest.approx(flatness_db, abs=0.6)


@pytest.mark.parametrize("name", CLEAN)
@pytest.mark.parametrize("kind", ["white", "pink"])
@pytest.mark.parametrize("snr_db", [0.0, 20.0])
def test_noise_goes_and_the_sound_stays(name, kind, snr_db):
    clean = CLEAN[name]()
    heard = noisy(clean, snr_db, kind)
    made = Denoise()(Audio(heard, RATE)).samples
    assert si_sdr_db(made, clean) > si_sdr_db(heard, clean) + 1.5
    assert lsd(made, clean, RATE) < lsd(heard, clean, RATE)


@pytest.mark.parametrize("name", CLEAN)
def test_a_clean_recording_is_left_alone(name):
    sound = Audio(CLEAN[name](), RATE)
    assert change_db(Denoise()(sound), sound) < -40


def test_a_recording_with_a_quiet_floor_is_returned_itself():
    sound = Audio(speech() + 10 ** (-90 / 20) * noise("white", speech().shape), RATE)
    assert Denoise()(sound) is sound
    loud = Audio(noisy(speech(), 10), RATE)
    assert Denoise(reduction_db=0)(loud) is loud


@pytest.mark.parametrize("reduction_db", [6.0, 12.0, 24.0])
def test_noise_alone_falls_by_the_reduction(reduction_db):
    sound = Audio(0.03 * noise("white", (1, 5 * RATE)), RATE)
    made = Denoise(reduction_db=reduction_db)(sound).samples
    fall = 10 * np.log10(np.square(sound.samples).mean() / np.square(made).mean())
    assert fall == pytest.approx(reduction_db, abs=0.2 * reduction_db)


def test_noise_does_not_fall_below_the_floor():
    sound = Audio(0.03 * noise("white", (1, 5 * RATE)), RATE)
    made = Denoise(reduction_db=60, floor_db=-50)(sound).samples
    assert 10 * np.log10(np.square(made).mean()) == pytest.approx(-50, abs=1.5)


@pytest.mark.parametrize("snr_db", [10.0, 20.0])
def test_attacks_keep_their_energy(snr_db):
    clean, starts = drums()
    made = Denoise()(Audio(noisy(clean, snr_db), RATE)).samples
    assert abs(onset_db(made, clean, starts)) < 0.5


def test_a_pair_of_equal_channels_is_one_sound_twice():
    one = noisy(music(), 15)
    mono = Denoise()(Audio(one, RATE)).samples
    pair = Denoise()(Audio(np.repeat(one, 2, axis=0), RATE)).samples
    np.testing.assert_allclose(pair, np.repeat(mono, 2, axis=0), atol=1e-5)


def test_two_channels_keep_their_difference_of_level():
    left = noisy(music(), 15)
    made = Denoise()(Audio(np.concatenate([left, 0.5 * left]), RATE)).samples
    np.testing.assert_allclose(made[1], 0.5 * made[0], atol=2e-4)


def test_blocks_do_not_show(monkeypatch, long_sound_is_short):
    sound = Audio(noisy(noise_sounds.speech(3.0), 10), RATE)
    whole = Denoise()(sound).samples
    monkeypatch.setattr(stft, "BLOCK", 17)
    np.testing.assert_allclose(Denoise()(sound).samples, whole, atol=1e-6)


def test_digital_silence_between_words_stays_silent():
    clean = speech()
    heard = noisy(clean, 20)
    heard[:, 2 * RATE : 3 * RATE] = 0
    made = Denoise()(Audio(heard, RATE)).samples
    assert not made[:, int(2.1 * RATE) : int(2.9 * RATE)].any()


def test_a_mean_of_boxes_is_a_slow_mean(rng):
    x = rng.uniform(size=(9, 12)).astype(np.float32)
    padded = np.pad(x, ((2, 2), (1, 1)), mode="edge")
    slow = [[padded[n : n + 5, f : f + 3].mean() for f in range(12)] for n in range(9)]
    np.testing.assert_allclose(box_mean(x, 2, 1), slow, rtol=1e-5)
