"""The job of a Slurm cluster: what it starts, that it goes on, and that it is queued again."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
JOB = ROOT / "training" / "cluster" / "slurm.sh"
SRUN = """#!/bin/bash
echo "$@" >> "$LOG"
until [ -e "$RUN/stop" ] || [ -n "$SHORT" ]; do sleep 0.02; done
"""
SCONTROL = """#!/bin/bash
[ "$1" = show ] && exec seq -f node%g 7 9999
echo "$@" >> "$LOG"
"""


@pytest.fixture
def job(tmp_path: Path) -> tuple[list[str], dict[str, str], Path]:
    """The job's command and environment, with a Slurm that writes down what it is asked."""
    for name, text in (("srun", SRUN), ("scontrol", SCONTROL)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "run").mkdir()
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}", "LOG": str(tmp_path / "log"),
        "RUN": str(tmp_path / "run"), "PYTHON": "python", "SLURM_JOB_NODELIST": "node[7-9999]",
        "SLURM_NNODES": "2", "SLURM_JOB_ID": "42", "SLURM_GPUS_ON_NODE": "8",
    }  # fmt: skip
    command = ["bash", str(JOB), "enhancer-speech", str(tmp_path / "run"), "--data", "voices"]
    return command, environment, tmp_path


def test_a_job_starts_the_processes_of_all_nodes_and_goes_on_where_it_ended(
    job: tuple[list[str], dict[str, str], Path],
) -> None:
    command, environment, folder = job
    for _ in range(2):
        subprocess.run(command, env={**environment, "SHORT": "1"}, check=True)
        (folder / "run" / "last.pt").touch()
    first, second = (folder / "log").read_text().splitlines()
    for part in ("--nnodes 2 --nproc_per_node 8", "--rdzv_endpoint node7:29500"):
        assert part in first
    start = f"-m -- training run enhancer-speech --run {folder}/run "
    assert first.endswith(f"{start}--data voices")
    assert second.endswith(f"{start}--resume --data voices")


def test_a_job_whose_time_is_up_saves_and_is_queued_again(
    job: tuple[list[str], dict[str, str], Path],
) -> None:
    command, environment, folder = job
    process = subprocess.Popen(command, env=environment)
    until = time.monotonic() + 60
    while not (folder / "log").exists() and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGUSR1)
    assert process.wait(60) == 0
    assert (folder / "log").read_text().splitlines()[-1] == "requeue 42"


def test_a_job_needs_a_config_and_a_run(job: tuple[list[str], dict[str, str], Path]) -> None:
    done = subprocess.run(["bash", str(JOB), "enhancer-speech"], env=job[1], capture_output=True)
    assert done.returncode == 2 and b"usage: sbatch" in done.stderr
