"""The result's pieces of HTML: its title, the guarantee card, the compared recipes."""

from __future__ import annotations

from collections.abc import Sequence

from ui.components.rendering import render

Row = tuple[str, str, bool | None, str]
"""Label, value, whether it is as promised (None: information only), explanation."""


def title(name: str, extent: str, recipe: str) -> str:
    """The line above a result: its recording, how much of it, and the recipe."""
    return render("restore/result_title.html", name=name, title=extent, recipe=recipe)


def guarantee(rows: Sequence[Row]) -> str:
    """The guarantee card."""
    return render("restore/guarantee.html", rows=rows)


def candidate(title: str, rows: Sequence[Row], failure: str) -> str:
    """One of the compared recipes: its guarantee in one line with details, or why it failed."""
    if failure:
        return render("restore/candidate_failed.html", title=title, message=failure)
    return render(
        "restore/candidate.html",
        title=title,
        rows=rows,
        broken=[label for label, _, ok, _ in rows if ok is False],
        kept=sum(ok is True for _, _, ok, _ in rows),
        loudness=next((value for label, value, *_ in rows if label == "Loudness"), ""),
    )
