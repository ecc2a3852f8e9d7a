"""The report of the dataset checker as the page shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from ui.components import formatting, html
from ui.components.rendering import render

MOST_ROWS = 200
ORDER = {"left out": 0, "used with care": 1, "used": 2}
MARKS = {"left out": "wm-bad", "used with care": "wmf-warn", "used": "wm-ok"}
Report = Mapping[str, Any]


def is_usable(report: Report) -> bool:
    """Whether there is something to learn from, and something else to judge by."""
    split = report.get("split") or {}
    return bool(split.get("trained") and split.get("held_out"))


def has_pairs(report: Report) -> bool:
    """Whether degraded recordings were uploaded too, whose damage is then the one to learn."""
    return any(row.get("degraded") for row in report["rows"])


def can_judge(report: Report, reach: float = 0.4) -> bool:
    """Whether a held-out recording has a degraded side, or else enough bandwidth.

    Args:
        reach: the bandwidth that is enough, as a share of the network's rate.
    """
    held_out = set((report.get("split") or {}).get("held_out") or ())
    return any(
        row.get("degraded") or row["bandwidth_hz"] > reach * report["rate"]
        for row in report.get("rows", ())
        if row["group"] in held_out and row["verdict"] != "left out"
    )


def used_minutes(report: Report) -> float:
    """Minutes of sound that are used."""
    return float((report.get("totals") or {}).get("used_minutes") or 0.0)


def n_used(report: Report) -> int:
    """Recordings that are used."""
    return int(report["totals"]["used"] + report["totals"]["used_with_care"])


def summary(report: Report) -> str:
    """The totals below the upload, and what prevents a run."""
    left_out = report["totals"]["left_out"]
    length = f"{_minutes(report['totals']['used_minutes'])} of sound"
    return render(
        "finetune/dataset_summary.html",
        used=f"{n_used(report)} of {_count(report)} used",
        length=f"{length} · {left_out} left out" if left_out else length,
        problem=html.problem(text) if (text := _problem(report)) else "",
    )


def _problem(report: Report) -> str:
    if not n_used(report):
        return "None of these can be used; the list says why."
    if not is_usable(report):
        return "Upload at least one more recording: one is held out to judge the result by."
    return ""


def table(report: Report) -> str:
    """Every recording with its verdict, those with problems first."""
    split, totals = report.get("split") or {}, report["totals"]
    held_out = set(split.get("held_out") or ())
    rows = sorted(report["rows"], key=lambda row: ORDER.get(row["verdict"], 0))
    folder = _common_folder([str(row["name"]) for row in rows])
    care = f"{totals['used_with_care']} with care" if totals["used_with_care"] else ""
    left_out = f"{totals['left_out']} left out" if totals["left_out"] else ""
    return render(
        "finetune/dataset_table.html",
        summary=" · ".join(filter(None, (_count(report), care, left_out))),
        warnings=[str(text) for text in report.get("warnings") or ()],
        rows=[_row(row, folder, row["group"] in held_out) for row in rows[:MOST_ROWS]],
        n_more=len(rows) - MOST_ROWS,
        split=_split(split),
    )


def _common_folder(names: Sequence[str]) -> str:
    """The folder that all names begin with, with its slash; "" where there is none."""
    levels = zip(*(name.split("/")[:-1] for name in names), strict=False)
    return "".join(f"{level[0]}/" for level in takewhile(lambda one: len(set(one)) == 1, levels))


def _row(row: Mapping[str, Any], folder: str, is_held_out: bool) -> dict[str, str]:
    name, verdict, is_measured = str(row["name"]), str(row["verdict"]), bool(row.get("rate"))
    form = f"{row['rate'] / 1000:g} kHz, {formatting.channels(row['channels'])}"
    use = "learned from" if verdict == "used" else verdict
    return {
        "mark": MARKS.get(verdict, "wm-info"),
        "name": name,
        "short": name.removeprefix(folder),
        "length": formatting.clock(row["seconds"]) if is_measured else "",
        "format": form if is_measured else "",
        "bandwidth": formatting.hertz(row["bandwidth_hz"]) if row.get("bandwidth_hz") else "",
        "use": "held out, to judge by" if is_held_out and verdict != "left out" else use,
        "reasons": "; ".join(map(str, row.get("reasons") or ())),
    }


def _split(split: Mapping[str, Any]) -> str:
    held_out, trained = len(split.get("held_out") or ()), len(split.get("trained") or ())
    if not held_out or not trained:
        return ""
    group = "speaker" if split.get("by") == "speaker" else "recording"
    verb, pronoun = ("is", "it") if held_out == 1 else ("are", "them")
    groups = group if held_out == 1 else f"{group}s"
    return f"{held_out} {groups} {verb} held out; the result is judged by {pronoun}."


def _count(report: Report) -> str:
    n_files = report["totals"]["files"]
    item = "pair" if has_pairs(report) else "recording"
    return f"{n_files} {item}{'' if n_files == 1 else 's'}"


def _minutes(minutes: float) -> str:
    return f"{60 * minutes:.0f} s" if minutes < 1 else f"{minutes:.1f} min"
