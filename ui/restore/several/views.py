"""The table of several recordings as HTML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline import recipe_text
from ui.components.formatting import clock, hertz
from ui.components.rendering import render
from ui.jobs import Progress
from ui.restore.result_player import MARKED
from ui.restore.several.batch import Item, Several
from ui.restore.views import bandwidth_of


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes:
        length: as text; empty until the file has been read.
        findings: what is wrong, in a few words; `proposal` in a few more.
        state: in words; `kind` is its class: waiting, running, done or failed.
        fraction: of the work that runs, or None.
        change, bandwidth, time: of the result, as text.
        can_listen: whether the row's player can be opened.
    """

    name: str
    length: str
    findings: str
    proposal: str
    state: str
    kind: str
    fraction: float | None
    change: str
    bandwidth: str
    time: str
    can_listen: bool
    is_chosen: bool


def table(several: Several, stages: Mapping[str, type]) -> str:
    """The whole table."""
    rows = [_row(several, at, stages) for at in range(len(several.items))]
    return render("restore/several.html", rows=rows)


def counts(several: Several) -> str:
    """How many there are, are restored, and could not be."""
    items = several.items
    done = sum(item.outcome is not None for item in items)
    failed = sum(bool(item.problem) for item in items)
    parts = [f"{len(items)} recordings", f"{done} restored" if done else ""]
    return " · ".join(filter(None, [*parts, f"{failed} failed" if failed else ""]))


def _row(several: Several, at: int, stages: Mapping[str, type]) -> Row:
    item, outcome = several.items[at], several.items[at].outcome
    progress = several.running[1] if several.running and several.running[0] == at else None
    state, kind = _state(item, progress)
    change = outcome.done.guarantee.lufs_change if outcome else None
    return Row(
        name=item.name,
        length=clock(item.info.seconds) if item.info else "",
        findings=_findings(item),
        proposal=_proposal(item, stages),
        state=state,
        kind=kind,
        fraction=progress.fraction if progress else None,
        change="" if change is None else f"{change:+.1f} LU".replace("-", "\u2212"),
        bandwidth=_bandwidth(item),
        time=clock(outcome.done.seconds_taken) if outcome else "",
        can_listen=item.info is not None,
        is_chosen=at == several.chosen,
    )


def _state(item: Item, progress: Progress | None) -> tuple[str, str]:
    """What becomes of it, in words, and the kind of its row."""
    if progress is not None:
        if progress.ahead:
            return f"place {progress.ahead + 1} in the queue", "running"
        return f"{progress.stage}, {100 * progress.fraction:.0f} %", "running"
    if item.problem:
        return item.problem, "failed"
    if item.outcome is not None:
        return "restored" if item.outcome.recipe["stages"] else "nothing to do: as it was", "done"
    return ("read" if item.diagnosis else "waiting"), "waiting"


def _findings(item: Item) -> str:
    if item.diagnosis is None:
        return ""
    troubles = sorted(item.diagnosis.troubles, key=lambda one: -one.confidence)
    names = [MARKED.get(one.name, one.name.replace("_", " ").capitalize()) for one in troubles]
    return ", ".join(names) or "Nothing wrong found"


def _proposal(item: Item, stages: Mapping[str, type]) -> str:
    if item.outcome is not None:
        return recipe_text.summary(item.outcome.recipe, stages)
    if item.diagnosis is None:
        return ""
    entries = item.diagnosis.recipe["stages"]
    return " + ".join(recipe_text.title(entry["stage"]) for entry in entries)


def _bandwidth(item: Item) -> str:
    before = bandwidth_of(item.diagnosis) if item.diagnosis else None
    texts = [] if before is None else [hertz(before)]
    if item.outcome is not None:
        texts.append(hertz(item.outcome.bandwidth_hz))
    return " \u2192 ".join(dict.fromkeys(texts))
