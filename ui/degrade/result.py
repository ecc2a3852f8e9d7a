"""A clean recording and a chain of damage give a degraded one: measured, drawn, ready to play."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import damages, recipe
from pipeline.audio.sound import Audio
from pipeline.files import write_atomically
from pipeline.stage import Chain, share
from ui.components import chain_form, scores
from ui.components.player import PlayerData
from ui.jobs import Job
from ui.restore import result_player
from ui.restore.result import PREVIEW_S
from ui.restore.source import excerpt, safe_stem
from ui.restore.steps import StepChain
from ui.tab_recordings import SOUND_SUFFIXES, Recording, sound_file

RECIPE = "Recipe"
FILES = (*SOUND_SUFFIXES, RECIPE)
"""The downloads by their name on the page."""

LONGEST_S = 15 * 60.0
"""Damage works on the whole sound in memory; a longer recording is refused."""


@dataclass(frozen=True)
class Degraded:
    """A degraded recording.

    Attributes:
        title: its extent: "Whole recording" or "Excerpt from 20 s".
        stem: what downloads are named after.
        chain: the damage, with every seed.
        folder: the files that the page fetches; removed with the result.
        player: the player of clean, degraded and difference.
        table: how far it is from the clean recording, in HTML.
    """

    name: str
    title: str
    stem: str
    chain: Chain
    folder: Path
    clean: Audio
    degraded: Audio
    player: PlayerData
    table: str


def degrade(
    source: Recording, chain: Chain, at_s: float | None, folder: Path, job: Job
) -> Degraded:
    """Degrades a recording, measures the damage and draws it.

    Args:
        at_s: start of an excerpt in seconds; None degrades the whole recording.
        folder: an empty folder of the visitor's; removed again on failure or cancellation.
    """
    try:
        return _degrade(source, chain, at_s, folder, job)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _degrade(
    source: Recording, chain: Chain, at_s: float | None, folder: Path, job: Job
) -> Degraded:
    title, stem, clean = "Whole recording", f"{safe_stem(source.name)} degraded", source.audio
    if at_s is not None:
        title, stem = f"Excerpt from {at_s:g} s", f"{stem} excerpt"
        clean = excerpt(source.audio, at_s, PREVIEW_S)
    classes = recipe.stage_classes(damages.DAMAGES)
    titles = [chain_form.title_of(damage, classes) for damage in chain.stages]
    degraded = StepChain(chain.stages, titles, keep=False)(clean, share(job.tick, 0, 0.6))
    job.tick(0.6, "Measuring")
    table = scores.compared("What the damage did", {"Degraded": degraded}, clean)
    sounds = [("Clean", clean), ("Degraded", degraded)]
    player = result_player.of_pair(sounds, folder, share(job.tick, 0.75, 1), folder.name)
    return Degraded(source.name, title, stem, chain, folder, clean, degraded, player, table)


def document(result: Degraded) -> Mapping[str, Any]:
    """The damage as JSON; the command line gets the same samples from it."""
    return damages.dump(result.chain, result.title)


def export(result: Degraded, name: str) -> Path:
    """Writes one of `FILES` when it is first asked for.

    Raises:
        ValueError: an unknown name, or samples that the format cannot hold (with the cure).
    """
    if name not in FILES:
        raise ValueError(f"got download {name!r}, expected one of {', '.join(FILES)}")
    if name == RECIPE:
        path = result.folder / f"{result.stem}.recipe.json"
        with write_atomically(path) as temporary:
            temporary.write_text(json.dumps(document(result), indent=2) + "\n", encoding="utf-8")
        return path
    return sound_file(result.degraded, result.folder, result.stem, name)
