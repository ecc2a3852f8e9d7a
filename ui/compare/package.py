"""All versions of a comparison in one zip file: sounds, recipes, measurements."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from pipeline.audio.sound import Audio
from ui.compare.measures import AGAINST_REFERENCE, OF_THE_SOUND
from ui.compare.result import Comparison
from ui.compare.versions import REFERENCE
from ui.restore.downloads import zip_stems
from ui.restore.source import safe_stem

TABLE = "measurements.csv"
COLUMNS = (*AGAINST_REFERENCE, *OF_THE_SOUND)


def sounds(comparison: Comparison) -> dict[str, Audio]:
    """Every version that was made, and the reference, by a name that is valid for a file."""
    named = [(one.title, one.audio) for one in comparison.versions if one.audio is not None]
    named += [(REFERENCE, comparison.reference)] if comparison.reference else []
    return {f"{at} {safe_stem(title)}": audio for at, (title, audio) in enumerate(named, 1)}


def zipped(comparison: Comparison) -> Path:
    """The zip file, written when it is first asked for."""
    path = comparison.folder / f"{comparison.stem}.zip"
    return zip_stems(
        sounds(comparison), path, texts={TABLE: table(comparison), **_recipes(comparison)}
    )


def table(comparison: Comparison) -> str:
    """The measurements as CSV: a row a version, one header line with units in the names."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["version", "rate_hz", *(column.name for column in COLUMNS), "problem"])
    for one in comparison.versions:
        values = [column.value(one.measures) if one.measures else None for column in COLUMNS]
        rate = one.audio.rate if one.audio else None
        writer.writerow([_text(one.title), rate, *values, _text(one.problem)])
    return out.getvalue()


def _text(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _recipes(comparison: Comparison) -> dict[str, str]:
    made = [one for one in comparison.versions if one.audio is not None]
    return {
        f"{at} {safe_stem(one.title)}.recipe.json": json.dumps(one.document, indent=2) + "\n"
        for at, one in enumerate(made, 1)
        if one.document is not None
    }
