"""What a restoration will take, known before it starts: time, downloads, missing checkpoints."""

from __future__ import annotations

import numpy as np

from pipeline.audio.containers import Info
from pipeline.audio.sound import Audio
from pipeline.stage import Chain, SeparatesStems, UsesCheckpoint
from ui import zero_gpu
from ui.restore.steps import stage_seconds

OVERHEAD_S = 0.01
"""Time of measuring and drawing, per second of one channel."""


def total_seconds(audio: Audio | Info, chain: Chain) -> float:
    """The estimated time of restoring, measuring and drawing; may import torch."""
    stages_s = sum(stage_seconds(stage, audio) for stage in chain.stages)
    return stages_s + OVERHEAD_S * audio.seconds * audio.channels + 1.0


def n_downloads(chain: Chain) -> int:
    """The number of weights files that a chain has to download before it can run."""
    separating = [stage for stage in chain.stages if isinstance(stage, SeparatesStems)]
    return len({address for stage in separating for address in stage.downloads()})


def warm_up(chain: Chain) -> None:
    """Loads every stage's networks, by restoring half a second of silence.

    Stages without a network are left out, and those that separate: their weights may have to be
    downloaded, which needs a job. So is everything where a GPU is lent: only a job has it.

    Raises:
        ValueError: a stage lacks something, such as its checkpoint.
    """
    if zero_gpu.is_lent():
        return
    silence = Audio(np.zeros((1, 8000), np.float32), 16_000)
    for stage in chain.stages:
        if isinstance(stage, UsesCheckpoint):
            stage(silence)
