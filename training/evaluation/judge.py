"""`python -m training.evaluation.judge RUN`: a run's best weights against its base."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from models.checkpoint import CARD, load, read_card
from training.config import Recipe
from training.data.clips import Clip, read_clips
from training.data.noisy_examples import NOISES
from training.evaluation.cases import SECONDS, Case
from training.evaluation.validation import KINDS, cases_of, restored
from training.evaluation.verdict import Verdict, judge
from training.runs.run_folder import BEST, CONFIG, VERDICT, read_json, write_json

MOST_CASES = 48  # in all, that both nets restore
MOST_PIECES = 8  # of a recording
PIECE_S = 1.5


def judge_run(run: Path, stop: Callable[[], bool] = lambda: False) -> Verdict | None:
    """Compares, and writes verdict.json.

    A recording's pieces are others than the one by which the best weights were chosen, where it is
    long enough. A run without a base is compared with its untreated input.

    Args:
        run: folder of a run that has kept weights.
        stop: asked after each piece; None is returned where it says yes.

    Raises:
        ValueError: no weights, or nothing to compare them on.
    """
    if not (run / BEST / CARD).is_file():
        raise ValueError(f"verdict: {run} has kept no weights yet")
    config = read_json(run / CONFIG)
    rate = int(read_card(run / BEST).config["sample_rate"])
    cases = held_out_cases(config, rate)
    if not cases:
        raise ValueError("verdict: no held-out recording that it could be measured on")
    device = config.get("device", "cpu")
    device = device if device == "cpu" or torch.cuda.is_available() else "cpu"
    base = load(Path(config["base"])).to(device) if config.get("base") else None
    now = load(run / BEST).to(device)
    measure = KINDS[config["recipe"]["damage"]][1]
    scores: tuple[dict[str, list[float]], ...] = ({}, {})
    for name, some in cases.items():
        for case in some:
            if stop():
                return None
            for net, into in zip((base, now), scores, strict=True):
                made = _restored(net, case)
                into.setdefault(name, []).append(measure(made, case, rate)["lsd"])
    verdict = judge(*scores)
    write_json(run / VERDICT, verdict.as_dict())
    return verdict


def held_out_cases(config: dict[str, Any], rate: int) -> dict[str, list[Case]]:
    """The run's held-out recordings by name, in pieces, damaged as its recipe says."""
    recipe, held = Recipe(**config["recipe"]), set(config["validation_groups"])
    folders = [Path(folder) for folder in config["data"]]
    clips = [c for c in read_clips(folders, rate, set(recipe.kinds)) if c.group in held]
    noises = [clip for clip in clips if clip.kind == NOISES]
    heard = [clip for clip in clips if clip.kind != NOISES]
    per_piece = max(
        (len(cases_of([c, *noises], recipe.damage, rate)) for c in heard[:1]), default=1
    )
    count = int(np.clip(MOST_CASES / max(1, per_piece * len(heard)), 1, MOST_PIECES))
    found: dict[str, list[Case]] = {}
    for clip in heard:
        pieces = _pieces(clip, rate, count)
        if cases := cases_of([*pieces, *noises], recipe.damage, rate):
            found.setdefault(clip.path.name, []).extend(cases)
    return found


def _pieces(clip: Clip, rate: int, count: int) -> list[Clip]:
    """At most `count` pieces from all over a recording, each a group of its own: from outside its
    middle, which validation knows, unless it is too short to have more."""
    length, total = round(PIECE_S * rate), len(clip.samples)
    known = round(SECONDS * rate)
    begin = max(0, (total - known) // 2)
    starts = [*range(0, begin - length + 1, length)]
    starts += range(begin + known, total - length + 1, length)
    if not starts:
        starts = [index * length for index in range(max(1, total // length))]
    chosen = np.linspace(0, len(starts) - 1, min(count, len(starts))).round().astype(int)
    return [_cut(clip, starts[index], length) for index in chosen]


def _cut(clip: Clip, start: int, length: int) -> Clip:
    """A clip of a piece of its samples, and of those that it is a pair with."""
    arrays: dict[str, Any] = {
        field.name: getattr(clip, field.name)[start : start + length]
        for field in dataclasses.fields(clip)
        if isinstance(getattr(clip, field.name), np.ndarray)
    }
    return dataclasses.replace(clip, group=f"{clip.group}/{start}", **arrays)


def _restored(net: nn.Module | None, case: Case) -> np.ndarray:
    return case.degraded if net is None else restored(net, case.degraded)


def main(given: list[str]) -> None:
    """Prints the verdict's sentence."""
    if len(given) != 1:
        sys.exit("usage: python -m training.evaluation.judge RUN")
    try:
        verdict = judge_run(Path(given[0]))
    except ValueError as error:
        sys.exit(str(error))
    print(verdict.sentence() if verdict else "")


if __name__ == "__main__":
    main(sys.argv[1:])
