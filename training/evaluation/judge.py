"""Compares a run's best weights with its base on pieces of the held-out recordings."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from models.checkpoint import CARD, load, read_card
from training.config import TrainingConfig
from training.data.clips import Clip, read_clips
from training.evaluation.cases import SECONDS, Case, cases_for
from training.evaluation.validation import restored
from training.evaluation.verdict import Verdict, judge
from training.runs.run_folder import BEST, VERDICT, RunConfig, write_json
from training.tasks import TASKS

MOST_CASES = 48  # in all, that both nets restore
MOST_PIECES = 8  # per recording
PIECE_S = 1.5


def judge_run(run: Path, stop: Callable[[], bool] = lambda: False) -> Verdict | None:
    """Compares, and writes verdict.json.

    The pieces are from outside the middle of a recording, by which the best weights were chosen,
    where it is long enough. A run without a base is compared with its untreated input.

    Args:
        run: folder of a run that has kept weights.
        stop: asked after each piece; None is returned where it says yes.

    Raises:
        ValueError: no weights, or nothing to compare them on.
    """
    config = RunConfig.read(run)
    if config is None or not (run / BEST / CARD).is_file():
        raise ValueError(f"verdict: {run.name} has kept no weights yet")
    rate = int(read_card(run / BEST).config["sample_rate"])
    cases = held_out_cases(config, rate)
    if not cases:
        raise ValueError("verdict: no held-out recording that it could be measured on")
    device = config.device if torch.cuda.is_available() else "cpu"
    base = load(Path(config.base)).to(device) if config.base else None
    best = load(run / BEST).to(device)
    measure = TASKS[config.training["damage"]].measure
    distances: tuple[dict[str, list[float]], ...] = ({}, {})
    for name, pieces in cases.items():
        for case in pieces:
            if stop():
                return None
            for net, into in zip((base, best), distances, strict=True):
                scores = measure(_estimate(net, case), case, rate)
                into.setdefault(name, []).append(scores.figures["lsd"])
    against = "the base" if config.base else "the untreated input"
    verdict = judge(distances[0], distances[1], against)
    write_json(run / VERDICT, verdict.as_dict())
    return verdict


def held_out_cases(config: RunConfig, rate: int) -> dict[str, list[Case]]:
    """The run's held-out recordings by name, in pieces, damaged as its task says."""
    training = TrainingConfig(**config.training)
    task, held_out = TASKS[training.damage], set(config.validation_groups)
    folders = [Path(folder) for folder in config.data]
    clips = [c for c in read_clips(folders, rate, set(training.kinds)) if c.group in held_out]
    others = [clip for clip in clips if clip.kind in task.companions]
    sounds = [clip for clip in clips if clip.kind not in task.companions]
    per_piece = max((len(cases_for([c, *others], task, rate)) for c in sounds[:1]), default=1)
    count = int(np.clip(MOST_CASES / max(1, per_piece * len(sounds)), 1, MOST_PIECES))
    names = _unique_names([clip.path for clip in sounds])
    cases: dict[str, list[Case]] = {}
    for clip in sounds:
        pieces = _pieces(clip, rate, count)
        if some := cases_for([*pieces, *others], task, rate):
            cases.setdefault(names[clip.path], []).extend(some)
    return cases


def _unique_names(paths: list[Path]) -> dict[Path, str]:
    """The file names; with their folder where several files share a name."""
    of_name: dict[str, set[Path]] = {}
    for path in paths:
        of_name.setdefault(path.name, set()).add(path)
    return {
        path: path.name if len(of_name[path.name]) == 1 else f"{path.parent.name}/{path.name}"
        for path in paths
    }


def _pieces(clip: Clip, rate: int, count: int) -> list[Clip]:
    """At most `count` pieces from all over a recording, each a group of its own.

    They are from outside the middle, which validation uses, unless the recording is too short.
    """
    length, total = round(PIECE_S * rate), len(clip.samples)
    middle = round(SECONDS * rate)
    begin = max(0, (total - middle) // 2)
    starts = [*range(0, begin - length + 1, length)]
    starts += range(begin + middle, total - length + 1, length)
    if not starts:
        starts = [index * length for index in range(max(1, total // length))]
    chosen = np.linspace(0, len(starts) - 1, min(count, len(starts))).round().astype(int)
    return [_cut(clip, starts[index], length) for index in chosen]


def _cut(clip: Clip, start: int, length: int) -> Clip:
    """A piece of a clip, with both sides of a pair."""
    arrays: dict[str, Any] = {
        field.name: getattr(clip, field.name)[start : start + length]
        for field in dataclasses.fields(clip)
        if isinstance(getattr(clip, field.name), np.ndarray)
    }
    return dataclasses.replace(clip, group=f"{clip.group}/{start}", **arrays)


def _estimate(net: nn.Module | None, case: Case) -> np.ndarray:
    return case.degraded if net is None else restored(net, case.degraded)
