"""From a recording and a recipe to a result: restored, measured, drawn, ready to play."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pipeline import recipe
from pipeline import restoration as engine
from pipeline.audio.sound import Audio
from pipeline.dsp.part import PartChain
from pipeline.evaluation import guarantee_card
from pipeline.stage import Chain, Tick, share, titled
from pipeline.stages.noise_print import with_noise_prints
from ui import zero_gpu
from ui.components import chain_form
from ui.components.player import PlayerData
from ui.jobs import Job
from ui.restore import result_player
from ui.restore.estimate import total_seconds
from ui.restore.source import Source, excerpt
from ui.restore.steps import NamedSound, StepChain, fits

PREVIEW_S = 10.0
STEPS_LEFT_OUT = (
    "This recording is too long to keep every step and stem. A preview lets you listen to them."
)


SAME_S = 0.005  # places in the recording that differ by less are the same
MOST_EARLIER = 6
EARLIER_BYTES = 1e9
"""The most that results which were replaced may take; the oldest go first."""


@dataclass(frozen=True)
class Earlier:
    """A result that others are compared with after it was replaced.

    Attributes:
        name: when it was made, and by which recipe.
        start_s: where it begins in the recording.
    """

    name: str
    start_s: float
    audio: Audio


@dataclass(frozen=True)
class Result:
    """A finished restoration.

    Attributes:
        title: its extent: "Whole recording" or "Preview from 20 s".
        stem: what downloads are named after.
        recipe: the recipe as a document; the command line gets the same samples from it.
        folder: the files that the page fetches; removed with the result.
        restored: the restored sound; every download is written from it.
        player: the player of recording, result and difference.
        rows: the guarantee card.
        steps: (name, sound) of the recording, after each stage, and of the result.
        stems: the stems by name, before their gains; empty for a chain that does not separate.
        mixer: the player of the stems, or None.
        note: what to know about steps and stems, or "".
        pairs: the players of two steps each, filled on demand.
        start_s: where the restored part begins in the recording.
        earlier: (name, sound) of the results before, of the same part of the recording.
    """

    title: str
    stem: str
    recipe: Mapping[str, Any]
    folder: Path
    restored: Audio
    player: PlayerData
    rows: list[guarantee_card.Row]
    steps: list[NamedSound]
    stems: dict[str, Audio] = field(default_factory=dict)
    mixer: PlayerData | None = None
    note: str = ""
    pairs: dict[tuple[int, int], PlayerData] = field(default_factory=dict)
    start_s: float = 0.0
    earlier: list[NamedSound] = field(default_factory=list)

    @property
    def sounds(self) -> list[NamedSound]:
        """What can be compared: the steps, and the results before."""
        return [*self.steps, *self.earlier]


def restore(
    source: Source,
    chain: Chain,
    preview_at_s: float | None,
    folder: Path,
    job: Job,
    part_s: tuple[float, float] | None = None,
) -> Result:
    """Restores a recording, measures the result and draws it.

    Args:
        chain: the recipe's stages.
        preview_at_s: start of the preview in seconds; None restores the whole recording.
        folder: an empty folder of the visitor's; removed again on failure or cancellation.
        part_s: (start, end) of the only part to restore, where not everything is.
    """
    try:
        return _restore(source, chain, preview_at_s, folder, job, part_s)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _restore(
    source: Source,
    chain: Chain,
    preview_at_s: float | None,
    folder: Path,
    job: Job,
    part_s: tuple[float, float] | None,
) -> Result:
    title, stem, degraded = "Whole recording", source.stem, source.audio
    if preview_at_s is not None:
        title, stem = f"Preview from {preview_at_s:g} s", f"{source.stem} preview"
        degraded = excerpt(source.audio, preview_at_s, PREVIEW_S)
    if part_s is not None:
        title = f"Part from {part_s[0]:.2f} to {part_s[1]:.2f} s"
    job.expect(total_seconds(degraded, chain))
    if preview_at_s is not None or part_s is not None:
        chain = with_noise_prints(chain, source.audio)
    running = share(job.tick, 0, 0.85)
    restored, steps = run_chain(degraded, chain, running, keep=part_s is None, part_s=part_s)
    between = [(f"{at}  {name}", audio) for at, (name, audio) in enumerate(steps.sounds[:-1], 1)]
    sounds = [("Degraded", degraded), *between, ("Restored", restored.audio)]
    start_s = min(preview_at_s or 0.0, source.audio.seconds - degraded.seconds)
    found = result_player.marks(source.diagnosis.findings, start_s, degraded.seconds)
    whole = source.player if preview_at_s is None else None
    of = whole.of if whole else folder.name
    kept_hz, drawing = restored.guarantee.kept_below_hz, share(job.tick, 0.85, 0.97)
    player = result_player.of_steps(sounds, folder, drawing, of, found, kept_hz)
    mixer = None
    if steps.stems:
        preparing = titled(share(job.tick, 0.97, 1), "Preparing the stems")
        mixer = result_player.mixer(steps.stems, chain, folder, preparing)
    return Result(
        title, stem, recipe.dump(chain), folder, restored.audio, player,
        guarantee_card.rows(restored.guarantee), sounds, steps.stems, mixer,
        "" if steps.keep or part_s else STEPS_LEFT_OUT, start_s=preview_at_s or 0.0,
    )  # fmt: skip


def run_chain(
    audio: Audio,
    chain: Chain,
    tick: Tick,
    name: str = "",
    keep: bool = True,
    part_s: tuple[float, float] | None = None,
) -> tuple[engine.Restored, StepChain]:
    """Runs a chain, measures the result, and keeps the steps if they are small enough.

    Args:
        tick: receives the progress, with the stage that runs after `name`.
        keep: False never keeps the steps.
        part_s: (start, end) of the only part to restore.
    """
    classes = recipe.stage_classes()
    titles = [chain_form.title_of(stage, classes) for stage in chain.stages]
    steps = StepChain(chain.stages, titles, keep and fits(audio, chain.stages))

    def named(fraction: float, what: str = "") -> None:
        tick(fraction, f"{name}: {what}" if name else what)

    runner = PartChain(chain.stages, steps, *part_s) if part_s else steps
    work = partial(_restored, audio, steps, runner)
    return zero_gpu.run(work, total_seconds(audio, chain), named)


def _restored(
    audio: Audio, steps: StepChain, runner: Chain, tick: Tick
) -> tuple[engine.Restored, StepChain]:
    return engine.restore(audio, runner, tick), steps


def remember(history: Sequence[Earlier], result: Result, name: str) -> list[Earlier]:
    """Gives a result those before it of the same part; returns the history that includes it."""
    for one in history:
        length_s = abs(one.audio.seconds - result.restored.seconds)
        if abs(one.start_s - result.start_s) < SAME_S and length_s < SAME_S:
            result.earlier.append((one.name, one.audio))
    kept = [*history, Earlier(name, result.start_s, result.restored)][-MOST_EARLIER:]
    while len(kept) > 1 and sum(one.audio.samples.nbytes for one in kept) > EARLIER_BYTES:
        kept.pop(0)
    return kept


def pair(result: Result, first: int, second: int, job: Job) -> PlayerData:
    """The player of any two of a result's sounds, prepared when first asked for.

    Raises:
        ValueError: there are no such sounds.
    """
    count = len(result.sounds)
    if not (0 <= first < count and 0 <= second < count):
        raise ValueError(f"steps: got {first} and {second}, expected 0 to {count - 1}")
    if (first, second) == (0, len(result.steps) - 1):
        return result.player
    if (first, second) not in result.pairs:
        folder = result.folder / f"pair-{first}-{second}"
        shutil.rmtree(folder, ignore_errors=True)  # of an earlier attempt that was stopped
        folder.mkdir()
        sounds = [result.sounds[first], result.sounds[second]]
        whole = result.player
        player = result_player.of_pair(sounds, folder, job.tick, whole.of, whole.marks)
        result.pairs[first, second] = player
    return result.pairs[first, second]
