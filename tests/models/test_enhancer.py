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


def test_a_fresh_net_passes_a_voice_and_small_differences_alike(
    fresh: Enhancer, voice: torch.Tensor
) -> None:
    """A net that amplifies differences is chaotic: its gradients explode, and no precision is
    enough. From one that passes nothing on, nothing can be learned."""
    noise = 1e-4 * torch.randn_like(voice)
    with torch.inference_mode():
        clean, noisy = fresh(voice), fresh(voice + noise)
    gains = clean.norm() / voice.norm(), (noisy - clean).norm() / noise.norm()
    assert all(0.25 < gain < 4 for gain in gains)


def test_autocast_does_not_coarsen_it(fresh: Enhancer, voice: torch.Tensor) -> None:
    with torch.inference_mode():
        exact = fresh(voice)
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.equal(fresh(voice), exact)
