"""A chain that keeps the sound after each stage, and the stems of a stage that separates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline import recipe
from pipeline.audio.containers import Info
from pipeline.audio.sound import Audio
from pipeline.stage import (
    Chain,
    SeparatesStems,
    Stage,
    Tick,
    expected_seconds,
    no_tick,
    share,
    titled,
)
from ui.session import Session

NamedSound = tuple[str, Audio]

KEPT_BYTES = 1e9
"""The most that the steps and stems of one result may take on disk; beyond, none are kept."""


@dataclass(frozen=True)
class StepChain(Chain):
    """A chain that keeps the sound after each stage and reports which one runs.

    Attributes:
        titles: the display name of each stage.
        keep: whether to keep steps and stems.
        sounds: (title, sound) after each stage; filled by the call.
        stems: the stems of the last stage that separated, before their gains; filled by the call.
    """

    titles: Sequence[str] = ()
    keep: bool = True
    sounds: list[NamedSound] = field(default_factory=list)
    stems: dict[str, Audio] = field(default_factory=dict)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        """Runs every stage; each one's share of the progress is that of its estimated time."""
        times_s = [stage_seconds(stage, audio) for stage in self.stages]
        done_s, total_s = 0.0, sum(times_s) or 1.0
        for stage, title, stage_s in zip(self.stages, self.titles, times_s, strict=True):
            progress = share(tick, done_s / total_s, (done_s + stage_s) / total_s)
            stage_tick = titled(progress, title)
            stage_tick(0.0)
            audio = self._run(stage, audio, stage_tick)
            done_s += stage_s
            if self.keep:
                self.sounds.append((title, audio))
        return audio

    def _run(self, stage: Stage, audio: Audio, tick: Tick) -> Audio:
        if not (self.keep and isinstance(stage, SeparatesStems)):
            return stage(audio, tick)
        stems = stage.stems(audio, tick)
        self.stems.clear()
        self.stems.update(stems)
        return audio if stage.changes_nothing else stage.mix(stems)


def load_chain(document: Mapping[str, Any], session: Session) -> Chain:
    """The chain of a recipe, with the visitor's own networks, device and precision.

    Raises:
        ValueError: the recipe cannot be read; see `pipeline.recipe.load`.
    """
    return recipe.load(document).with_settings(
        own=str(session.networks), device=session.device, precision=session.precision
    )


def fits(audio: Audio, stages: Sequence[Stage]) -> bool:
    """Whether the steps and stems of a recording are small enough to be kept."""
    n_stems = sum(len(stage.names) for stage in stages if isinstance(stage, SeparatesStems))
    rate = max(audio.rate, 48_000)
    return 4 * audio.seconds * rate * audio.channels * (len(stages) + n_stems) <= KEPT_BYTES


def stage_seconds(stage: Stage, audio: Audio | Info) -> float:
    """The estimated time of a stage in seconds; never 0, so that its progress shows."""
    estimate_s = expected_seconds(stage, audio.frames, audio.rate, audio.channels)
    return max(estimate_s, 1e-3 * audio.seconds)
