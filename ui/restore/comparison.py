"""Up to three recipes on the same ten seconds of a recording, to listen to side by side."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.audio.sound import Audio
from pipeline.evaluation import guarantee_card
from pipeline.plots import figures
from pipeline.stage import Cancelled, Chain, part, share, titled
from pipeline.stages.noise_print import with_noise_prints
from ui.components.player import PlayerData, player_value
from ui.jobs import Job
from ui.restore.estimate import total_seconds
from ui.restore.result import PREVIEW_S, run_chain
from ui.restore.result_player import loudness_matched
from ui.restore.source import Source, excerpt
from ui.session import plain_error

MAX_CANDIDATES = 3


class ComparisonFailed(ValueError):
    """None of the recipes could be run; `details` says why, recipe by recipe."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        super().__init__("None of the recipes could be run.")
        self.details = " ".join(f"{one.title}: {one.problem}" for one in candidates)


@dataclass(frozen=True)
class Candidate:
    """One of the compared recipes.

    Attributes:
        name: its entry in the recipe list.
        title: its name on the page.
        document: the recipe as a document.
        chain: its stages.
        rows: the guarantee card; empty if the recipe failed.
        problem: why it failed, or "".
    """

    name: str
    title: str
    document: Mapping[str, Any]
    chain: Chain
    rows: tuple[guarantee_card.Row, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class Comparison:
    """Up to three recipes, run over the same ten seconds; see `ui.restore.result.Result`."""

    title: str
    folder: Path
    player: PlayerData
    candidates: tuple[Candidate, ...]


def compare(
    source: Source, candidates: Sequence[Candidate], at_s: float, folder: Path, job: Job
) -> Comparison:
    """Runs every recipe over ten seconds from `at_s`; one that fails does not stop the others.

    Args:
        folder: an empty folder of the visitor's; removed again on failure or cancellation.

    Raises:
        ComparisonFailed: no recipe could be run.
    """
    try:
        return _compare(source, candidates, at_s, folder, job)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _compare(
    source: Source, candidates: Sequence[Candidate], at_s: float, folder: Path, job: Job
) -> Comparison:
    degraded = excerpt(source.audio, at_s, PREVIEW_S)
    job.expect(sum(total_seconds(degraded, one.chain) for one in candidates))
    sounds, finished = [("Degraded", degraded)], []
    for at, candidate in enumerate(candidates):
        restored, candidate = _run(candidate, source.audio, degraded, job, at, len(candidates))
        finished.append(candidate)
        if restored is not None:
            sounds.append((candidate.title, restored))
    if len(sounds) == 1:
        raise ComparisonFailed(finished)
    drawing = titled(share(job.tick, 0.85, 0.92), "Drawing")
    preparing = titled(share(job.tick, 0.92, 1), "Preparing the player")
    pictures = figures.spectrograms(sounds, folder, drawing)
    tracks = loudness_matched(sounds, share(preparing, 0, 0.3))
    player = player_value(tracks, folder, pictures, share(preparing, 0.3, 1), of=folder.name)
    return Comparison(f"Comparison from {at_s:g} s", folder, player, tuple(finished))


def _run(
    candidate: Candidate, whole: Audio, degraded: Audio, job: Job, at: int, count: int
) -> tuple[Audio | None, Candidate]:
    tick = part(share(job.tick, 0, 0.85), at, count)
    try:
        chain = with_noise_prints(candidate.chain, whole)
        restored, _ = run_chain(degraded, chain, tick, candidate.title, keep=False)
    except Cancelled:
        raise
    except Exception as error:
        return None, replace(candidate, problem=plain_error(error))
    rows = tuple(guarantee_card.rows(restored.guarantee))
    return restored.audio, replace(candidate, rows=rows)
