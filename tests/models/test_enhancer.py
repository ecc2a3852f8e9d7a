"""What lets the waveform enhancer be trained: fresh weights that are near linear, and float32."""

from __future__ import annotations

import pytest
import torch

from models.enhancer import Enhancer, EnhancerConfig
from tests.support.sounds import speech


@pytest.fixture(params=[0, 2, 6], ids=["no skips", "2 skips", "6 skips"])
def fresh(request: pytest.FixtureRequest) -> Enhancer:
    torch.manual_seed(0)
    return Enhancer(EnhancerConfig.named("small", n_skips=request.param)).eval()


@pytest.fixture(scope="module")
def voice() -> torch.Tensor:
    return 0.5 * torch.from_numpy(speech(0.5))[None]


def _ratio_db(signal: torch.Tensor, error: torch.Tensor) -> float:
    return float(20 * torch.log10(signal.norm() / error.norm()))


def test_a_fresh_net_does_not_amplify_differences(fresh: Enhancer, voice: torch.Tensor) -> None:
    """Else it is chaotic: its gradients explode, and no precision is enough."""
    noise = 1e-4 * torch.randn_like(voice)
    with torch.inference_mode():
        clean, noisy = fresh(voice), fresh(voice + noise)
    assert _ratio_db(clean, noisy - clean) > _ratio_db(voice, noise) - 3


def test_a_fresh_net_keeps_the_level(fresh: Enhancer, voice: torch.Tensor) -> None:
    with torch.inference_mode():
        assert abs(_ratio_db(fresh(voice), voice)) < 12


def test_autocast_does_not_coarsen_it(fresh: Enhancer, voice: torch.Tensor) -> None:
    with torch.inference_mode():
        exact = fresh(voice)
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.equal(fresh(voice), exact)
