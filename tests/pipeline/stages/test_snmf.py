"""Snmf: music under hiss comes out nearer than by Denoise, changing noise with noise spectra."""

import numpy as np
import pytest

from pipeline.audio.sound import Audio
from pipeline.evaluation.metrics import lsd, si_sdr_db
from pipeline.stages import snmf
from pipeline.stages.denoise import Denoise
from pipeline.stages.snmf import Snmf
from tests.support.noise_sounds import RATE, music, noise, noisy, speech


@pytest.mark.parametrize("snr_db", [10.0, 20.0])
def test_music_under_hiss_comes_nearer_than_by_denoise(snr_db):
    studio = 10 ** (-65 / 20) * noise("white", (2, 6 * RATE), 5)  # as any recording has
    clean = music(6.0, channels=2) + studio
    sound = Audio(noisy(clean, snr_db), RATE)
    made, plain = Snmf()(sound).samples, Denoise()(sound).samples
    assert lsd(made, clean, RATE) < lsd(plain, clean, RATE)
    assert si_sdr_db(made, clean) > si_sdr_db(sound.samples, clean) + 3


def test_noise_spectra_follow_noise_that_changes_over_time():
    clean = speech()
    swing_db = 6 * np.sin(2 * np.pi * 3.1 * np.arange(clean.shape[1]) / RATE)
    hiss = noise("pink", clean.shape) * 10 ** (swing_db / 20)
    hiss *= np.sqrt(np.square(clean).mean() / np.square(hiss).mean() / 10**0.5)
    sound = Audio((clean + hiss).astype(np.float32), RATE)
    steady, changing = (Snmf(noise_atoms=n)(sound).samples for n in (0, 4))
    assert lsd(changing, clean, RATE) < lsd(steady, clean, RATE) - 0.03
    assert si_sdr_db(changing, clean) > si_sdr_db(steady, clean) + 0.15


def test_clean_music_is_left_alone():
    sound = Audio(music(4.0, channels=2), RATE)
    change = np.square(Snmf()(sound).samples - sound.samples).sum()
    assert change < 1e-4 * np.square(sound.samples).sum()


def test_nothing_to_do_returns_the_sound_itself():
    hissing = Audio(noisy(music(2.0), 10), RATE)
    assert Snmf(reduction_db=0)(hissing) is hissing
    assert Snmf(floor_db=-20)(hissing) is hissing


def test_the_gain_is_the_same_for_both_channels():
    left = noisy(music(2.0), 15)
    made = Snmf(atoms=8)(Audio(np.concatenate([left, 0.5 * left]), RATE)).samples
    np.testing.assert_allclose(made[1], 0.5 * made[0], atol=2e-4)


def test_blocks_cross_fade_without_a_seam(monkeypatch):
    monkeypatch.setattr(snmf, "BLOCK", 128)
    monkeypatch.setattr(snmf, "FADE", 16)
    made = []
    blocks = snmf._Blocks(
        500, lambda first, last: made.append(first) or np.full((last - first, 3), first)
    )
    gains = np.concatenate([blocks.between(at, min(at + 70, 500)) for at in range(0, 500, 70)])
    assert made == blocks.starts == [0, 112, 224, 336, 372]
    assert gains.shape == (500, 3) and np.abs(np.diff(gains[:, 0])).max() < 10
    np.testing.assert_allclose(gains[40], 0)
    np.testing.assert_allclose(gains[180], 112)


def test_the_reduction_is_a_limit():
    sound = Audio(0.03 * noise("white", (1, 2 * RATE)), RATE)
    made = Snmf(reduction_db=12, atoms=8)(sound).samples
    fall = 10 * np.log10(np.square(sound.samples).mean() / np.square(made).mean())
    assert 6 < fall < 12.5
