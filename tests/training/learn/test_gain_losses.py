"""Losses of estimated gains: equal to their definitions on spectra."""

from __future__ import annotations

import math

import pytest
import torch

from models.denoisers.tcn_masker import TcnMasker, TcnMaskerConfig
from pipeline.evaluation.metrics import stoi
from tests.support.noise_sounds import RATE, noisy, speech
from training.learn.gain_losses import GainLosses

WEIGHTS = {"sdr": 1.0, "complex": 2.0, "magnitude": 0.5}


@pytest.fixture
def net() -> TcnMasker:
    torch.manual_seed(0)
    config = TcnMaskerConfig(8, (1,), 1, n_fft=256, hop=64, fine_hz=1000, n_bands=8,
                             sample_rate=16_000)  # fmt: skip
    return TcnMasker(config)


def test_the_terms_are_those_of_the_masked_spectrum(net) -> None:
    x, clean = 0.3 * torch.randn(2, 1, 4096), 0.3 * torch.randn(2, 1, 4096)
    spectrum, gains = net(x, as_gains=True)
    terms = GainLosses(WEIGHTS)(net, spectrum, gains, clean)
    estimate, target = (spectrum * gains)[:, 0], net.stft(clean[:, 0])
    error, power = ((z.abs() ** 2).sum((1, 2)) for z in (estimate - target, target))
    wanted = torch.log10(error / power + 10**-1.5).mean()
    assert float(terms["sdr"]) == pytest.approx(float(wanted), abs=1e-3)
    scale = (target.abs() ** 2).mean((1, 2), keepdim=True).rsqrt()
    weight = net.pool.sum(0)[:, None] / len(net.pool)
    nepers = ((estimate * scale).abs().log() - (target * scale).abs().log()).abs()
    wanted = (nepers * weight).sum(1).mean()
    assert float(terms["magnitude"]) == pytest.approx(float(wanted), rel=1e-2)
    ours, theirs = (torch.polar((z * scale).abs() ** 0.3, z.angle()) for z in (estimate, target))
    distance = (ours - theirs).abs() ** 2 + (ours.abs() - theirs.abs()) ** 2
    wanted = 0.5 * (distance * weight).sum(1).mean()
    assert float(terms["complex"]) == pytest.approx(float(wanted), rel=1e-2)
    total = sum(WEIGHTS[name] * float(terms[name]) for name in WEIGHTS)
    assert float(terms["total"]) == pytest.approx(total, rel=1e-5)


def test_open_gains_on_the_target_itself_leave_nothing_to_gain(net) -> None:
    clean = 0.3 * torch.randn(1, 2, 4096)
    spectrum = net.stft(clean.flatten(0, 1)).unflatten(0, (1, 2))
    ones = torch.ones_like(spectrum.real[:, :1])
    terms = GainLosses(WEIGHTS)(net, spectrum, ones, clean)
    assert float(terms["sdr"]) == pytest.approx(-1.5, abs=1e-2)
    assert float(terms["complex"]) < 1e-4
    assert float(terms["magnitude"]) < 1e-2


def test_intelligibility_is_near_the_metric() -> None:
    net = TcnMasker(TcnMaskerConfig(8, (1,), 1))
    clean = speech()[:1]
    clean = clean[:, : clean.shape[1] // net.stride * net.stride]
    for snr_db in (0, 10):
        degraded = noisy(clean, snr_db)
        spectrum = net.stft(torch.from_numpy(degraded).float())[:, None]
        ones = torch.ones_like(spectrum.real)
        target = torch.from_numpy(clean).float()[None]
        terms = GainLosses({"stoi": 1.0})(net, spectrum, ones, target)
        assert float(terms["stoi"]) == pytest.approx(1 - stoi(degraded, clean, RATE), abs=0.04)


def test_examples_without_a_voice_have_no_ratio(net) -> None:
    x = torch.randn(2, 1, 1024)
    losses = GainLosses({"sdr": 1.0})
    both = losses(net, *net(x, as_gains=True), x, torch.tensor([True, False]))["sdr"]
    first = losses(net, *net(x[:1], as_gains=True), x[:1])["sdr"]
    assert float(both) == pytest.approx(float(first), abs=1e-5)


REPAIR = {"lsd": 1.0, "excess": 1.0, "sdr_excess": 1.0}


def test_the_input_itself_is_no_farther_than_the_input_and_one_made_worse_is(net) -> None:
    clean = 0.3 * torch.randn(2, 1, 4096)
    spectrum = net.stft(1.2 * clean[:, 0] + 0.01 * torch.randn(2, 4096))[:, None]
    gains = torch.ones_like(spectrum.real)
    same = GainLosses(REPAIR)(net, spectrum, gains, clean)
    assert float(same["excess"]) < 1e-5
    assert float(same["sdr_excess"]) < 1e-5
    worse = GainLosses(REPAIR)(net, spectrum, 2 * gains, clean)
    assert float(worse["lsd"] - same["lsd"]) == pytest.approx(math.log10(4), abs=0.05)
    assert float(worse["excess"]) == pytest.approx(math.log10(4), abs=0.05)
    assert float(worse["sdr_excess"]) > 1
    nearer = GainLosses(REPAIR)(net, spectrum, gains / 1.2, clean)
    assert float(nearer["lsd"]) < float(same["lsd"])
    assert float(nearer["sdr_excess"]) < 1e-5


def test_what_is_missing_by_more_than_any_gain_is_wanted_as_it_is(net) -> None:
    clean = 0.3 * torch.randn(1, 1, 4096)
    spectrum = 1e-3 * net.stft(clean[:, 0])[:, None]
    terms = GainLosses(REPAIR)(net, spectrum, torch.ones_like(spectrum.real), clean)
    assert float(terms["lsd"]) < 0.02  # six decades are missing


@pytest.mark.parametrize("weights", [{}, {"mel": 1.0}])
def test_terms_that_are_not_there_are_named(weights) -> None:
    with pytest.raises(ValueError, match="expected some of sdr, complex, magnitude"):
        GainLosses(weights)
