"""The settings of a stage: declared once, with type, range and help; checked on construction."""

from __future__ import annotations

import dataclasses
import functools
import math
import reprlib
import typing
from typing import Any

LONGEST_TEXT = 200
"""Characters of a setting that is a text."""

LARGEST_WHOLE = 2**53
"""Whole numbers below it are the same in JSON, as an `int` and as a `float`."""

_short = reprlib.Repr()
_short.maxstring = _short.maxother = _short.maxlong = 100


def shown(value: Any) -> str:
    """A value for an error message: its `repr`, shortened, however long or deep it is."""
    return _short.repr(value)


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

    The annotation of the field is the setting's type: `str`, `int`, `float` or `bool`.

    Args:
        default: the value when a recipe does not name the knob.
        low, high: closed range of a number, in `unit`; None is unbounded.
        unit: unit as shown ("Hz", "dB", "%", ...).
        help: one plain sentence for the person at the page.
        label: name on the form; the field's name with spaces when empty.
        choices: the allowed values, if only these are allowed.
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
    """The knobs of a stage (class or instance), in order: name -> metadata, `default`, `type`."""
    types = _types(stage if isinstance(stage, type) else type(stage))
    return {
        f.name: {**f.metadata["knob"], "default": f.default, "type": types[f.name]}
        for f in dataclasses.fields(stage)
        if "knob" in f.metadata
    }


@functools.cache
def _types(cls: type) -> dict[str, type]:
    """Field -> its type; of `X | None` it is X."""
    hints = typing.get_type_hints(cls)
    return {name: (typing.get_args(hint) or (hint,))[0] for name, hint in hints.items()}


def check_knobs(stage: Any) -> None:
    """Checks type and range of every knob; a stage calls it in `__post_init__`.

    A whole number becomes an `int` or a `float`, whichever the knob is.

    Raises:
        ValueError: names knob, value and what is expected.
    """
    for name, meta in knobs(stage).items():
        value = getattr(stage, name)
        if not _is_allowed(value, meta):
            raise ValueError(f"{name}: got {shown(value)}, expected {_expected(meta)}")
        if value is not None:
            object.__setattr__(stage, name, meta["type"](value))


def _is_allowed(value: Any, meta: dict[str, Any]) -> bool:
    if value is None:
        return bool(meta["optional"])
    kind, low, high = meta["type"], meta["low"], meta["high"]
    if kind in (str, bool):
        right = isinstance(value, kind) and (kind is bool or _is_plain_text(value))
    else:
        right = _is_number(value, whole=kind is int)
        right = right and (low is None or value >= low) and (high is None or value <= high)
    return right and (not meta["choices"] or value in meta["choices"])


def _is_number(value: Any, whole: bool) -> bool:
    """Whether a value is a finite number, and no truth value."""
    if isinstance(value, float):
        return math.isfinite(value) and (value.is_integer() or not whole)
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST_WHOLE


def _is_plain_text(value: str) -> bool:
    """One line of limited length, without control characters or halves of characters."""
    return len(value) <= LONGEST_TEXT and value.isprintable()


def _expected(meta: dict[str, Any]) -> str:
    if meta["choices"]:
        return f"one of {meta['choices']}"
    if meta["type"] is bool:
        return "true or false"
    if meta["type"] is str:
        return f"a text of one line, at most {LONGEST_TEXT} characters"
    number = "a whole number" if meta["type"] is int else "a number"
    if meta["low"] is None and meta["high"] is None:
        return number
    return f"{number} from {meta['low']} to {meta['high']} {meta['unit']}".rstrip()
