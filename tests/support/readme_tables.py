"""`python -m tests.support.readme_tables`: the README's table of stages."""

from __future__ import annotations

from typing import Any

from pipeline.knobs import knobs
from pipeline.recipe import stage_classes


def stage_table() -> str:
    """One row a stage: its name in a recipe, its first line, its settings."""
    rows = ["| stage | what it does | settings: default (range) |", "|---|---|---|"]
    for name, cls in stage_classes().items():
        first = (cls.__doc__ or "").strip().splitlines()[0]
        settings = ", ".join(_setting(knob, meta) for knob, meta in knobs(cls).items())
        rows.append(f"| `{name}` | {first} | {settings} |")
    return "\n".join(rows)


def _setting(name: str, meta: dict[str, Any]) -> str:
    default = "automatic" if meta["default"] is None else meta["default"]
    if meta["choices"]:
        allowed = ", ".join(map(str, meta["choices"]))
    elif meta["low"] is not None or meta["high"] is not None:
        allowed = f"{_plain(meta['low'])} to {_plain(meta['high'])} {meta['unit']}".rstrip()
    else:
        return f"`{name}` {_plain(default)}"
    return f"`{name}` {_plain(default)} ({allowed})"


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    print(stage_table())
