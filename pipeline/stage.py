"""What a stage is: a frozen dataclass of settings whose call turns one `Audio` into another.

What only some stages can do is a Protocol each: `isinstance(stage, UsesDevice)` asks for it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, runtime_checkable

from pipeline.audio.sound import Audio

USUAL_SPEED = 100.0
"""Seconds of one channel a second, of a stage that gives no estimate."""


class Tick(Protocol):
    """Receives the progress of a piece of work, and can stop it."""

    def __call__(self, fraction: float, what: str = "") -> None:
        """Reports progress.

        Args:
            fraction: of the work that is done, in [0, 1].
            what: what is going on now, in a few words; empty if the caller knows it already.

        Raises:
            Cancelled: the user has stopped the work.
        """


class Cancelled(Exception):
    """The user stopped the work; whoever catches it removes temporary files."""


def no_tick(fraction: float, what: str = "") -> None:
    """The tick of a caller that neither watches nor stops."""


def part(tick: Tick, index: int, count: int) -> Tick:
    """The tick of step `index` of `count` equal steps: its 0..1 is a share of the whole."""
    return share(tick, index / count, (index + 1) / count)


def share(tick: Tick, low: float, high: float) -> Tick:
    """The tick of a step that takes the progress from `low` to `high`, each in [0, 1]."""

    def scaled(fraction: float, what: str = "") -> None:
        tick(low + (high - low) * fraction, what)

    return scaled


def titled(tick: Tick, title: str) -> Tick:
    """A tick that says `title` whenever the step itself says nothing."""

    def named(fraction: float, what: str = "") -> None:
        tick(fraction, what or title)

    return named


class Stage(Protocol):
    """One step of a restoration: keeps channels, duration to the sample, and its input as it is."""

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio: ...


@runtime_checkable
class EstimatesTime(Protocol):
    """A stage that can estimate how long it will take."""

    def estimate_seconds(self, frames: int, rate: int, channels: int) -> float:
        """Seconds that the stage will take for a sound of this size."""


@runtime_checkable
class KeepsBand(Protocol):
    """A stage that leaves a band of its input as it is."""

    def kept_below_hz(self, audio: Audio) -> float | None:
        """The frequency below which the output equals `audio`; None if nothing is kept."""


@runtime_checkable
class UsesDevice(Protocol):
    """A stage whose network runs on a chosen device."""

    device: str


@runtime_checkable
class UsesPrecision(Protocol):
    """A stage whose network computes in a chosen precision, one of `models.net.PRECISIONS`."""

    precision: str


@runtime_checkable
class UsesCheckpoint(Protocol):
    """A stage that runs a checkpoint.

    Attributes:
        MODELS: keys of `models.registry.NETS` that the stage can run.
        checkpoint: the checkpoint's name.
    """

    MODELS: ClassVar[tuple[str, ...]]
    checkpoint: str


@runtime_checkable
class TakesOwnWeights(Protocol):
    """A stage that can run a user's own checkpoints.

    Attributes:
        own: folder with the user's checkpoints; none if empty.
    """

    own: str


@runtime_checkable
class SeparatesStems(Protocol):
    """A stage that separates a sound into stems, runs a chain on each stem, and mixes the results.

    Attributes:
        gains_db: stem -> gain in dB; None mutes, a stem that is not named keeps its level.
        stages: the chain that runs on every stem.
    """

    gains_db: Mapping[str, float | None]
    stages: tuple[Stage, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The stems' names."""

    @property
    def changes_nothing(self) -> bool:
        """Whether there is neither a chain nor a gain."""

    def stems(self, audio: Audio, tick: Tick = no_tick) -> dict[str, Audio]:
        """The restored stems by name, before gains."""

    def mix(self, stems: Mapping[str, Audio], tick: Tick = no_tick) -> Audio:
        """The sum of the stems, each with its gain."""

    def downloads(self) -> list[str]:
        """The addresses that the first use will download from."""


def expected_seconds(stage: Stage, frames: int, rate: int, channels: int) -> float:
    """Seconds that a stage will take: its own estimate, or else one of the usual speed."""
    if isinstance(stage, EstimatesTime):
        return stage.estimate_seconds(frames, rate, channels)
    return frames / rate * channels / USUAL_SPEED


def with_settings(
    stage: Any, *, checkpoint: str = "", device: str = "", own: str = "", precision: str = ""
) -> Any:
    """The stage with these settings where it takes them; likewise the chain that it runs itself.

    Args:
        checkpoint, device, own, precision: see `UsesCheckpoint`, `UsesDevice`, `TakesOwnWeights`,
            `UsesPrecision`; a stage keeps what it has where the argument is empty.
    """
    wanted = {"checkpoint": checkpoint, "device": device, "own": own, "precision": precision}
    settings: dict[str, Any] = {}
    if checkpoint and isinstance(stage, UsesCheckpoint):
        settings["checkpoint"] = checkpoint
    if device and isinstance(stage, UsesDevice):
        settings["device"] = device
    if own and isinstance(stage, TakesOwnWeights):
        settings["own"] = own
    if precision and isinstance(stage, UsesPrecision):
        settings["precision"] = precision
    if isinstance(stage, SeparatesStems):
        settings["stages"] = tuple(with_settings(one, **wanted) for one in stage.stages)
    return dataclasses.replace(stage, **settings) if settings else stage


@dataclasses.dataclass(frozen=True)
class Chain:
    """Stages one after another; itself a stage."""

    stages: tuple[Stage, ...] = ()

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        for index, stage in enumerate(self.stages):
            audio = stage(audio, part(tick, index, len(self.stages)))
        return audio

    def with_settings(self, **settings: str) -> Chain:
        """The chain with `with_settings` of every stage."""
        return Chain(tuple(with_settings(stage, **settings) for stage in self.stages))
