"""The machine: its devices, free memory and disk, and how fast it runs the networks."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from models.card import SHIPPED
from models.checkpoint import available
from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from pipeline.stage import Stage, with_settings
from ui.jobs import Job
from ui.session import GIB, Session
from ui.setup.weights import running_checkpoints

DEVICES = {"auto": "Automatic", "cpu": "CPU", "cuda": "NVIDIA GPU", "mps": "Apple GPU"}
PRECISIONS = {"": "As in the recipe", "float32": "float32", "bfloat16": "bfloat16"}

TEST_S = 3.0
"""Seconds that the test of the machine takes, beside loading the networks."""

SOUND_S, RATE, NARROW_RATE = 2.0, 48_000, 8000


@dataclass(frozen=True)
class Speed:
    """How fast something runs.

    Attributes:
        title: of the network.
        times: seconds of one channel that it restores in a second.
    """

    title: str
    times: float


@dataclass(frozen=True)
class Facts:
    """What a machine is, each as a text for the page."""

    processor: str
    gpu: str
    memory: str
    disk: str


def facts(folder: Path) -> Facts:
    """The machine's facts now; imports torch.

    Args:
        folder: on the disk where results go.
    """
    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    unit, disk = "core" if cores == 1 else "cores", shutil.disk_usage(folder)
    return Facts(
        processor=f"{cores} CPU {unit}, {torch.get_num_threads()} of them for networks",
        gpu=_gpu(),
        memory=_memory(),
        disk=f"{disk.free / GIB:.1f} of {disk.total / GIB:.0f} GiB free",
    )


def devices() -> dict[str, str]:
    """Of `DEVICES`, those that this machine has."""
    from pipeline.inference import pick_device

    usable = {}
    for name, title in DEVICES.items():
        try:
            usable[name] = f"{title} ({DEVICES[pick_device()]})" if name == "auto" else title
            pick_device(name)
        except ValueError:
            del usable[name]
    return usable


def measure_speed(session: Session, job: Job) -> list[Speed]:
    """Runs every shipped network over noise, each for its share of `TEST_S`.

    Args:
        session: its device and precision are tested.
        job: receives the progress; stops the test.

    Raises:
        Cancelled: the visitor has stopped it.
    """
    rng = np.random.default_rng(0)
    noise = 0.1 * rng.standard_normal((1, round(SOUND_S * NARROW_RATE)))
    sound = resample(Audio(noise.astype(np.float32), NARROW_RATE), RATE)  # treble is missing
    stages = _stages()
    speeds = []
    for at, (title, stage) in enumerate(stages.items()):
        job.tick(at / len(stages), title)
        run = with_settings(stage, device=session.device, precision=session.precision)
        speeds.append(Speed(title, _times(partial(run, sound), TEST_S / len(stages))))
    return speeds


def _stages() -> dict[str, Stage]:
    """Title -> a stage that runs a shipped network."""
    cards, stages = available([SHIPPED]), running_checkpoints().values()
    return {
        card.title: with_settings(stage, checkpoint=card.name)
        for stage in stages
        for card in cards
        if card.model in stage.MODELS
    }


def _times(run: Callable[[], object], seconds: float) -> float:
    run()  # loads the network
    started, count = time.monotonic(), 0
    while not count or time.monotonic() - started < seconds:
        run()
        count += 1
    return count * SOUND_S / (time.monotonic() - started)


def _gpu() -> str:
    import torch

    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        name = torch.cuda.get_device_name()
        return f"{name}, {free / GIB:.1f} of {total / GIB:.0f} GiB free"
    return "Apple GPU" if torch.backends.mps.is_available() else "none; networks run on the CPU"


def _memory() -> str:
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return "unknown"
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable")) << 10
    except (OSError, StopIteration):
        return f"{total / GIB:.0f} GiB"
    return f"{free / GIB:.1f} of {total / GIB:.0f} GiB free"
