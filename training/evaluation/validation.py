"""Validation in a run: the averaged net on held-out recordings, and these to listen to."""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest
from typing import Any

import numpy as np
import torch
from torch import nn

from pipeline.audio.encode import save
from pipeline.audio.sound import Audio
from training.data.clips import Clip
from training.evaluation.cases import (
    Case,
    cases,
    coded_cases,
    measure,
    measure_coded,
    music_cases,
    pair_cases,
    plain_cases,
    telephone_cases,
)
from training.evaluation.noisy_cases import measure_noisy, noisy_cases
from training.runs.run_folder import RunFolder

Row = dict[str, float]
KINDS: dict[str, tuple[Callable, Callable]] = {  # by the recipe's damage: cases, figures of one
    "world": (cases, measure),
    "music": (music_cases, measure),
    "codec": (coded_cases, measure_coded),
    "generated": (noisy_cases, measure_noisy),
    "telephone": (telephone_cases, measure),
    "none": (plain_cases, measure),
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
        self.cases = cases_of(held_out, damage, sample_rate)
        self.measure = KINDS[damage][1]
        self.sample_rate, self.run = sample_rate, run
        self.heard = heard(self.cases)

    def rows(self, net: nn.Module, version: str) -> list[Row]:
        """Figures of the net on each case, among them "score": lower is better.

        What it makes of some cases is written as "samples/VERSION/CASE.wav". Empty where the
        run is asked to stop meanwhile.
        """
        was_training = net.training
        rows: list[Row] = []
        net.eval()
        for index, case in enumerate(self.cases):
            if self.run.heart.stop_requested():
                rows.clear()
                break
            made = restored(net, case.degraded)
            rows.append(self.measure(made, case, self.sample_rate))
            if index in self.heard:
                self._write(version, case.name, made)
        net.train(was_training)
        return rows

    def write_ends(self) -> None:
        """Some cases as they are given, and as they should be: "input" and "reference"."""
        for case in (self.cases[index] for index in self.heard):
            self._write("input", case.name, case.degraded)
            self._write("reference", case.name, case.clean)

    def _write(self, version: str, name: str, samples: np.ndarray) -> None:
        folder = self.run.path / "samples" / version
        folder.mkdir(parents=True, exist_ok=True)
        save(Audio(samples[None], self.sample_rate), folder / f"{name}.wav", subtype="FLOAT")


def heard(cases: list[Case]) -> list[int]:
    """Which cases are listened to: of different recordings, and of different damage, where there
    are such."""
    of_recording: dict[str, list[int]] = {}
    for index, case in enumerate(cases):
        of_recording.setdefault(case.name.rpartition("@")[0], []).append(index)
    turned = [
        [*indices[turn % len(indices) :], *indices[: turn % len(indices)]]
        for turn, indices in enumerate(of_recording.values())
    ]
    mixed = [index for row in zip_longest(*turned) for index in row if index is not None]
    return mixed[:HEARD]


def cases_of(clips: list[Clip], damage: str, sample_rate: int) -> list[Case]:
    """What is restored and judged: pairs as they are where there are any, else damaged clips."""
    return pair_cases(clips, sample_rate) or KINDS[damage][0](clips, sample_rate)


def means(rows: list[Row]) -> Row:
    """The mean of each figure over the rows that have it."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {n: round(float(np.mean([row[n] for row in rows if n in row])), 4) for n in names}


@torch.inference_mode()
def restored(net: nn.Module, samples: np.ndarray) -> np.ndarray:
    """(T,) -> (T,) through a net."""
    x: Any = torch.tensor(samples).to(next(net.parameters()).device)
    return net(x[None, None])[0, 0].float().cpu().numpy()
