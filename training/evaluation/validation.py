"""Validation during a run: scores of the averaged net, and restored recordings to listen to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import zip_longest

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.audio.encode import save
from pipeline.audio.sound import Audio
from training.data.clips import Clip
from training.evaluation.cases import Case, cases_for
from training.evaluation.scores import Scores
from training.runs.run_folder import RunFolder
from training.runs.samples import Sample, write_index
from training.tasks import Task

Losses = Callable[[nn.Module, Tensor, Tensor, Tensor, Tensor], dict[str, Tensor]]
"""`losses(net, degraded, estimate, target, trust_hz)`: terms of one case by name."""

N_SAMPLES = 4  # cases whose sound is written
SHORTEST = 8192  # samples that the losses compare; shorter sound is padded with zeros


class Validator:
    """Measures nets on the held-out cases of a run.

    Args:
        held_out: recordings that are not trained on.
        task: decides damage and scores.
        sample_rate: of the net, in Hz.
        run: where recordings are written.
        losses: of the run, which are scored too.
    """

    def __init__(
        self,
        held_out: list[Clip],
        task: Task,
        sample_rate: int,
        run: RunFolder,
        losses: Losses | None = None,
    ) -> None:
        self.losses = losses
        self.cases = cases_for(held_out, task, sample_rate)
        self.measure = task.measure
        self.sample_rate, self.run = sample_rate, run
        self.samples = {
            index: _sample(number, self.cases[index])
            for number, index in enumerate(cases_to_hear(self.cases), 1)
        }

    def scores(self, net: nn.Module, version: str) -> list[Scores]:
        """Scores of the net on each case; empty where the run is asked to stop meanwhile.

        Some restored cases are written as "samples/VERSION/FILE.wav".
        """
        was_training = net.training
        rows: list[Scores] = []
        net.eval()
        for index, case in enumerate(self.cases):
            if self.run.heart.stop_requested():
                rows.clear()
                break
            estimate = restored(net, case.degraded)
            scores = self.measure(estimate, case, self.sample_rate)
            rows.append(replace(scores, losses=self._losses(net, estimate, case)))
            if index in self.samples:
                self._write(version, self.samples[index], estimate)
        net.train(was_training)
        return rows

    def write_references(self) -> None:
        """Writes the cases to listen to as they are given ("input") and as they should be
        ("reference"), and their names."""
        for index, sample in self.samples.items():
            self._write("input", sample, self.cases[index].degraded)
            self._write("reference", sample, self.cases[index].clean)
        write_index(self.run.path, list(self.samples.values()))

    @torch.inference_mode()
    def _losses(self, net: nn.Module, estimate: np.ndarray, case: Case) -> dict[str, float]:
        """The loss terms of one restored case, of all resolutions, on the net's device."""
        if self.losses is None:
            return {}
        device = next(net.parameters()).device
        pad = ((0, 0), (0, max(0, SHORTEST - estimate.shape[-1])))
        degraded, ours, theirs = (
            torch.tensor(np.pad(np.atleast_2d(x), pad), dtype=torch.float32)[None].to(device)
            for x in (case.degraded, estimate, case.clean)
        )
        trust_hz = torch.full((1, 1), case.bandwidth_hz, device=device)
        terms = self.losses(net, degraded, ours, theirs, trust_hz)
        return {name: float(value) for name, value in terms.items()}

    def _write(self, version: str, sample: Sample, samples: np.ndarray) -> None:
        """Writes (T,), or of several sources (S, T) the last one, which is the voice."""
        path = sample.path(self.run.path, version)
        path.parent.mkdir(parents=True, exist_ok=True)
        save(Audio(np.atleast_2d(samples)[-1:], self.sample_rate), path, subtype="FLOAT")


def _sample(number: int, case: Case) -> Sample:
    return Sample(f"{number}-{case.recording}", case.recording, case.label)


def cases_to_hear(cases: list[Case]) -> list[int]:
    """Numbers of the cases to listen to: different recordings and different damage first."""
    of_recording: dict[str, list[int]] = {}
    for index, case in enumerate(cases):
        of_recording.setdefault(case.recording, []).append(index)
    rotated = [
        [*indices[turn % len(indices) :], *indices[: turn % len(indices)]]
        for turn, indices in enumerate(of_recording.values())
    ]
    mixed = [index for row in zip_longest(*rotated) for index in row if index is not None]
    return mixed[:N_SAMPLES]


@torch.inference_mode()
def restored(net: nn.Module, samples: np.ndarray) -> np.ndarray:
    """(T,) -> (T,) through a net, or (S, T) where the net gives several sources."""
    x = torch.tensor(samples).to(next(net.parameters()).device)
    sources = net(x[None, None])[0, ..., 0, :].float().cpu().numpy()
    return sources[0] if len(sources) == 1 and sources.ndim == 2 else sources
