"""Validation during a run: scores of the averaged net, and restored recordings to listen to."""

from __future__ import annotations

from itertools import zip_longest

import numpy as np
import torch
from torch import nn

from pipeline.audio.encode import save
from pipeline.audio.sound import Audio
from training.data.clips import Clip
from training.evaluation.cases import Case, cases_for
from training.evaluation.scores import Scores
from training.runs.run_folder import RunFolder
from training.runs.samples import Sample, write_index
from training.tasks import Task

N_SAMPLES = 4  # cases whose sound is written


class Validator:
    """Measures nets on the held-out cases of a run.

    Args:
        held_out: recordings that are not trained on.
        task: decides damage and scores.
        sample_rate: of the net, in Hz.
        run: where recordings are written.
    """

    def __init__(self, held_out: list[Clip], task: Task, sample_rate: int, run: RunFolder) -> None:
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
            rows.append(self.measure(estimate, case, self.sample_rate))
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

    def _write(self, version: str, sample: Sample, samples: np.ndarray) -> None:
        path = sample.path(self.run.path, version)
        path.parent.mkdir(parents=True, exist_ok=True)
        save(Audio(samples[None], self.sample_rate), path, subtype="FLOAT")


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
    """(T,) -> (T,) through a net."""
    x = torch.tensor(samples).to(next(net.parameters()).device)
    return net(x[None, None])[0, 0].float().cpu().numpy()
