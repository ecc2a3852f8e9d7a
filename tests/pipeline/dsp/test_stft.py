"""The STFT pair: perfect reconstruction, exact zeros, blocks that do not show."""

import numpy as np
import pytest

from pipeline.audio.sound import Audio
from pipeline.dsp import stft
from pipeline.dsp.stft import Stft, modify

STFT = Stft(512)


@pytest.mark.parametrize("frames", [1, 127, 128, 129, 5003])
def test_a_change_of_minus_half_halves_the_sound(rng, frames):
    sound = Audio(rng.uniform(-1, 1, (2, frames)), 8000)
    made = modify(sound, STFT, lambda x, first: -0.5 * x, context=2)
    np.testing.assert_allclose(made.samples, 0.5 * sound.samples, atol=1e-6)


def test_no_change_returns_the_sound_itself(rng):
    sound = Audio(rng.uniform(-1, 1, (1, 5003)), 8000)
    assert modify(sound, STFT, lambda x, first: None, context=2) is sound


def test_what_is_not_changed_stays_to_the_bit(rng, monkeypatch):
    monkeypatch.setattr(stft, "BLOCK", 16)
    sound = Audio(rng.uniform(-1, 1, (1, 20_011)), 8000)

    def change(x, first):
        return -x if first >= 32 else None

    made = modify(sound, STFT, change, context=0)
    untouched = STFT.start(32)
    np.testing.assert_array_equal(made.samples[:, :untouched], sound.samples[:, :untouched])
    assert np.abs(made.samples[:, 40 * STFT.hop :]).max() < 1e-6


def test_blocks_do_not_show(rng, monkeypatch):
    sound = Audio(rng.uniform(-1, 1, (2, 20_011)), 8000)

    def change(x, first):
        power = np.pad(np.abs(x) ** 2, ((0, 0), (3, 3), (0, 0)), mode="edge")
        around = sum(power[:, at : at + x.shape[1]] for at in range(7))
        return -x / (1 + around)

    whole = modify(sound, STFT, change, context=3).samples
    monkeypatch.setattr(stft, "BLOCK", 5)
    np.testing.assert_allclose(modify(sound, STFT, change, context=3).samples, whole, atol=1e-6)


def test_white_noise_has_its_variance_in_every_bin(rng):
    x = (0.1 * rng.standard_normal((1, 200_000))).astype(np.float32)
    power = np.square(np.abs(STFT.spectra(x, 3, 1500))).mean(axis=1)[0]
    np.testing.assert_allclose(power[2:-2], 0.01, rtol=0.2)
    assert power.mean() == pytest.approx(0.01, rel=0.01)


def test_frames_are_those_of_a_slow_reference(rng):
    x = rng.uniform(-1, 1, (1, 3000)).astype(np.float32)
    padded = np.pad(x[0], 3 * STFT.hop)
    got = STFT.spectra(x, 1, 12, step=2)
    assert got.shape == (1, 6, 257)
    for index, frame in enumerate(range(1, 12, 2)):
        part = padded[frame * STFT.hop :][: STFT.n_fft]
        np.testing.assert_allclose(got[0, index], np.fft.rfft(part * STFT.window), atol=1e-5)


@pytest.mark.parametrize(("rate", "n_fft"), [(8000, 256), (44_100, 2048), (48_000, 2048)])
def test_frames_last_some_43_ms_at_every_rate(rate, n_fft):
    assert Stft.of_rate(rate).n_fft == n_fft
