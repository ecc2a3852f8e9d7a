"""The stages that clean with a net: what they leave alone, and how their nets are found."""

import numpy as np
import pytest

from models.denoisers.tcn_masker import TcnMasker
from pipeline import inference
from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from pipeline.stage import no_tick
from pipeline.stages import cleaners, high_band, residual
from pipeline.stages.cleaners import DenoiseSpeech, MaskUnet, WaveNet
from tests.support.sounds import RATE, limited, speech, tiny_checkpoint, tiny_cleaners

STAGES = [MaskUnet, WaveNet]


@pytest.fixture(scope="module", autouse=True)
def checkpoints(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoints")
    tiny_cleaners(folder)
    tiny_checkpoint(folder / "other")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAVEMEND_CHECKPOINTS", str(folder))
        yield folder


def stereo(seconds=1.0):
    return Audio(np.concatenate([speech(seconds, seed=seed) for seed in (0, 1)]), RATE)


@pytest.mark.parametrize("cls", STAGES)
def test_no_mix_returns_the_recording_itself(cls):
    sound = stereo()
    assert cls(mix=0.0)(sound) is sound


@pytest.mark.parametrize("cls", STAGES)
def test_half_the_mix_is_half_the_change(cls):
    sound = stereo()
    whole, half = (cls(mix=mix)(sound).samples - sound.samples for mix in (100.0, 50.0))
    assert np.abs(whole).max() > 1e-3
    np.testing.assert_allclose(half, whole / 2, atol=1e-6)


def test_a_strength_of_nothing_returns_the_recording_itself():
    sound = stereo()
    assert DenoiseSpeech(limit_db=0.0)(sound) is sound


@pytest.mark.parametrize("limit_db", [3.0, 12.0, 40.0])
def test_nothing_is_turned_down_by_more_than_the_strength(limit_db, monkeypatch):
    """A net that closes every band leaves the recording at minus the strength, but for its mean."""
    monkeypatch.setattr(TcnMasker, "gains", lambda _, spectrum: 0 * spectrum.real)
    sound = resample(stereo(), 32_000)
    left = DenoiseSpeech(limit_db=limit_db)(sound).samples
    np.testing.assert_allclose(left, sound.samples * 10 ** (-limit_db / 20), atol=2e-4)


@pytest.mark.parametrize("left", [0.0, 0.25, 1.0, 3.0])
def test_what_lies_above_the_net_follows_its_highest_band_and_never_grows(left):
    """A net that leaves a share of white noise leaves as much of what it cannot hear."""
    rng = np.random.default_rng(0)
    sound = Audio(0.1 * rng.standard_normal((2, RATE)).astype(np.float32), RATE)
    x = resample(sound, 32_000)
    change = (left - 1) * x.samples
    heard = resample(x, RATE).samples
    out = sound.samples + (left - 1) * heard
    high_band.turn_down(sound, heard, high_band.gains(x, change), 1.0, out)
    spectra = [np.abs(np.fft.rfft(s[0])) ** 2 for s in (out, sound.samples)]
    top = np.fft.rfftfreq(RATE, 1 / RATE) > 16_500
    ratio = np.sqrt(spectra[0][top].sum() / spectra[1][top].sum())
    assert ratio == pytest.approx(min(left, 1.0), abs=0.02)


def test_nothing_above_is_touched_where_the_net_changes_nothing_there():
    sound = stereo()
    x = resample(sound, 32_000)
    np.testing.assert_allclose(high_band.gains(x, np.zeros_like(x.samples)), 1, atol=1e-6)
    short = Audio(np.zeros((1, 3), np.float32), 32_000)
    assert high_band.gains(short, np.zeros((1, 3))).shape == (1, 1)


def test_the_channels_of_a_mask_keep_their_relation():
    """Both sides are given to the net at one gain, however different their levels are."""
    left = speech(1.0)
    sound = Audio(np.concatenate([left, 0.01 * left]), RATE)
    heard = []

    class Listens:
        multichannel, stride, receptive_field = True, 16, 64
        config = type("Config", (), {"sample_rate": RATE})

        def parameters(self):
            import torch

            return iter([torch.zeros(1)])

        def __call__(self, x):
            heard.append(x.clone())
            return x

    residual.residual(Listens(), sound, 0.0, no_tick)
    quiet = heard[0][0, 1] / heard[0][0, 0].clamp(min=1e-6)
    assert quiet[heard[0][0, 0] > 0.1].sub(0.01).abs().max() < 1e-4


def test_windows_overlap_by_a_tenth_and_hold_four_receptive_fields(monkeypatch):
    seen = {}
    run = residual.chunked.run
    monkeypatch.setattr(
        residual.chunked, "run", lambda *args, **more: seen.update(more) or run(*args, **more)
    )
    WaveNet()(limited(rate=16_000, seconds=2.0))
    net = inference.load("wavenet-denoiser", "cpu")
    assert seen["payload"] >= max(2 * 16_000, 4 * (2 * net.receptive_field + 1))
    assert seen["fade"] == round(cleaners.OVERLAP * seen["payload"])


def test_a_net_of_another_kind_is_refused():
    with pytest.raises(ValueError, match=r"'other', a net of kind enhancer, expected .* wavenet"):
        WaveNet("other")(limited())


def test_a_visitors_own_checkpoint_comes_first_and_no_name_leaves_its_folder(tmp_path, checkpoints):
    tiny_cleaners(tmp_path / "own")
    (tmp_path / "own" / "wavenet-denoiser").rename(tmp_path / "own" / "mine")
    assert WaveNet("mine", own=str(tmp_path / "own"))(limited()).rate == RATE
    with pytest.raises(ValueError, match="expected one of"):
        WaveNet("mine")(limited())
    with pytest.raises(ValueError, match="expected one of"):
        WaveNet("../own/mine", own=str(tmp_path / "own"))(limited())
