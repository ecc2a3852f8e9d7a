"""Validation in a run: the averaged net on held-out recordings, and these to listen to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from pipeline.audio import Audio, save
from training.clips import Clip
from training.noisy import evaluate_noisy, noisy_cases
from training.state import RunFolder
from training.validate import cases, evaluate

KINDS: dict[str, tuple[Callable, Callable]] = {  # by the recipe's damage
    "world": (cases, evaluate),
    "generated": (noisy_cases, evaluate_noisy),
}
HEARD = 4  # recordings that are written


class Checkup:
    """The held-out cases of a run.

    Args:
        held_out: recordings that are not trained on.
        damage: key of `KINDS`.
        sample_rate: of the net, in Hz.
        run: where recordings are written.
    """

    def __init__(self, held_out: list[Clip], damage: str, sample_rate: int, run: RunFolder) -> None:
        make_cases, self.evaluate = KINDS[damage]
        self.cases = make_cases(held_out, sample_rate)
        self.sample_rate, self.run = sample_rate, run

    def scores(self, net: nn.Module) -> dict[str, float]:
        """Figures of the net by name, among them "score": lower is better."""
        was_training = net.training
        net.eval()
        scores = self.evaluate(lambda samples: restored(net, samples), self.cases, self.sample_rate)
        net.train(was_training)
        return scores

    def write_sounds(self, version: str, net: nn.Module | None = None) -> None:
        """The first cases as WAV: what the net makes of them, or "input" and "reference"."""
        folder = self.run.path / "samples" / version
        folder.mkdir(parents=True, exist_ok=True)
        for case in self.cases[:HEARD]:
            if net is None:
                samples = case.degraded if version == "input" else case.clean
            else:
                samples = restored(net, case.degraded)
            path = folder / f"{case.name}.wav"
            save(Audio(samples[None], self.sample_rate), path, subtype="FLOAT")


@torch.inference_mode()
def restored(net: nn.Module, samples: np.ndarray) -> np.ndarray:
    """(T,) -> (T,) through a net."""
    x: Any = torch.from_numpy(samples).to(next(net.parameters()).device)
    return net(x[None, None])[0, 0].float().cpu().numpy()
