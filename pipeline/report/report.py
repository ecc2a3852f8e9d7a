"""The report of one restoration: one HTML file to share, which opens without a network."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import recipe, recipe_text
from pipeline.audio.sound import Audio
from pipeline.diagnosis.finding import distinct
from pipeline.evaluation import score_table
from pipeline.evaluation.guarantee_card import Row
from pipeline.report import document
from pipeline.report.excerpts import excerpts
from pipeline.report.panels import NAMES, panels
from pipeline.stage import Tick, no_tick, share
from pipeline.version import VERSION

if TYPE_CHECKING:
    from pipeline.diagnosis.finding import Finding

SUFFIX = ".report.html"
PACKAGES = ("numpy", "scipy", "soundfile", "torch")


@dataclass(frozen=True)
class Report:
    """What a report tells.

    Attributes:
        name: of the recording.
        extent: how much of it: "Whole recording", "Preview from 20 s".
        degraded, restored: what went in and what came out, equally long.
        recipe: its document, with every setting.
        guarantee: the lines of the guarantee card.
        findings: of the diagnosis.
        notes: what to know about input and output, one sentence each.
        reference: the clean take, as long, where there is one.
    """

    name: str
    extent: str
    degraded: Audio
    restored: Audio
    recipe: Mapping[str, Any]
    guarantee: Sequence[Row]
    findings: Sequence[Finding] = ()
    notes: Sequence[str] = ()
    reference: Audio | None = None


def report_path(result: Path) -> Path:
    """Where the report of a result lies: "call.wav" has "call.wav.report.html" beside it."""
    return result.with_name(result.name + SUFFIX)


def write(report: Report, path: Path, tick: Tick = no_tick) -> Path:
    """Draws, measures and writes a report, whole or not at all.

    Returns:
        `path`.

    Raises:
        AudioError: it cannot be written, or the reference is no take of the recording.
        Cancelled: from `tick`; nothing is left behind.
    """
    pictures = panels(report.degraded, report.restored, share(tick, 0, 0.7))
    heard = excerpts(report.degraded, report.restored)
    tick(0.8)
    scores = _scores(report)
    text = json.dumps(report.recipe, indent=2, ensure_ascii=False)
    ranked = sorted(report.findings, key=lambda one: (not one.trouble, -one.confidence))
    document.write(
        path, "report.html", report=report, panels=pictures, excerpts=heard, scores=scores,
        findings=distinct(ranked), stages=_stages(report.recipe), recipe_json=text, names=NAMES,
        recipe_uri=document.data_uri(text.encode("utf-8", "replace"), "application/json"),
        versions=_versions(report.recipe),
    )  # fmt: skip
    tick(1.0)
    return path


def _scores(report: Report) -> dict[str, Any] | None:
    if report.reference is None:
        return None
    sounds = dict(zip(NAMES, (report.degraded, report.restored), strict=True))
    extent, columns = score_table.measured(sounds, report.reference)
    return {"extent": extent, "columns": list(columns), "rows": score_table.rows(columns)}


def _stages(chain: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The stages in words; those that run on each stem are below theirs."""
    classes = recipe.stage_classes()
    return [
        {
            "title": recipe_text.title(entry["stage"]),
            "about": recipe_text.about(classes[entry["stage"]]),
            "settings": recipe_text.settings(entry, classes),
            "reason": entry.get("reason", ""),
            "inner": _stages({"stages": entry.get("stages", [])}),
        }
        for entry in chain["stages"]
    ]


def _versions(chain: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What made the result: program, packages, checkpoints by their hash."""
    from models import checkpoint

    packages = [(name, metadata.version(name)) for name in PACKAGES]
    python = (f"Python on {platform.system()} {platform.machine()}", sys.version.split()[0])
    used = set(_checkpoints(chain["stages"]))
    cards = checkpoint.available(checkpoint.search_path()) if used else []
    weights = [(card.name, f"SHA-256 {card.sha256}") for card in cards if card.name in used]
    return [("Wavemend", VERSION), python, *packages, *weights]


def _checkpoints(entries: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for entry in entries:
        if entry.get("checkpoint"):
            yield entry["checkpoint"]
        yield from _checkpoints(entry.get("stages", []))
