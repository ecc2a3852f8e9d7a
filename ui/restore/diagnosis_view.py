"""The diagnosis in plain words: what is wrong, how sure that is, and what is proposed."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from ui.components import chain_form

if TYPE_CHECKING:
    from pipeline.diagnosis.diagnose import Diagnosis
    from pipeline.diagnosis.finding import Finding

IN_ORDER = "Nothing to do: this recording is in order."


def panel(found: Diagnosis) -> str:
    """Troubles first, each with its confidence; what is in order folded away; the proposal."""
    troubles = sorted((f for f in found.findings if f.trouble), key=lambda f: -f.confidence)
    fine = [finding for finding in found.findings if not finding.trouble]
    stages = found.recipe["stages"]
    return f"""<details class="wm-diagnosis" open>
  <summary><h2>Diagnosis</h2><span>{escape(_short(troubles, stages))}</span></summary>
  <div class="wm-columns">
    <section>{_findings(troubles)}{_healthy(fine)}</section>
    <section class="wm-proposal">{_proposal(found.recipe)}</section>
  </div>
</details>"""


def _short(troubles: Sequence[Finding], stages: Sequence[dict[str, Any]]) -> str:
    """The panel in one line, for when it is folded."""
    count = len(troubles)
    if not count and not stages:
        return "nothing to do"
    said = "nothing wrong found" if not count else f"{count} finding{'s' if count > 1 else ''}"
    return " · ".join([said, " + ".join(chain_form.title(entry["stage"]) for entry in stages)])


def _findings(troubles: Sequence[Finding]) -> str:
    if not troubles:
        return '<p class="wm-well">Nothing wrong was found.</p>'
    return f'<ul class="wm-findings">{"".join(map(_trouble, troubles))}</ul>'


def _trouble(finding: Finding) -> str:
    sure = round(100 * min(max(finding.confidence, 0.0), 1.0))
    return (
        f"<li><p>{escape(finding.text)}</p>"
        f'<span class="wm-sure" title="How sure this is"><i style="--sure:{sure}%"></i>'
        f"{sure} % sure</span></li>"
    )


def _healthy(fine: Sequence[Finding]) -> str:
    if not fine:
        return ""
    said = f"{len(fine)} more measurement{'s' if len(fine) > 1 else ''}"
    lines = "".join(f"<li>{escape(finding.text)}</li>" for finding in fine)
    return f'<details class="wm-healthy"><summary>{said}</summary><ul>{lines}</ul></details>'


def _proposal(recipe: dict[str, Any]) -> str:
    if not recipe["stages"]:
        why = escape(str(recipe.get("summary", "")))
        return (
            f'<div class="wm-in-order"><h3>Proposed</h3><p><b>{IN_ORDER}</b></p><p>{why}</p></div>'
        )
    summary = escape(str(recipe.get("summary", "")))
    lines = "".join(map(_stage, recipe["stages"]))
    return f"<h3>Proposed</h3>{f'<p>{summary}</p>' if summary else ''}<ol>{lines}</ol>"


def _stage(entry: dict[str, Any]) -> str:
    name = chain_form.title(entry["stage"])
    inner = [chain_form.title(one["stage"]) for one in entry.get("stages", [])]
    each = f" <small>{escape(', '.join(inner))} on each</small>" if inner else ""
    reason = escape(str(entry.get("reason", "")))
    return f"<li><b>{escape(name)}</b>{each}<p>{reason}</p></li>"
