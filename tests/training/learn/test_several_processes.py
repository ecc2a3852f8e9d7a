"""More than one process: the same run as one, and one that writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf

from training.config import TrainingConfig
from training.data.shards.write import Form, write

RATE = 16_000
CONFIG = {
    "model": "wavenet",
    "config": {"channels": 8, "stacks": 1, "layers": 3, "patch": 4, "sample_rate": RATE},
    "damage": "generated",
    "seconds": 0.1,
    "batch": 4,
    "steps": 5,
    "losses": {"waveform": 1.0, "magnitude": 0.1},
    "learning_rate": 0.01,
    "warmup_steps": 1,
    "precision": "no",
    "validation_groups": ["a"],
    "validate_every": 5,
}
ADVERSARY = {  # its feature distances are relative to those of a process's own share of a batch
    "config": {"periods": [2, 3], "period_widths": [4, 8], "n_ffts": [128], "channels": 4},
    "start_step": 1,
    "turns": 3,
    "weights": {"adversarial": 1.0, "feature": 0.0},
}
TWO = (*(sys.executable, "-m", "torch.distributed.run"), "--standalone", "--nproc_per_node=2")
TIMEOUT_S = 480.0
TRACED = """
import os, sys
import torch
from training.data.examples import DrawnExamples
from training.learn.learner import Learner

trace, dies_at, arguments = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
of, step = DrawnExamples.of, Learner.step

def with_key(self, clip, index):
    return {**of(self, clip, index), "key": torch.tensor(int(clip.path.stem))}

def traced(self, batch, turn, share):
    with open(trace, "a") as file:
        print(turn, *batch.pop("key").tolist(), file=file, flush=True)
    if turn == dies_at:
        os.kill(os.getpid(), 9)
    return step(self, batch, turn, share)

DrawnExamples.of, Learner.step = with_key, traced
from training.__main__ import app, complete
app(complete(arguments))
"""
"""Training that writes the keys of each step's samples, and is killed at a step."""


def environment() -> dict[str, str]:
    root = str(Path(__file__).parents[3])
    return {**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true", "PYTHONPATH": root}


def run(launcher: Sequence[str], folder: Path, name: str) -> list[dict[str, Any]]:
    command = [*launcher, str(folder / "training.json")]
    command += ["--data", str(folder / "data"), "--run", str(folder / name)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=TIMEOUT_S, env=environment()
    )
    assert done.returncode == 0, done.stderr[-2000:]
    lines = (folder / name / "events.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def write_tones(folder: Path, seconds: int) -> None:
    folder.mkdir()
    for seed, name in enumerate("abc"):
        tone = np.sin(2 * np.pi * (200 + 50 * seed) * np.arange(seconds * RATE) / RATE)
        sf.write(folder / f"{name}.wav", 0.3 * tone, RATE)


@pytest.mark.slow
def test_two_processes_train_as_one_does_and_write_once(tmp_path: Path) -> None:
    write_tones(tmp_path / "data", 1)
    (tmp_path / "training.json").write_text(json.dumps({**CONFIG, "adversary": ADVERSARY}))
    one = run((sys.executable, "-m", "training"), tmp_path, "one")
    two = run((*TWO, "-m", "--", "training"), tmp_path, "two")
    assert [e["event"] for e in two] == [e["event"] for e in one]
    for kind, figure in (("step", "total"), ("validation", "score")):
        expected, got = ([e[figure] for e in events if e["event"] == kind] for events in (one, two))
        assert got == pytest.approx(expected, rel=1e-3)
    assert (tmp_path / "two" / "best" / "card.json").is_file()


@pytest.mark.slow
def test_processes_that_are_killed_see_each_sample_of_an_epoch_once(tmp_path: Path) -> None:
    write_tones(tmp_path / "data", 8)
    config = {**CONFIG, "steps": 8, "save_every": 0.0}
    (tmp_path / "training.json").write_text(json.dumps(config))
    form = Form(seconds=0.5)  # 32 samples in 16 shards: an epoch is 8 batches
    write(tmp_path / "data", tmp_path / "shards", TrainingConfig(**config), form)
    trace = tmp_path / "trace"
    (tmp_path / "traced.py").write_text(TRACED)

    def train(dies_at: int, *more: str) -> int:
        command = [*TWO, "--", str(tmp_path / "traced.py"), str(trace), str(dies_at)]
        command += [str(tmp_path / "training.json"), "--data", str(tmp_path / "shards")]
        command += ["--run", str(tmp_path / "run"), *more]
        return subprocess.run(command, timeout=TIMEOUT_S, env=environment()).returncode

    assert train(dies_at=3) != 0
    assert train(-1, "--resume") == 0
    lines = [list(map(int, line.split())) for line in trace.read_text().splitlines()]
    parts = {(turn, *keys) for turn, *keys in lines}
    assert len(lines) == 18 and len(parts) == 16  # the batch that was lost is drawn again
    seen = [key for _, *keys in parts for key in keys]
    assert sorted(seen) == list(range(32))
