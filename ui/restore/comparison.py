"""Up to three recipes on the same ten seconds of a recording, heard side by side."""

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
from ui.components.player import PlayerData, player_value
from ui.jobs import Job
from ui.restore.outcome import PREVIEW_S, Row, estimate_s, listened, matched
from ui.restore.source import Source, excerpt
from ui.session import plain_error

MOST = 3


@dataclass(frozen=True)
class Candidate:
    """One of the recipes that are compared.

    Attributes:
        name: the recipe list's name of it.
        title: what the page calls it.
        settings: the recipe as a document.
        chain: the stages that it says.
        rows: what it did, measured; empty where it failed.
        problem: why it failed, else "".
    """

    name: str
    title: str
    settings: Mapping[str, Any]
    chain: Chain
    rows: tuple[Row, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class Comparison:
    """What up to three recipes made of the same ten seconds; see `ui.restore.outcome.Outcome`."""

    title: str
    folder: Path
    player: PlayerData
    candidates: tuple[Candidate, ...]


def compare(
    source: Source, wanted: Sequence[Candidate], at_s: float, folder: Path, job: Job
) -> Comparison:
    """Runs every recipe over ten seconds from `at_s`; one that fails does not stop the others.

    Args:
        folder: an empty folder of the visitor's; gone again if this fails or is stopped.

    Raises:
        ValueError: none of the recipes could be run; the text says why.
    """
    try:
        return _compare(source, wanted, at_s, folder, job)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _compare(
    source: Source, wanted: Sequence[Candidate], at_s: float, folder: Path, job: Job
) -> Comparison:
    degraded = excerpt(source.audio, at_s, PREVIEW_S)
    job.expect(sum(estimate_s(degraded, one.chain) for one in wanted))
    heard, candidates = [("Degraded", degraded)], []
    for at, one in enumerate(wanted):
        sound, done = _run(one, degraded, job, at, len(wanted))
        candidates.append(done)
        if sound is not None:
            heard.append((one.title, sound))
    if len(heard) == 1:
        raise ValueError(" ".join(f"{one.title}: {one.problem}" for one in candidates))
    drawing = titled(share(job.tick, 0.85, 0.92), "Drawing")
    preparing = titled(share(job.tick, 0.92, 1), "Preparing the player")
    pictures = figures.spectrograms(heard, folder, drawing)
    sounds = matched(heard, share(preparing, 0, 0.3))
    player = player_value(sounds, folder, pictures, share(preparing, 0.3, 1), of=folder.name)
    return Comparison(f"Comparison from {at_s:g} s", folder, player, tuple(candidates))


def _run(
    one: Candidate, degraded: Audio, job: Job, at: int, count: int
) -> tuple[Audio | None, Candidate]:
    tick = part(share(job.tick, 0, 0.85), at, count)
    try:
        made, _ = listened(degraded, one.chain, tick, one.title, keep=False)
    except Cancelled:
        raise
    except Exception as error:
        problem = plain_error(error)
        return None, replace(one, problem=problem)
    return made.audio, replace(one, rows=tuple(guarantee_card.rows(made.guarantee)))
