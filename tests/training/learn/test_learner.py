"""What a step of the learner hands to the losses."""

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
