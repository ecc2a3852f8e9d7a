"""The ranges of a net's settings: declared with each field, checked before a net is built."""

from __future__ import annotations

import dataclasses
import reprlib
from collections.abc import Mapping
from typing import Any, TypeVar

Config = TypeVar("Config")
RATES_HZ = (1000, 384_000)
SHORT = 120  # characters of a value in a message


def ranged(
    default: Any, least: float, most: float, *, count: tuple[int, int] = (1, 16), odd: bool = False
) -> Any:
    """A field of a config dataclass with the range of its value.

    Args:
        default: a number, or a tuple of whole numbers; the field's value must be of the same kind.
        least, most: the range, both ends included; of each number where there are several.
        count: the least and the largest number of entries of a tuple.
        odd: whether the number must be odd.
    """
    metadata = {"range": (least, most), "count": count, "odd": odd}
    return dataclasses.field(default=default, metadata=metadata)


def check(config: Any) -> None:
    """Checks every field of a config dataclass; lists become tuples.

    Raises:
        ValueError: a value of another kind than the field's default, or out of its range.
    """
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if isinstance(field.default, tuple) and isinstance(value, list):
            value = tuple(value)
            object.__setattr__(config, field.name, value)
        if expected := _complaint(value, field):
            raise ValueError(f"{field.name}: got {short(value)}, expected {expected}")


def make(config_class: type[Config], settings: Any) -> Config:
    """A config of settings by name, as they stand in a file.

    Raises:
        ValueError: no settings by name, unknown ones, or values that the config refuses.
    """
    known = [field.name for field in dataclasses.fields(config_class)]  # type: ignore[arg-type]
    if not isinstance(settings, Mapping) or not all(name in known for name in settings):
        raise ValueError(f"config: got {short(settings)}, expected some of {', '.join(known)}")
    return config_class(**settings)


def short(value: Any) -> str:
    """A value as Python writes it, or the beginning of that, however large the value is."""
    try:
        text = reprlib.repr(value)
        return text if len(text) <= SHORT else f"{text[:SHORT]}..."
    except ValueError:  # Python writes no whole number of more than 4300 digits
        return "a number of thousands of digits"


def _complaint(value: Any, field: dataclasses.Field[Any]) -> str:
    """What a field expects instead of the value; "" where the value will do."""
    if type(field.default) in (bool, str):
        fits = type(value) is type(field.default)
        return "" if fits else f"a value like {field.default!r}"
    least, most = field.metadata["range"]
    if not isinstance(field.default, tuple):
        return _number_complaint(value, isinstance(field.default, int), least, most, field)
    fewest, most_entries = field.metadata["count"]
    if not isinstance(value, tuple) or not fewest <= len(value) <= most_entries:
        return f"{fewest} to {most_entries} whole numbers"
    complaints = [_number_complaint(entry, True, least, most, field) for entry in value]
    return next(filter(None, complaints), "")


def _number_complaint(
    value: Any, whole: bool, least: float, most: float, field: dataclasses.Field[Any]
) -> str:
    kind = int if whole else (int, float)
    fits = isinstance(value, kind) and not isinstance(value, bool)
    odd = field.metadata["odd"]
    if fits and least <= value <= most and not (odd and value % 2 == 0):
        return ""
    return f"{'an odd number' if odd else 'a whole number' if whole else 'a number'} " + (
        f"from {least} to {most}"
    )
