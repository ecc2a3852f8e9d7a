"""A chain that is listened to: what each stage made, and the stems of one that separates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from pipeline import recipe
from pipeline.audio.sound import Audio
from pipeline.stage import Chain, Stage, Tick, no_tick, share

Heard = tuple[str, Audio]

KEPT_BYTES = 1e9
"""What a visitor's steps and stems may take on disk; beyond it only both ends are kept."""

USUAL_SPEED = 100.0
"""Seconds of one channel a second, of a stage that gives no estimate."""


@dataclass(frozen=True)
class HeardChain(Chain):
    """A chain that keeps what each stage made, and says which one is at work.

    Attributes:
        titles: what each stage is called.
        keep: whether to keep steps and stems; a long recording's would fill the disk.
        at_work: told the title of each stage when its turn comes.
        heard: (title, sound) after each stage, filled by the call.
        stems: the stems of the last stage that separated, before their gains.
    """

    titles: Sequence[str] = ()
    keep: bool = True
    at_work: Callable[[str], None] = lambda title: None
    heard: list[Heard] = field(default_factory=list)
    stems: dict[str, Audio] = field(default_factory=dict)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        """The restored sound; each stage's part of the progress is that of its expected time."""
        times = [seconds(stage, audio) for stage in self.stages]
        done, whole = 0.0, sum(times) or 1.0
        for stage, title, own_s in zip(self.stages, self.titles, times, strict=True):
            self.at_work(title)
            tick(done / whole)
            audio = self._run(stage, audio, share(tick, done / whole, (done + own_s) / whole))
            done += own_s
            if self.keep:
                self.heard.append((title, audio))
        return audio

    def _run(self, stage: Any, audio: Audio, tick: Tick) -> Audio:
        if not (self.keep and separates(stage)):
            return stage(audio, tick)
        stems = stage.stems(audio, tick)
        self.stems.clear()
        self.stems.update(stems)
        unchanged = not stage.stages and not any(gain != 0 for gain in stage.gains_db.values())
        return audio if unchanged else stage.mix(stems)


def loaded(settings: Mapping[str, Any], networks: Path) -> Chain:
    """The chain of a recipe, whose stages also find the checkpoints in `networks`.

    Raises:
        ValueError: it cannot be read; see `pipeline.recipe.load`.
    """
    return Chain(tuple(_knowing(stage, networks) for stage in recipe.load(settings).stages))


def _knowing(stage: Any, networks: Path) -> Any:
    names = {one.name for one in fields(stage)}
    changes: dict[str, Any] = {"own": str(networks)} if "own" in names else {}
    if "stages" in names:
        changes["stages"] = tuple(_knowing(inner, networks) for inner in stage.stages)
    return replace(stage, **changes) if changes else stage


def separates(stage: Any) -> bool:
    """Whether a stage makes stems."""
    return hasattr(stage, "stems") and hasattr(stage, "mix")


def fits(audio: Audio, stages: Sequence[Stage]) -> bool:
    """Whether what every stage makes, and the stems, may be kept to listen to."""
    apart: list[Any] = [stage for stage in stages if separates(stage)]
    stems = sum(len(stage.names) for stage in apart)
    rate = max(audio.rate, 48_000)
    return 4 * audio.seconds * rate * audio.channels * (len(stages) + stems) <= KEPT_BYTES


def seconds(stage: Any, audio: Audio) -> float:
    """About how long a stage will take; at least a little, so that its progress shows."""
    if hasattr(stage, "estimate_seconds"):
        own_s = stage.estimate_seconds(audio.frames, audio.rate, audio.channels)
    else:
        own_s = audio.seconds * audio.channels / USUAL_SPEED
    return float(max(own_s, 1e-3 * audio.seconds))
