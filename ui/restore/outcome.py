"""From a recording and a recipe to what the page shows and hands out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import recipe
from pipeline import restore as engine
from pipeline.analysis.loudness import integrated_lufs
from pipeline.audio.encode import save
from pipeline.audio.sound import Audio
from pipeline.evaluation import guarantee_card
from pipeline.output import FORMATS
from pipeline.plots import figures
from pipeline.plots.pooling import difference
from pipeline.stage import Chain, SeparatesStems, Tick, part, share, titled
from ui.components import chain_form
from ui.components.player import KEYS, PlayerData, Sound, matching_gains, player_value
from ui.jobs import Job
from ui.restore import stems
from ui.restore.source import Source, excerpt
from ui.restore.steps import Heard, HeardChain, fits, seconds

PREVIEW_S = 10.0

OVERHEAD = 0.01
"""Seconds that measuring and drawing take for each second of a channel."""

DOWNLOADS = {"WAV 24-bit": "wav24", "WAV 32-bit float": "wav32f", "FLAC": "flac", "MP3": "mp3"}
"""What can be downloaded: name on the page -> kind of `pipeline.output.FORMATS`."""

RECIPE, STEMS = "Recipe", "Stems (zip)"
MOST_STEPS = len(KEYS) - 3
Row = guarantee_card.Row


@dataclass(frozen=True)
class Outcome:
    """A finished restoration.

    Attributes:
        title: what was restored, "Whole recording" or "Preview from 20 s".
        stem: downloads are named after it.
        recipe: what was run; the command line runs it to the same samples.
        folder: the files the page fetches; it goes with the outcome.
        restored: the engine's own samples; every download is made of them.
        steps: the recording, what each stage made, and the result; (name, sound) in this order.
        stems: the stems of a chain that separates, by name, before their gains.
        mixer: the player of the stems, None where there are none.
        note: what to know about steps and stems, else "".
        pairs: players of two steps each, filled when asked for.
    """

    title: str
    stem: str
    recipe: Mapping[str, Any]
    folder: Path
    restored: Audio
    player: PlayerData
    rows: list[Row]
    steps: list[Heard]
    stems: dict[str, Audio] = field(default_factory=dict)
    mixer: PlayerData | None = None
    note: str = ""
    pairs: dict[tuple[int, int], PlayerData] = field(default_factory=dict)


def restore(
    source: Source, chain: Chain, preview_at_s: float | None, folder: Path, job: Job
) -> Outcome:
    """Runs a recipe over a recording, measures it and draws it.

    Args:
        chain: what the recipe says.
        preview_at_s: where the preview starts; None restores the whole recording.
        folder: an empty folder of the visitor's; gone again if this fails or is stopped.
    """
    try:
        return _restore(source, chain, preview_at_s, folder, job)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _restore(
    source: Source, chain: Chain, preview_at_s: float | None, folder: Path, job: Job
) -> Outcome:
    title, stem, degraded = "Whole recording", source.stem, source.audio
    if preview_at_s is not None:
        title, stem = f"Preview from {preview_at_s:g} s", f"{source.stem} preview"
        degraded = excerpt(source.audio, preview_at_s, PREVIEW_S)
    job.expect(estimate_s(degraded, chain))
    made, heard = listened(degraded, chain, share(job.tick, 0, 0.85))
    between = [(f"{at}  {name}", audio) for at, (name, audio) in enumerate(heard.heard[:-1], 1)]
    steps = [("Degraded", degraded), *between, ("Restored", made.audio)]
    shown = [0, len(steps) - 1, *(range(1, len(steps) - 1) if len(between) <= MOST_STEPS else ())]
    player = compare([steps[at] for at in shown], folder, share(job.tick, 0.85, 0.97), folder.name)
    mixer = None
    if heard.stems:
        preparing = titled(share(job.tick, 0.97, 1), "Preparing the stems")
        mixer = stems.mixer(heard.stems, chain, folder, preparing)
    rows = guarantee_card.rows(made.guarantee)
    note = "" if heard.keep else LONG
    return Outcome(
        title, stem, recipe.dump(chain), folder, made.audio, player, rows, steps,
        heard.stems, mixer, note,
    )  # fmt: skip


LONG = "Steps and stems of a recording this long are not kept: a preview lets you hear them."


def listened(
    audio: Audio, chain: Chain, tick: Tick, name: str = "", keep: bool = True
) -> tuple[engine.Restored, HeardChain]:
    """Runs a chain, measures what it did, and keeps its steps where there is room for them.

    Args:
        tick: receives the progress, with the stage that is at work after `name`.
    """
    classes = recipe.stage_classes()
    titles = [chain_form.title_of(stage, classes) for stage in chain.stages]
    keep = keep and fits(audio, chain.stages)
    heard = HeardChain(chain.stages, titles, keep)

    def named(fraction: float, what: str = "") -> None:
        tick(fraction, f"{name}: {what}" if name else what)

    return engine.restore(audio, heard, named), heard


def warm_up(chain: Chain) -> None:
    """Lets every stage load what it needs, by restoring half a second of silence.

    A stage that separates is left out: its weights may have to be fetched, which takes a job.

    Raises:
        ValueError: a stage lacks something (a checkpoint, a device), before anyone waits for it.
    """
    silence = Audio(np.zeros((1, 8000), np.float32), 16_000)
    for stage in chain.stages:
        if not isinstance(stage, SeparatesStems):
            stage(silence)


def to_fetch(chain: Chain) -> int:
    """How many files a chain will download before it can run."""
    apart = [stage for stage in chain.stages if isinstance(stage, SeparatesStems)]
    return len({address for stage in apart for address in stage.downloads()})


def estimate_s(audio: Audio, chain: Chain) -> float:
    """About how long restoring, measuring and drawing will take; may import torch to know."""
    work_s = sum(seconds(stage, audio) for stage in chain.stages)
    return work_s + OVERHEAD * audio.seconds * audio.channels + 1.0


def compare(heard: Sequence[Heard], folder: Path, tick: Tick, of: str) -> PlayerData:
    """The player of two sounds, their difference, and further steps; draws the first two.

    Args:
        tick: receives the progress.
        of: what it belongs to; the page keeps the position between players of the same.
    """
    (before, degraded), (after, restored) = heard[:2]
    drawing = titled(share(tick, 0, 0.5), "Drawing")
    preparing = titled(share(tick, 0.5, 1), "Preparing the player")
    names = (before, after)
    pictures = figures.draw(degraded, restored, folder, names=names, tick=drawing)
    sounds = matched(heard, part(preparing, 0, 4))
    changed = difference(degraded, restored, part(preparing, 1, 4))
    sounds.insert(2, Sound("Difference", changed))
    return player_value(sounds, folder, pictures, share(preparing, 0.5, 1), of=of)


def matched(heard: Sequence[Heard], tick: Tick) -> list[Sound]:
    """The sounds, trimmed to equal loudness."""
    gains = matching_gains([integrated_lufs(audio, tick) for _, audio in heard])
    return [Sound(*version, gain) for version, gain in zip(heard, gains, strict=True)]


def pair(outcome: Outcome, first: int, second: int, job: Job) -> PlayerData:
    """The player of any two steps of an outcome, made when first asked for.

    Raises:
        ValueError: there are no such steps.
    """
    count = len(outcome.steps)
    if not (0 <= first < count and 0 <= second < count):
        raise ValueError(f"steps: got {first} and {second}, expected 0 to {count - 1}")
    if (first, second) == (0, count - 1):
        return outcome.player
    if (first, second) not in outcome.pairs:
        folder = outcome.folder / f"pair-{first}-{second}"
        shutil.rmtree(folder, ignore_errors=True)  # of an earlier try that was stopped
        folder.mkdir()
        heard = [outcome.steps[first], outcome.steps[second]]
        outcome.pairs[first, second] = compare(heard, folder, job.tick, outcome.folder.name)
    return outcome.pairs[first, second]


def export(outcome: Outcome, name: str) -> Path:
    """The download of one kind, made when first asked for.

    Args:
        name: a key of DOWNLOADS, RECIPE or STEMS.

    Raises:
        ValueError: an unknown name, or samples that the format cannot hold (with the cure).
    """
    if name == RECIPE:
        path = outcome.folder / f"{outcome.stem}.recipe.json"
        path.write_text(json.dumps(outcome.recipe, indent=2) + "\n", encoding="utf-8")
        return path
    if name == STEMS and outcome.stems:
        return stems.zipped(outcome.stems, outcome.folder / f"{outcome.stem} stems.zip")
    if name not in DOWNLOADS:
        raise ValueError(f"got download {name!r}, expected one of {', '.join(DOWNLOADS)}")
    target = FORMATS[DOWNLOADS[name]]
    folder = outcome.folder / DOWNLOADS[name]
    folder.mkdir(exist_ok=True)
    path = folder / f"{outcome.stem} restored{target.suffix}"
    if not path.exists():
        save(outcome.restored, path, subtype=target.subtype)
    return path
