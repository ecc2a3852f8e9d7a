"""Which sounds belong together: tables, paired folders, or just clean recordings.

metadata.csv, metadata.jsonl   the Hugging Face audiofolder convention: `file_name`, and maybe a
                               column that names the other side, a speaker, a kind
MANIFEST.csv                   the same with `path`, `kind`, `speaker_or_group`
noisy/a.wav, clean/a.flac      two folders with equal names, called by what they hold
anything else                  clean recordings
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from pipeline.files import SOUND_SUFFIXES

TABLES = ("metadata.csv", "metadata.jsonl", "MANIFEST.csv")
TABLE_BYTES = 1 << 26
CLEAN = frozenset(
    "clean target targets reference references original originals gt hq output after".split()
)
DEGRADED = frozenset(
    "degraded noisy input inputs damaged distorted reverberant lossy lq before".split()
)
SPEAKERS = ("speaker", "speaker_id", "speaker_or_group", "group", "singer", "artist", "client_id")


@dataclass(frozen=True)
class Item:
    """A clean recording, or a pair of recordings of the same sound.

    Args:
        name: what a person reads; unique in the dataset.
        clean: the file to learn from.
        degraded: the same sound damaged; None where training does the damage.
        group: speaker, or whatever else may not be on both sides of the split.
        kind: the table's; "" where it states none.
        bandwidth_hz: where a table states it.
    """

    name: str
    clean: Path
    degraded: Path | None = None
    group: str = ""
    kind: str = ""
    bandwidth_hz: float | None = None


@dataclass(frozen=True)
class Left:
    """Something that was given and is not taken, and why."""

    name: str
    reason: str


@dataclass
class Layout:
    """What `recognise` found; `kind` is "clean", "pairs" or "audiofolder"."""

    kind: str
    items: list[Item] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    grouped: bool = False


def recognise(files: Mapping[str, Path]) -> Layout:
    """Sorts sounds and tables into items.

    Args:
        files: name with forward slashes, as the user's folders have it -> where it is.

    Raises:
        ValueError: a table that cannot be read.
    """
    sounds = {name: path for name, path in sorted(files.items()) if is_sound(name)}
    tables = [name for name in sorted(files) if PurePosixPath(name).name in TABLES]
    if tables:
        return _from_tables(tables, files, sounds)
    return _paired_folders(sounds) or Layout(
        "clean", [Item(name, path, group=_stem(name)) for name, path in sounds.items()]
    )


def is_sound(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in SOUND_SUFFIXES


def _stem(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(""))


def _from_tables(tables: list[str], files: Mapping[str, Path], sounds: dict[str, Path]) -> Layout:
    audiofolder = any(not table.endswith("MANIFEST.csv") for table in tables)
    layout = Layout("audiofolder" if audiofolder else "clean")
    named: set[str] = set()
    for table in tables:
        rows = _read_table(files[table], table)
        target, target_is_clean = _target_column(rows, table, sounds)
        for row in rows:
            own = row.get("file_name") or row.get("path") or ""
            names = [_join(table, own)] + ([_join(table, row.get(target) or "")] if target else [])
            named.update(names)
            if absent := [name for name in names if name not in sounds]:
                layout.left.append(Left(absent[0], f"{table} names it, but it is not there"))
                continue
            clean, degraded = (names[-1], names[0]) if target_is_clean else (names[0], names[-1])
            item = _item(row, clean, degraded if target else None, sounds)
            layout.items.append(item)
            layout.grouped = layout.grouped or item.group != _stem(clean)
    if audiofolder:
        layout.left += [Left(n, "no table names it") for n in sounds if n not in named]
    return layout


def _item(row: dict[str, Any], clean: str, degraded: str | None, sounds: dict[str, Path]) -> Item:
    group = next((str(row[name]) for name in SPEAKERS if row.get(name)), _stem(clean))
    band = row.get("effective_bandwidth_hz")
    return Item(
        degraded or clean,
        sounds[clean],
        sounds[degraded] if degraded else None,
        group,
        str(row.get("kind") or ""),
        float(band) if band else None,
    )


def _join(table: str, name: str) -> str:
    return str(PurePosixPath(table).parent / name.replace("\\", "/"))


def _read_table(path: Path, name: str) -> list[dict[str, Any]]:
    try:
        if path.stat().st_size > TABLE_BYTES:
            raise ValueError(f"more than {TABLE_BYTES >> 20} MiB")
        text = path.read_text("utf-8-sig")
        if name.endswith(".jsonl"):
            rows = [json.loads(line) for line in text.splitlines() if line.strip()]
        else:
            rows = list(csv.DictReader(io.StringIO(text)))
        if not all(
            isinstance(row, dict) and (row.get("file_name") or row.get("path")) for row in rows
        ):
            raise ValueError("a row without file_name")
    except (OSError, ValueError, csv.Error) as error:
        raise ValueError(f"{name}: expected a table of files, got {error}") from None
    return rows


def _target_column(
    rows: list[dict[str, Any]], table: str, sounds: Mapping[str, Path]
) -> tuple[str | None, bool]:
    """The column that names the other side of a pair, and whether that is the clean one."""
    for column in rows[0] if rows else ():
        values = [row.get(column) for row in rows]
        if column in ("file_name", "path") or not all(isinstance(v, str) and v for v in values):
            continue
        if all(is_sound(str(value)) for value in values):
            return column, not _words(column) & DEGRADED
    return None, True


def _words(text: str) -> set[str]:
    return set(re.split(r"[^a-z0-9]+", text.lower()))


def _paired_folders(sounds: dict[str, Path]) -> Layout | None:
    """Pairs by equal names under folders that say which side they are; None without two sides."""
    sides: dict[str, dict[str, list[str]]] = {}
    for name in sounds:
        side, shared = _side(name)
        sides.setdefault(shared, {}).setdefault(side, []).append(name)
    if not {"clean", "degraded"} <= {side for found in sides.values() for side in found}:
        return None
    layout = Layout("pairs")
    for found in sides.values():
        clean, degraded = found.get("clean", []), found.get("degraded", [])
        for name in degraded if clean else ():
            item = Item(name, sounds[clean[0]], sounds[name], group=_stem(clean[0]))
            layout.items.append(item)
        lonely = clean[1 if degraded else 0 :] + ([] if clean else degraded)
        layout.left += [
            Left(name, "no recording of this name on the other side") for name in lonely
        ]
        layout.left += [Left(name, "on neither side of the pairs") for name in found.get("", [])]
    return layout


def _side(name: str) -> tuple[str, str]:
    """("clean", "degraded" or "", the name without suffix and without the words that say so)."""
    *folders, file = PurePosixPath(name).parts
    side, kept = "", []
    for folder in folders:
        words = _words(folder)
        roles = [role for role, of in (("clean", CLEAN), ("degraded", DEGRADED)) if words & of]
        if len(roles) == 1:
            side = side or roles[0]
            folder = "_".join(sorted(words - CLEAN - DEGRADED))
        kept += [folder] if folder else []
    return side, _stem("/".join([*kept, file]))
