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


@dataclasses.dataclass(frozen=True)
class Knob:
    """A setting of a stage, as form, range check, recipe and README table need it.

    Attributes:
        default: the value when a recipe does not name the knob.
        type: `str`, `int`, `float` or `bool`.
        low, high: closed range of a number, in `unit`; None is unbounded.
        unit: unit as shown ("Hz", "dB", "%", ...).
        help: one plain sentence for the person at the page.
        label: name on the form; the field's name with spaces if empty.
        choices: the allowed values, if only these are allowed.
        optional: True if None is a value too ("automatic").
    """

    default: Any
    type: type
    low: float | None = None
    high: float | None = None
    unit: str = ""
    help: str = ""
    label: str = ""
    choices: tuple[Any, ...] = ()
    optional: bool = False


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
    """A field of a stage that is a setting; see `Knob`. The field's annotation is its type."""
    details = {
        "low": low,
        "high": high,
        "unit": unit,
        "help": help,
        "label": label,
        "choices": choices,
        "optional": optional,
    }
    return dataclasses.field(default=default, metadata={"knob": details})


def knobs(stage: Any) -> dict[str, Knob]:
    """The knobs of a stage (class or instance) by name, in order."""
    types = _types(stage if isinstance(stage, type) else type(stage))
    return {
        field.name: Knob(field.default, types[field.name], **field.metadata["knob"])
        for field in dataclasses.fields(stage)
        if "knob" in field.metadata
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
    for name, one in knobs(stage).items():
        value = getattr(stage, name)
        if not _is_allowed(value, one):
            raise ValueError(f"{name}: got {shown(value)}, expected {_expected(one)}")
        if value is not None:
            object.__setattr__(stage, name, one.type(value))


def _is_allowed(value: Any, one: Knob) -> bool:
    if value is None:
        return one.optional
    if one.type is bool:
        allowed = isinstance(value, bool)
    elif one.type is str:
        allowed = isinstance(value, str) and _is_plain_text(value)
    else:
        allowed = _is_number(value, whole=one.type is int)
        allowed = allowed and (one.low is None or value >= one.low)
        allowed = allowed and (one.high is None or value <= one.high)
    return allowed and (not one.choices or value in one.choices)


def _is_number(value: Any, whole: bool) -> bool:
    """Whether a value is a finite number, and no truth value."""
    if isinstance(value, float):
        return math.isfinite(value) and (value.is_integer() or not whole)
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST_WHOLE


def _is_plain_text(value: str) -> bool:
    """One line of limited length, without control characters or halves of characters."""
    return len(value) <= LONGEST_TEXT and value.isprintable()


def _expected(one: Knob) -> str:
    if one.choices:
        return f"one of {one.choices}"
    if one.type is bool:
        return "true or false"
    if one.type is str:
        return f"a text of one line, at most {LONGEST_TEXT} characters"
    number = "a whole number" if one.type is int else "a number"
    if one.low is None and one.high is None:
        return number
    if one.high is None:
        return f"{number} of at least {one.low} {one.unit}".rstrip()
    return f"{number} from {one.low} to {one.high} {one.unit}".rstrip()
