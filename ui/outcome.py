"""From a recording and a recipe to what the page shows and hands out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import figures, guarantee, recipe
from pipeline import restore as engine
from pipeline.audio import Audio, save
from pipeline.loudness import integrated_lufs
from pipeline.overview import difference
from pipeline.stage import Chain, Tick, no_tick, part
from ui.jobs import Job
from ui.player import PlayerData, Sound, matching_gains, player_value
from ui.source import Source, excerpt

PREVIEW_S = 10.0

OVERHEAD = 0.01
"""Seconds that measuring and drawing take for each second of a channel."""

DOWNLOADS = {"WAV 24-bit": "wav24", "WAV 32-bit float": "wav32f", "FLAC": "flac", "MP3": "mp3"}
"""What can be downloaded: name on the page -> kind of `pipeline.restore.KINDS`."""

RECIPE = "Recipe"


MOST_STEPS = 5
"""The player holds eight sounds, and three are taken."""

Heard = tuple[str, Audio]


@dataclass(frozen=True)
class HeardChain(Chain):
    """A chain that keeps what each stage made, to listen to."""

    heard: list[Heard] = field(default_factory=list)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        for stage, made in self.steps(audio, tick):
            self.heard.append((f"After {type(stage).__name__}", made))
        return self.heard[-1][1] if self.heard else audio


@dataclass(frozen=True)
class Outcome:
    """A finished restoration.

    Attributes:
        title: what was restored, "Whole recording" or "Preview from 20 s".
        stem: downloads are named after it.
        recipe: what was run; the command line runs it to the same samples.
        folder: the files the page fetches; it goes with the outcome.
        restored: the engine's own samples; every download is made of them.
    """

    title: str
    stem: str
    recipe: Mapping[str, Any]
    folder: Path
    restored: Audio
    player: PlayerData
    rows: list[tuple[str, str, bool | None, str]]


def restore(
    source: Source, settings: Mapping[str, Any], preview_at_s: float | None, folder: Path, job: Job
) -> Outcome:
    """Runs a recipe over a recording, measures it and draws it.

    Args:
        settings: the recipe as a document.
        preview_at_s: where the preview starts; None restores the whole recording.
        folder: an empty folder of the visitor's; gone again if this fails or is stopped.
    """
    try:
        return _restore(source, settings, preview_at_s, folder, job)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _restore(
    source: Source, settings: Mapping[str, Any], preview_at_s: float | None, folder: Path, job: Job
) -> Outcome:
    title, stem, degraded = "Whole recording", source.stem, source.audio
    if preview_at_s is not None:
        title, stem = f"Preview from {preview_at_s:g} s", f"{source.stem} preview"
        degraded = excerpt(source.audio, preview_at_s, PREVIEW_S)
    chain = HeardChain(recipe.load(settings).stages)
    job.expect(estimate_s(degraded, chain))
    made = engine.restore(degraded, chain, _named(job, chain))
    player = _compare(degraded, made.audio, chain.heard[:-1], folder, job)
    rows = guarantee.rows(made.guarantee)
    document = recipe.dump(chain)
    return Outcome(title, stem, document, folder, made.audio, player, rows)


def warm_up(chain: Chain) -> None:
    """Lets every stage load what it needs, by restoring half a second of silence.

    Raises:
        ValueError: a stage lacks something (a checkpoint, a device), before anyone waits for it.
    """
    chain(Audio(np.zeros((1, 8000), np.float32), 16_000))


def estimate_s(audio: Audio, chain: Chain) -> float:
    """About how long restoring, measuring and drawing will take; may import torch to know."""
    known = [stage.estimate_seconds for stage in chain.stages if hasattr(stage, "estimate_seconds")]
    work_s = sum(estimate(audio.frames, audio.rate, audio.channels) for estimate in known)
    return work_s + OVERHEAD * audio.seconds * audio.channels + 1.0


def _named(job: Job, chain: Chain) -> Any:
    """The engine's tick: 85 % of the whole, under the name of the stage that is at work."""
    names = [type(stage).__name__ for stage in chain.stages]

    def tick(fraction: float) -> None:
        at = int(fraction / (1 - engine.MEASURE_SHARE) * len(names))
        job.report(names[at] if at < len(names) else "Measuring", 0.85 * fraction)

    tick(0.0)
    return tick


def _compare(
    degraded: Audio, restored: Audio, between: list[Heard], folder: Path, job: Job
) -> PlayerData:
    def drawing(fraction: float) -> None:
        job.report("Drawing", 0.85 + 0.07 * fraction)

    def preparing(fraction: float) -> None:
        job.report("Preparing the player", 0.92 + 0.08 * fraction)

    pictures = figures.draw(degraded, restored, folder, tick=drawing)
    versions = [("Degraded", degraded), ("Restored", restored), *between[:MOST_STEPS]]
    quarter = part(preparing, 0, 4)
    gains = matching_gains([integrated_lufs(audio, quarter) for _, audio in versions])
    sounds = [Sound(*version, gain) for version, gain in zip(versions, gains, strict=True)]
    sounds.insert(2, Sound("Difference", difference(degraded, restored, part(preparing, 1, 4))))
    return player_value(sounds, folder, pictures, lambda done: preparing(0.5 + done / 2))


def export(outcome: Outcome, name: str) -> Path:
    """The download of one kind, made when first asked for.

    Args:
        name: a key of DOWNLOADS, or RECIPE.

    Raises:
        ValueError: an unknown name, or samples that the format cannot hold (with the cure).
    """
    if name == RECIPE:
        path = outcome.folder / f"{outcome.stem}.recipe.json"
        path.write_text(json.dumps(outcome.recipe, indent=2) + "\n", encoding="utf-8")
        return path
    if name not in DOWNLOADS:
        raise ValueError(f"got download {name!r}, expected one of {', '.join(DOWNLOADS)}")
    suffix, subtype = engine.KINDS[DOWNLOADS[name]]
    folder = outcome.folder / DOWNLOADS[name]
    folder.mkdir(exist_ok=True)
    path = folder / f"{outcome.stem} restored{suffix}"
    if not path.exists():
        save(outcome.restored, path, subtype=subtype)
    return path
