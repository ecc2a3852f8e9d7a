"""The Restore tab's pieces of HTML: facts, diagnosis, result, guarantee."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipeline.diagnosis.finding import distinct
from ui.components import chain_form
from ui.components.formatting import channels, clock, hertz
from ui.components.rendering import render
from ui.restore.result_player import MARKED
from ui.restore.source import Source

if TYPE_CHECKING:
    from pipeline.diagnosis.diagnose import Diagnosis
    from pipeline.diagnosis.finding import Finding

FULL_BAND_HZ = 24_000.0

_CHARACTERS = (
    (4_300.0, "As narrow as a telephone line."),
    (6_500.0, "Narrow: dull and muffled."),
    (9_000.0, "Like wideband telephony: clear, but without brilliance."),
    (13_000.0, "Rather dull: the upper treble is missing."),
    (17_500.0, "Slightly dull: only the very top is missing."),
)

Row = tuple[str, str, bool | None, str]
"""Label, value, whether it is as promised (None: information only), explanation."""


def facts(source: Source) -> str:
    """The facts panel: name, format and bandwidth of the chosen recording."""
    audio, info = source.audio, source.info
    lossy = info.subtype.startswith(("VORBIS", "OPUS", "MPEG", "MP3"))
    kind = info.container if lossy else f"{info.container}, {info.bits} bit"
    details = (clock(audio.seconds), f"{audio.rate / 1000:g} kHz", channels(audio.channels), kind)
    return facts_panel(source.name, details, bandwidth_hz(source), audio.rate)


def bandwidth_hz(source: Source) -> float | None:
    """The bandwidth that the diagnosis measured; None if it could not tell."""
    return bandwidth_of(source.diagnosis)


def bandwidth_of(diagnosis: Diagnosis) -> float | None:
    """The bandwidth in Hz that a diagnosis measured; None if it could not tell."""
    for finding in diagnosis.findings:
        if finding.name == "bandwidth" and finding.confidence and isinstance(finding.value, float):
            return finding.value
    return None


def facts_panel(name: str, details: tuple[str, ...], bandwidth_hz: float | None, rate: int) -> str:
    """The facts panel of these values."""
    return render(
        "restore/facts.html",
        name=name,
        details=details,
        bandwidth=None if bandwidth_hz is None else hertz(bandwidth_hz),
        reach=100 * min((bandwidth_hz or 0.0) / FULL_BAND_HZ, 1.0),
        limit=100 * min(rate / 2 / FULL_BAND_HZ, 1.0),
        character=None if bandwidth_hz is None else character(bandwidth_hz),
    )


def character(bandwidth_hz: float) -> str:
    """What a bandwidth sounds like, in one sentence, for speech and music alike."""
    for limit_hz, text in _CHARACTERS:
        if bandwidth_hz < limit_hz:
            return text
    return "Full band: little is missing at the top."


def diagnosis_panel(diagnosis: Diagnosis) -> str:
    """The whole panel: faults by descending confidence, other measurements folded, the proposal."""
    findings = distinct(diagnosis.findings)
    faults = sorted((one for one in findings if one.trouble), key=lambda one: -one.confidence)
    stages = diagnosis.recipe["stages"]
    return render(
        "restore/diagnosis.html",
        summary=_diagnosis_summary(faults, stages),
        faults=[_fault(finding) for finding in faults],
        measurements=[one.typeset for one in findings if not one.trouble],
        stages=[_proposed_stage(entry) for entry in stages],
        title=f"{diagnosis.recipe.get('title', 'Nothing to do')}.",
        reason=str(diagnosis.recipe.get("summary", "")),
    )


def content(diagnosis: Diagnosis) -> str | None:
    """The kind of sound that the diagnosis found; None if it could not tell."""
    values = [finding.value for finding in diagnosis.findings if finding.name == "content"]
    return str(values[0]) if values and values[0] else None


def _diagnosis_summary(faults: Sequence[Finding], stages: Sequence[dict[str, Any]]) -> str:
    """The panel in one line, for when it is folded."""
    if not faults and not stages:
        return "nothing to do"
    count = len(faults)
    result = "nothing wrong found" if not count else f"{count} finding{'s' if count > 1 else ''}"
    proposed = " + ".join(chain_form.title(entry["stage"]) for entry in stages)
    return f"{result} · {proposed or 'nothing proposed'}"


def _fault(finding: Finding) -> dict[str, Any]:
    return {
        "name": finding.name,
        "text": finding.typeset,
        "percent": _percent(finding.confidence),
        "is_marked": finding.name in MARKED and finding.spans,
    }


def _percent(confidence: float) -> int:
    return round(100 * min(max(confidence, 0.0), 1.0))


def _proposed_stage(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": chain_form.title(entry["stage"]),
        "on_each": [chain_form.title(inner["stage"]) for inner in entry.get("stages", [])],
        "reason": str(entry.get("reason", "")),
    }


def result_title(name: str, extent: str, recipe: str) -> str:
    """The line above a result: its recording, how much of it, and the recipe."""
    return render("restore/result_title.html", name=name, title=extent, recipe=recipe)


def guarantee(rows: Sequence[Row]) -> str:
    """The guarantee card."""
    return render("restore/guarantee.html", rows=rows)
