"""Checkpoints as they are run: loaded once, in the precision and on the device asked for."""

import threading

import numpy as np
import pytest
import torch

from models.net import PRECISIONS
from pipeline import inference
from pipeline.recipe import stage_classes
from pipeline.stages.enhance import Enhance
from tests.support.sounds import limited, tiny_checkpoint

pytestmark = pytest.mark.usefixtures("tiny_nets")


def test_visitors_at_once_share_one_net(monkeypatch):
    from models import checkpoint

    loads, load = [], checkpoint.load
    inference._load.cache_clear()
    monkeypatch.setattr(
        checkpoint, "load", lambda *args, **more: loads.append(1) or load(*args, **more)
    )
    threads = [threading.Thread(target=inference.load, args=("tiny", "cpu")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1


def test_bfloat16_adds_nearly_the_same():
    sound = limited()
    exact, rough = (
        Enhance("tiny", keep_below_hz=3000.0, precision=precision)(sound).samples - sound.samples
        for precision in PRECISIONS
    )
    error = np.square(rough - exact).sum() / np.square(exact).sum()
    assert -80 < 10 * np.log10(error) < -35


def test_a_checkpoint_trained_further_is_loaded_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("WAVEMEND_CHECKPOINTS", str(tmp_path))
    tiny_checkpoint(tmp_path / "mine")
    first = inference.load("mine", "cpu")
    tiny_checkpoint(tmp_path / "mine", spectral=True)
    assert inference.load("mine", "cpu") is not first


def test_an_unknown_checkpoint_and_a_device_that_is_not_there_are_named(monkeypatch):
    with pytest.raises(ValueError, match="nowhere"):
        Enhance("nowhere")(limited())
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ValueError, match="cuda"):
        Enhance("tiny", device="cuda")(limited())


@pytest.mark.parametrize("name", ["enhance", "denoise_speech", "mask_unet", "wavenet", "per_stem"])
def test_an_unknown_device_is_refused_when_the_stage_is_made(name: str) -> None:
    with pytest.raises(ValueError, match="device: got 'gpu', expected one of auto, cpu"):
        stage_classes()[name](device="gpu")


class _Sources(torch.nn.Module):
    """Two sources of each channel: a half, and the rest less the channel's neighbour."""

    def __init__(self, multichannel: bool) -> None:
        super().__init__()
        self.multichannel, self.gain = multichannel, torch.nn.Parameter(torch.tensor(0.5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.stack((self.gain * x, x - x.roll(1, 1)), 1)  # (B, C, T) -> (B, S, C, T)


@pytest.mark.parametrize("multichannel", [False, True])
def test_sources_come_back_as_sources_by_channels(multichannel: bool) -> None:
    x = np.random.default_rng(0).standard_normal((2, 50)).astype(np.float32)
    sources = inference.separated(_Sources(multichannel), x)
    assert sources.shape == (2, 2, 50)
    np.testing.assert_array_equal(sources[0], x / 2)
    np.testing.assert_array_equal(sources[1], x - x[::-1] if multichannel else 0 * x)
