"""A chain that is listened to: what each stage made, and the stems of one that separates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline import recipe
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

Heard = tuple[str, Audio]

KEPT_BYTES = 1e9
"""What a visitor's steps and stems may take on disk; beyond it only both ends are kept."""


@dataclass(frozen=True)
class HeardChain(Chain):
    """A chain that keeps what each stage made, and reports which one is at work.

    Attributes:
        titles: what each stage is called.
        keep: whether to keep steps and stems; a long recording's would fill the disk.
        heard: (title, sound) after each stage, filled by the call.
        stems: the stems of the last stage that separated, before their gains.
    """

    titles: Sequence[str] = ()
    keep: bool = True
    heard: list[Heard] = field(default_factory=list)
    stems: dict[str, Audio] = field(default_factory=dict)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        """The restored sound; each stage's part of the progress is that of its expected time."""
        times = [seconds(stage, audio) for stage in self.stages]
        done, whole = 0.0, sum(times) or 1.0
        for stage, title, own_s in zip(self.stages, self.titles, times, strict=True):
            own = titled(share(tick, done / whole, (done + own_s) / whole), title)
            own(0.0)
            audio = self._run(stage, audio, own)
            done += own_s
            if self.keep:
                self.heard.append((title, audio))
        return audio

    def _run(self, stage: Stage, audio: Audio, tick: Tick) -> Audio:
        if not (self.keep and isinstance(stage, SeparatesStems)):
            return stage(audio, tick)
        stems = stage.stems(audio, tick)
        self.stems.clear()
        self.stems.update(stems)
        return audio if stage.changes_nothing else stage.mix(stems)


def loaded(settings: Mapping[str, Any], networks: Path) -> Chain:
    """The chain of a recipe, whose stages also find the checkpoints in `networks`.

    Raises:
        ValueError: it cannot be read; see `pipeline.recipe.load`.
    """
    return recipe.load(settings).with_settings(own=str(networks))


def fits(audio: Audio, stages: Sequence[Stage]) -> bool:
    """Whether what every stage makes, and the stems, may be kept to listen to."""
    stems = sum(len(stage.names) for stage in stages if isinstance(stage, SeparatesStems))
    rate = max(audio.rate, 48_000)
    return 4 * audio.seconds * rate * audio.channels * (len(stages) + stems) <= KEPT_BYTES


def seconds(stage: Stage, audio: Audio) -> float:
    """About how long a stage will take; at least a little, so that its progress shows."""
    own_s = expected_seconds(stage, audio.frames, audio.rate, audio.channels)
    return max(own_s, 1e-3 * audio.seconds)
