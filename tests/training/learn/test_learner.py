"""What a step of the learner hands to the losses, and what its average keeps."""

from __future__ import annotations

import pytest
import torch
from accelerate import Accelerator

from models.registry import build
from training.config import TrainingConfig
from training.learn.learner import Learner

NET = {"base": 8, "groups": 4, "n_fft": 64, "hop": 16, "dilations": [1], "sample_rate": 16_000}


@pytest.mark.parametrize("accumulation", [1, 2])
def test_examples_without_voice_have_no_sdr_term_in_any_part(accumulation: int) -> None:
    config = TrainingConfig(
        model="mask_unet", config=NET, batch=4, accumulation=accumulation, precision="no",
        losses={"sdr": 1.0},
    )  # fmt: skip
    torch.manual_seed(0)
    sound = 0.1 * torch.randn(4, 1, 4800)
    batch = {"degraded": sound, "clean": sound.flip(-1), "trust_hz": torch.full((4, 1), 8000.0)}
    accelerator = Accelerator()
    batch = {name: value.to(accelerator.device) for name, value in batch.items()}
    learner = Learner(build(config.model, config.net_config()), config, accelerator)
    voiceless = learner.step(
        {**batch, "voiced": torch.zeros_like(batch["trust_hz"][:, 0], dtype=torch.bool)}, 0, 1.0
    )
    assert voiceless is not None and voiceless["gradient"] == voiceless["sdr"] == 0
    plain = learner.step(batch, 0, 1.0)
    assert plain is not None and plain["gradient"] > 0


def test_the_average_has_the_batch_norms_statistics_and_adam_its_own_moments() -> None:
    config = TrainingConfig(
        model="residual_unet", config={"widths": [4, 4], "sample_rate": 16_000}, precision="no",
        optimizer="adam", betas=(0.9, 0.999), ema=0.5, losses={"mse": 1.0},
    )  # fmt: skip
    torch.manual_seed(0)
    accelerator = Accelerator()
    learner = Learner(build(config.model, config.net_config()), config, accelerator)
    sound = torch.randn(4, 1, 2048, device=accelerator.device)
    trust_hz = torch.full((4, 1), 8000.0, device=accelerator.device)
    batch = {"degraded": sound, "clean": 0.5 * sound, "trust_hz": trust_hz}
    for turn in range(3):
        assert learner.step(batch, turn, 1.0) is not None
    assert type(learner.optimizer.optimizer) is torch.optim.Adam
    assert learner.optimizer.param_groups[0]["betas"] == (0.9, 0.999)
    net, average = (m.state_dict() for m in (learner.net, learner.average.module))
    statistics = [name for name in net if "running" in name or "num_batches" in name]
    assert statistics and all(torch.equal(net[name], average[name]) for name in statistics)
    weight = "enter.0.weight"
    assert not torch.equal(net[weight], average[weight])
