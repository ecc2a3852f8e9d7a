"""What a stage is: a frozen dataclass of settings whose call turns one `Audio` into another."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from pipeline.audio.sound import Audio

Tick = Callable[[float], None]
"""`tick(fraction)` reports progress in [0, 1] and raises `Cancelled` when the user has stopped."""


class Cancelled(Exception):
    """The user stopped the work; whoever catches it removes temporary files."""


def no_tick(fraction: float) -> None:
    """The tick of a caller that neither watches nor stops."""


class Stage(Protocol):
    """One step of a restoration: keeps channels, duration to the sample, and its input as it is."""

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio: ...


def knob(
    default: Any,
    low: float | None = None,
    high: float | None = None,
    unit: str = "",
    help: str = "",
    *,
    label: str = "",
    choices: tuple[Any, ...] = (),
    optional: bool = False,
) -> Any:
    """A stage's setting; form, range check, recipe and README table all read this metadata.

    Args:
        default: the value when a recipe does not name the knob.
        low, high: closed range of a number, in `unit`; None is unbounded.
        unit: unit as shown ("Hz", "dB", "%", ...).
        help: one plain sentence for the person at the page.
        label: name on the form; the field's name with spaces when empty.
        choices: the allowed values of a setting that is not a number.
        optional: True where None is a value too ("automatic").
    """
    metadata = {
        "low": low,
        "high": high,
        "unit": unit,
        "help": help,
        "label": label,
        "choices": choices,
        "optional": optional,
    }
    return dataclasses.field(default=default, metadata={"knob": metadata})


def knobs(stage: Any) -> dict[str, dict[str, Any]]:
    """The knobs of a stage (class or instance), in order: name -> metadata with its `default`."""
    return {
        f.name: {**f.metadata["knob"], "default": f.default}
        for f in dataclasses.fields(stage)
        if "knob" in f.metadata
    }


def check_knobs(stage: Any) -> None:
    """Raises `ValueError` naming knob, value and range; a stage calls it in `__post_init__`."""
    for name, meta in knobs(stage).items():
        value = getattr(stage, name)
        if value is None and meta["optional"]:
            continue
        if meta["choices"]:
            if value not in meta["choices"]:
                raise ValueError(f"{name}: got {value!r}, expected one of {meta['choices']}")
        elif meta["low"] is not None or meta["high"] is not None:
            _check_range(name, value, meta)


def _check_range(name: str, value: Any, meta: dict[str, Any]) -> None:
    low, high, unit = meta["low"], meta["high"], meta["unit"]
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not (low is None or value >= low) or not (high is None or value <= high):
        expected = f"a number from {low} to {high} {unit}".rstrip()
        raise ValueError(f"{name}: got {value!r}, expected {expected}")


def part(tick: Tick, index: int, count: int) -> Tick:
    """The tick of step `index` of `count` equal steps: its 0..1 is a share of the whole."""
    return share(tick, index / count, (index + 1) / count)


def share(tick: Tick, low: float, high: float) -> Tick:
    """The tick of a step that takes the progress from `low` to `high`, each in [0, 1]."""
    return lambda fraction: tick(low + (high - low) * fraction)


@dataclasses.dataclass(frozen=True)
class Chain:
    """Stages one after another; itself a stage."""

    stages: tuple[Stage, ...] = ()

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        for index, stage in enumerate(self.stages):
            audio = stage(audio, part(tick, index, len(self.stages)))
        return audio

    def steps(self, audio: Audio, tick: Tick = no_tick) -> Iterator[tuple[Stage, Audio]]:
        """Yields (stage, what it made) after each stage; an empty chain yields nothing."""
        for index, stage in enumerate(self.stages):
            audio = stage(audio, part(tick, index, len(self.stages)))
            yield stage, audio
