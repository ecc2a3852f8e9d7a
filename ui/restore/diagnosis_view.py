"""The diagnosis panel: what is wrong, how certain that is, and the proposed recipe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ui.components import chain_form
from ui.components.rendering import render

if TYPE_CHECKING:
    from pipeline.diagnosis.diagnose import Diagnosis
    from pipeline.diagnosis.finding import Finding


def panel(diagnosis: Diagnosis) -> str:
    """The whole panel: faults by descending confidence, other measurements folded, the proposal."""
    faults = sorted((f for f in diagnosis.findings if f.trouble), key=lambda f: -f.confidence)
    stages = diagnosis.recipe["stages"]
    return render(
        "restore/diagnosis.html",
        summary=_summary(faults, stages),
        faults=[{"text": f.text, "percent": _percent(f.confidence)} for f in faults],
        measurements=[f.text for f in diagnosis.findings if not f.trouble],
        stages=[_stage(entry) for entry in stages],
        title=f"{diagnosis.recipe.get('title', 'Nothing to do')}.",
        reason=str(diagnosis.recipe.get("summary", "")),
    )


def _summary(faults: Sequence[Finding], stages: Sequence[dict[str, Any]]) -> str:
    """The panel in one line, for when it is folded."""
    if not faults and not stages:
        return "nothing to do"
    count = len(faults)
    result = "nothing wrong found" if not count else f"{count} finding{'s' if count > 1 else ''}"
    proposed = " + ".join(chain_form.title(entry["stage"]) for entry in stages)
    return f"{result} · {proposed or 'nothing proposed'}"


def _percent(confidence: float) -> int:
    return round(100 * min(max(confidence, 0.0), 1.0))


def _stage(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": chain_form.title(entry["stage"]),
        "on_each": [chain_form.title(inner["stage"]) for inner in entry.get("stages", [])],
        "reason": str(entry.get("reason", "")),
    }
