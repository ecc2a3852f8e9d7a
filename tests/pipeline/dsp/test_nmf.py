"""Factorisation: the divergence falls at every step, and a sum of atoms is found again."""

import numpy as np

from pipeline.dsp.nmf import initial, update


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


def test_spectra_that_are_not_free_stay_and_the_objective_falls_all_the_same(rng):
    power = rng.gamma(1.0, 1.0, (100, 33)).astype(np.float32)
    tiny = np.full_like(power, 1e-9)
    w, h = initial(power, 6)
    fixed, objective = w[4:].copy(), [divergence(power, h @ w + tiny)]
    for _ in range(10):
        update(power, tiny, w, h, free=4)
        objective.append(divergence(power, h @ w + tiny))
    np.testing.assert_array_equal(w[4:], fixed)
    assert np.all(np.diff(objective) < 1e-6 * objective[0])
