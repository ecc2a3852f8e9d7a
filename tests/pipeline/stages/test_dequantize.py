"""Dequantize: the grid is found or not, sound comes nearer the original, and stays in its cells."""

import numpy as np
import pytest

from pipeline.audio import buffers
from pipeline.audio.sound import Audio
from pipeline.degradation.effects import MuLaw
from pipeline.evaluation.metrics import lsd
from pipeline.stages.dequantize import Dequantize, quantisation
from tests.support.clicks import RATE, clean
from tests.support.grids import a_law, rounded


def sound(x):
    return Audio(x.astype(np.float32), RATE)


def snr_db(estimate, target):
    error = np.square((estimate - target).astype(float)).sum()
    return 10 * np.log10(np.square(target.astype(float)).sum() / error)


@pytest.fixture(scope="module", params=["speech", "music"])
def material(request):
    return clean(request.param, 3.0)


@pytest.mark.parametrize("bits", [6, 8, 10, 12])
@pytest.mark.parametrize("gain", [1.0, 0.37])
@pytest.mark.parametrize("stored", ["float", "16 bits"])
def test_a_step_is_found_after_a_gain_too(material, bits, gain, stored):
    x = gain * rounded(material, bits)
    if stored == "16 bits":
        x = rounded(x, 16)
    found = quantisation(sound(x))
    if bits - np.log2(gain) > 13:
        assert found is None
    else:
        assert found.law == "linear"
        assert found.step == pytest.approx(gain * 2 ** (1 - bits), rel=1e-3)
        assert found.bits == pytest.approx(bits - np.log2(gain), abs=0.01)


@pytest.mark.parametrize("gain", [1.0, 0.5])
def test_companding_laws_are_told_from_linear_steps(material, gain):
    assert quantisation(sound(gain * MuLaw()(sound(material)).samples)).law == "mu-law"
    assert quantisation(sound(gain * a_law(material))).law == "a-law"


@pytest.mark.parametrize("name", ["float", "16 bits", "silence", "square", "constant", "one"])
def test_what_is_not_coarse_comes_back_as_it_is(material, name):
    x = {
        "float": material,
        "16 bits": rounded(material, 16),
        "silence": np.zeros((2, 5000)),
        "square": 0.5 * np.sign(np.sin(np.arange(9000) / 30))[None],
        "constant": np.full((1, 5000), 0.25),
        "one": np.full((1, 1), 0.5),
    }[name]
    audio = sound(x)
    assert quantisation(audio) is None
    assert Dequantize()(audio) is audio


@pytest.mark.parametrize(("bits", "gain_db"), [(8, 0.8), (10, 0.5), (12, 0.0)])
def test_sound_comes_nearer_the_original_and_stays_in_its_cells(material, bits, gain_db):
    coarse = rounded(material, bits)
    made = Dequantize()(sound(coarse)).samples
    assert snr_db(made, material) > snr_db(coarse, material) + gain_db
    assert np.abs(made - coarse).max() <= 2.0**-bits * 1.0001


def test_mu_law_too(material):
    coarse = MuLaw()(sound(material)).samples
    made = Dequantize()(sound(coarse)).samples
    assert snr_db(made, material) > snr_db(coarse, material) + 1


def test_the_spectrum_comes_nearer_too(material):
    coarse = sound(rounded(material, 8))
    before, after = (lsd(x.samples, material, RATE) for x in (coarse, Dequantize()(coarse)))
    assert after < before


def test_noise_of_a_step_does_not_get_worse():
    x = 2.0**-7 * np.random.default_rng(0).standard_normal((1, RATE))
    coarse = rounded(x, 8)
    made = Dequantize()(sound(coarse)).samples
    assert snr_db(made, x) > snr_db(coarse, x)


def test_pauses_of_zeros_stay_zeros(material):
    coarse = rounded(material, 8)
    coarse[:, 40_000:60_000] = 0
    assert not Dequantize()(sound(coarse)).samples[:, 40_000:60_000].any()


def test_windows_give_what_the_whole_gives(material, monkeypatch):
    coarse = sound(np.concatenate([rounded(material, 8), rounded(material[:, ::-1], 8)]))
    whole = Dequantize(2)(coarse).samples
    monkeypatch.setattr(buffers, "BLOCK_FRAMES", 4096)
    np.testing.assert_allclose(Dequantize(2)(coarse).samples, whole, atol=1e-5)


def test_channels_do_not_mix(material):
    left, right = rounded(material, 8), rounded(0.5 * material[:, ::-1], 8)
    both = Dequantize()(sound(np.concatenate([left, right]))).samples
    np.testing.assert_allclose(both[:1], Dequantize()(sound(left)).samples, atol=1e-6)
