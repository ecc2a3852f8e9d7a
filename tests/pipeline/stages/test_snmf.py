"""Snmf: the fit improves at every step, and music under hiss comes out nearer than by Denoise."""

import numpy as np
import pytest

from pipeline.audio.sound import Audio
from pipeline.evaluation.metrics import lsd, si_sdr_db
from pipeline.stages import snmf
from pipeline.stages.denoise import Denoise
from pipeline.stages.snmf import Snmf, initial, update
from tests.support.noise_sounds import RATE, music, noise, noisy


def divergence(power: np.ndarray, model: np.ndarray) -> float:
    """Generalised Kullback-Leibler divergence of a model from the power, both above zero."""
    power, model = power.astype(np.float64), model.astype(np.float64)
    return float((power * np.log(power / model) - power + model).sum())


def test_the_objective_falls_at_every_step(rng):
    power = rng.gamma(1.0, 1.0, (200, 65)).astype(np.float32)
    fixed = np.full_like(power, 0.3)
    w, h = initial(power, 8)
    found = [divergence(power, h @ w + fixed)]
    for _ in range(30):
        update(power, fixed, w, h)
        found.append(divergence(power, h @ w + fixed))
    assert np.all(np.diff(found) < 1e-6 * found[0])
    assert found[-1] < 0.9 * found[1]
    np.testing.assert_allclose(w.sum(axis=1), 1, rtol=1e-4)


def test_a_sum_of_atoms_and_known_noise_is_found_again(rng):
    atoms = rng.gamma(0.3, 1.0, (3, 40)).astype(np.float32)
    gains = rng.gamma(0.5, 1.0, (300, 3)).astype(np.float32)
    fixed = np.full((300, 40), 0.05, np.float32)
    power = gains @ atoms + fixed
    w, h = initial(power, 3)
    for _ in range(500):
        update(power, fixed, w, h)
    error = np.square(h @ w - gains @ atoms).sum() / np.square(gains @ atoms).sum()
    assert error < 1e-2


def test_one_step_is_the_textbook_update(rng):
    power, fixed = (rng.uniform(0.1, 1, (7, 5)).astype(np.float32) for _ in "12")
    w, h = initial(power, 2)
    slow_h, slow_w = h.astype(float), w.astype(float)
    slow_h = slow_h * ((power / (slow_h @ slow_w + fixed)) @ slow_w.T) / slow_w.sum(axis=1)
    ratio = power / (slow_h @ slow_w + fixed)
    slow_w = slow_w * (slow_h.T @ ratio) / slow_h.sum(axis=0)[:, None]
    update(power, fixed, w, h)
    np.testing.assert_allclose(h @ w, slow_h @ slow_w, rtol=1e-4)


@pytest.mark.parametrize("snr_db", [10.0, 20.0])
def test_music_under_hiss_comes_nearer_than_by_denoise(snr_db):
    studio = 10 ** (-65 / 20) * noise("white", (2, 6 * RATE), 5)  # as any recording has
    clean = music(6.0, channels=2) + studio
    sound = Audio(noisy(clean, snr_db), RATE)
    made, plain = Snmf()(sound).samples, Denoise()(sound).samples
    assert lsd(made, clean, RATE) < lsd(plain, clean, RATE)
    assert si_sdr_db(made, clean) > si_sdr_db(sound.samples, clean) + 3


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
