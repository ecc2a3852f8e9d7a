"""More than one process: the same run as one, and one that writes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf

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
TWO = [
    *(sys.executable, "-m", "accelerate.commands.launch"),
    *("--cpu", "--num_processes", "2", "--num_machines", "1", "--main_process_port", "PORT"),
    *("--mixed_precision", "no", "--dynamo_backend", "no", "-m"),
]


def free_port() -> int:
    """A port that no other test listens on; the launcher's own default is always the same."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(launcher: list[str], folder: Path, name: str) -> list[dict]:
    command = [str(free_port()) if word == "PORT" else word for word in launcher]
    command += ["training", str(folder / "training.json")]
    command += ["--data", str(folder / "data"), "--run", str(folder / name)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=480, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = (folder / name / "events.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.slow
@pytest.mark.parametrize("adversary", [None, ADVERSARY], ids=["alone", "adversary"])
def test_two_processes_train_as_one_does_and_write_once(
    tmp_path: Path, adversary: dict[str, Any] | None
) -> None:
    (tmp_path / "data").mkdir()
    for seed, name in enumerate("abc"):
        tone = np.sin(2 * np.pi * (200 + 50 * seed) * np.arange(RATE) / RATE)
        sf.write(tmp_path / "data" / f"{name}.wav", 0.3 * tone, RATE)
    (tmp_path / "training.json").write_text(json.dumps({**CONFIG, "adversary": adversary}))
    one = run([sys.executable, "-m"], tmp_path, "one")
    two = run(TWO, tmp_path, "two")
    assert [e["event"] for e in two] == [e["event"] for e in one]
    for kind, figure in (("step", "total"), ("validation", "score")):
        expected, got = ([e[figure] for e in events if e["event"] == kind] for events in (one, two))
        assert got == pytest.approx(expected, rel=1e-3)
    assert (tmp_path / "two" / "best" / "card.json").is_file()
