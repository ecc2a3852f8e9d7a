"""Runs of the variants that a report compares."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from models.checkpoint import CARD
from models.malloc import keep_tensors_mapped
from training.config import TrainingConfig
from training.runs.run_folder import BEST, RunFolder


def weights_of(run: Path) -> Path | None:
    """The folder of a run's best weights; None where it has none."""
    return run / BEST if (run / BEST / CARD).is_file() else None


def train(config: TrainingConfig, folders: list[Path], run: Path, base: Path | None = None) -> None:
    """Trains one variant, which is validated once at the end at least."""
    from accelerate.state import AcceleratorState

    from training.learn.trainer import Trainer

    keep_tensors_mapped()
    AcceleratorState._reset_state()  # the precision of the run before
    every = min(config.validate_every, config.steps)
    folder = RunFolder(run)
    with folder.heart:
        Trainer(dataclasses.replace(config, validate_every=every), folders, folder, base).fit()
