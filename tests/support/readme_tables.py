"""`python -m tests.support.readme_tables`: the README's table of stages."""

from __future__ import annotations

from typing import Any

from pipeline.knobs import Knob, knobs
from pipeline.recipe import stage_classes


def stage_table() -> str:
    """One row a stage: its name in a recipe, its first line, its settings."""
    rows = ["| stage | what it does | settings: default (range) |", "|---|---|---|"]
    for name, cls in stage_classes().items():
        first = (cls.__doc__ or "").strip().splitlines()[0]
        settings = ", ".join(_setting(setting, knob) for setting, knob in knobs(cls).items())
        rows.append(f"| `{name}` | {first} | {settings} |")
    return "\n".join(rows)


def _setting(name: str, knob: Knob) -> str:
    default = "automatic" if knob.default is None else knob.default
    if knob.choices:
        allowed = ", ".join(map(str, knob.choices))
    elif knob.low is not None and knob.high is None:
        allowed = f"from {_plain(knob.low)} {knob.unit}".rstrip()
    elif knob.low is not None or knob.high is not None:
        allowed = f"{_plain(knob.low)} to {_plain(knob.high)} {knob.unit}".rstrip()
    else:
        return f"`{name}` {_plain(default)}"
    return f"`{name}` {_plain(default)} ({allowed})"


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value) or "none"


if __name__ == "__main__":
    print(stage_table())
