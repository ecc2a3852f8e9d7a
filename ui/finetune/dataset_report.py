"""What the dataset checker found, as the page shows it; every name and reason is escaped here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import takewhile
from typing import Any

from ui.components import formatting, html

MOST_ROWS = 200
REACH = 0.4
"""Share of a network's rate up to which a recording must reach, to be judged by."""

ORDER = {"left out": 0, "used with care": 1, "used": 2}
MARKS = {"left out": "wm-bad", "used with care": "wmf-warn", "used": "wm-ok"}
Report = Mapping[str, Any]


def is_usable(report: Report) -> bool:
    """Whether there is something to learn from, and something else to judge by."""
    split = report.get("split") or {}
    return bool(split.get("trained") and split.get("held_out"))


def has_pairs(report: Report) -> bool:
    """Whether damaged recordings were given too: then nothing else is learned from."""
    return any(row.get("degraded") for row in report["rows"])


def can_judge(report: Report) -> bool:
    """Whether a held-out recording has a damaged side, or else the band that a network for band
    limits is judged on."""
    held = set((report.get("split") or {}).get("held_out") or ())
    return any(
        row.get("degraded") or row["bandwidth_hz"] > REACH * report["rate"]
        for row in report.get("rows", ())
        if row["group"] in held and row["verdict"] != "left out"
    )


def used_minutes(report: Report) -> float:
    """Minutes of sound that are used."""
    return float((report.get("totals") or {}).get("used_minutes") or 0.0)


def count(report: Report) -> int:
    """Recordings that are used."""
    return int(report["totals"]["used"] + report["totals"]["used_with_care"])


def summary(report: Report) -> str:
    """The totals beside the upload, and what stands in the way of a run."""
    totals, used = report["totals"], count(report)
    out = f" · {totals['left_out']} left out" if totals["left_out"] else ""
    said = (
        f'<div class="wmf-found"><b>{used} of {_count(report)} used</b>'
        f"<span>{_minutes(totals['used_minutes'])} of sound{out}</span></div>"
    )
    if not used:
        return f"{said}{html.problem('None of these can be learned from; the list says why.')}"
    if not is_usable(report):
        one_more = html.problem("Give one more recording at least: one is held back, to judge by.")
        return f"{said}{one_more}"
    return said


def table(report: Report) -> str:
    """Every recording with its verdict, those with a trouble first."""
    split, totals = report.get("split") or {}, report["totals"]
    held = set(split.get("held_out") or ())
    rows = sorted(report["rows"], key=lambda row: ORDER.get(row["verdict"], 0))
    folder = _folder([str(row["name"]) for row in rows])
    lines = "".join(_row(row, folder, row["group"] in held) for row in rows[:MOST_ROWS])
    more = len(rows) - MOST_ROWS
    rest = f'<p class="wm-fine">and {more} more</p>' if more > 0 else ""
    warnings = "".join(f"<li>{escape(str(text))}</li>" for text in report.get("warnings") or ())
    care = f"{totals['used_with_care']} with care" if totals["used_with_care"] else ""
    out = f"{totals['left_out']} left out" if totals["left_out"] else ""
    told = " · ".join(filter(None, (_count(report), care, out)))
    return f"""<details class="wm-diagnosis wmf-report" open>
<summary><h2>Recordings</h2><span>{escape(told)}</span></summary>
{f'<ul class="wmf-warnings">{warnings}</ul>' if warnings else ""}
<div class="wmf-scroll"><table><thead><tr><th>Recording</th><th>Length</th><th>Format</th>
<th>Sound up to</th><th>Verdict</th></tr></thead><tbody>{lines}</tbody></table></div>{rest}
<p class="wm-fine">{escape(_split(split))}</p></details>"""


def _folder(names: Sequence[str]) -> str:
    """The folder that all names begin with, with its slash; "" where there is none."""
    levels = zip(*(name.split("/")[:-1] for name in names), strict=False)
    return "".join(f"{level[0]}/" for level in takewhile(lambda one: len(set(one)) == 1, levels))


def _row(row: Mapping[str, Any], folder: str, is_held: bool) -> str:
    verdict, reasons = str(row["verdict"]), "; ".join(map(str, row.get("reasons") or ()))
    measured = bool(row.get("rate"))
    form = f"{row['rate'] / 1000:g} kHz, {formatting.channels(row['channels'])}" if measured else ""
    reach = formatting.hertz(row["bandwidth_hz"]) if row.get("bandwidth_hz") else ""
    length = formatting.clock(row["seconds"]) if measured else ""
    name, short = escape(str(row["name"])), escape(str(row["name"]).removeprefix(folder))
    out = is_held and verdict != "left out"
    use = "held back, to judge by" if out else {"used": "learned from"}.get(verdict, verdict)
    why = f"<small>{escape(reasons)}</small>" if reasons else ""
    return (
        f'<tr class="{MARKS.get(verdict, "wm-info")}"><th title="{name}">{short}</th>'
        f"<td>{length}</td><td>{form}</td><td>{reach}</td><td><b>{escape(use)}</b>{why}</td></tr>"
    )


def _split(split: Mapping[str, Any]) -> str:
    held, trained = len(split.get("held_out") or ()), len(split.get("trained") or ())
    if not held or not trained:
        return ""
    kind = "speaker" if split.get("by") == "speaker" else "recording"
    them = f"{kind} is" if held == 1 else f"{kind}s are"
    return f"{held} {them} held back and never learned from: the result is judged by that."


def _count(report: Report) -> str:
    files = report["totals"]["files"]
    name = "pair" if has_pairs(report) else "recording"
    return f"{files} {name}{'' if files == 1 else 's'}"


def _minutes(minutes: float) -> str:
    return f"{60 * minutes:.0f} s" if minutes < 1 else f"{minutes:.1f} min"
