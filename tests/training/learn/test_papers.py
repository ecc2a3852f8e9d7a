"""The papers' own configs train: a few steps of a small net, and its best weights run."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import torch

from models.checkpoint import load
from tests.support.sounds import speech
from training.config import config_path, read_config
from training.learn.trainer import Trainer
from training.runs.run_folder import BEST, RunFolder

RATE = 16_000
SMALL = {
    "residual-unet-thesis": {"widths": [4, 4, 8], "align_corners": True, "sample_rate": RATE},
    "plain-unet-paper": {"widths": [4, 4, 8], "sample_rate": RATE},
}


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("voices")
    for seed, name in enumerate("abc"):
        sf.write(folder / f"{name}.wav", speech(1.0, RATE, seed)[0], RATE)
    return folder


@pytest.mark.parametrize("name", SMALL)
def test_a_papers_config_trains_and_its_best_weights_run(name: str, voices, tmp_path) -> None:
    config = dataclasses.replace(
        read_config(config_path(name)),
        config=SMALL[name],
        keep="last",
        batch=2,
        accumulation=1,
        seconds=0.6,
        steps=2,
        validate_every=1,
        kinds={"speech": 1.0},
        validation_groups=("a",),
        test_groups=("b",),
    )
    trainer = Trainer(config, [voices], RunFolder(tmp_path / "run"))
    trainer.fit()
    lines = (tmp_path / "run" / "events.jsonl").read_text().splitlines()
    (last,) = [event for event in map(json.loads, lines) if event["event"] == "end"]
    assert (last["reason"], trainer.step) == ("done", 2)
    assert trainer.run_config.test_groups == ("b",)
    net = load(tmp_path / "run" / BEST)
    assert not any("running" in key for key in net.state_dict())  # folded
    x = torch.from_numpy(0.1 * np.random.default_rng(0).standard_normal((1, 1, 5000))).float()
    with torch.inference_mode():
        expected = trainer.learner.average.module.eval()(x)
        assert (net(x) - expected).abs().max() < 1e-4
