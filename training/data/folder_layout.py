"""Which sounds belong together: tables, paired folders, or just clean recordings.

metadata.csv, metadata.jsonl   the Hugging Face audiofolder convention: `file_name`, and maybe a
                               column that names the other side, a speaker, a kind
MANIFEST.csv                   a list of recordings: `path`, `kind`, `speaker_or_group`; no pairs
noisy/a.wav, clean/a.flac      two folders with equal names, called by what they hold
voices/a.wav, music/b.wav      clean recordings, of the kind that their folder says
anything else                  clean recordings
"""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from pipeline.files import SOUND_SUFFIXES

TABLES = ("metadata.csv", "metadata.jsonl", "MANIFEST.csv")
TABLE_BYTES, MOST_COLUMNS = 1 << 26, 100
CLEAN = frozenset(
    "clean target targets reference references original originals gt hq output after".split()
)
DEGRADED = frozenset(
    "degraded noisy input inputs damaged distorted reverberant lossy lq before".split()
)
KINDS = {
    "speech": frozenset("voice voices speech speaker speakers vocals singing".split()),
    "music": frozenset("music songs instrumental instrumentals accompaniment backing".split()),
    "noise": frozenset("noise noises background backgrounds ambience".split()),
}
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
    """Items and what is left out; `kind` is "clean", "pairs" or "audiofolder"."""

    kind: str
    items: list[Item] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    grouped: bool = False


def recognise(files: Mapping[str, Path], most_rows: int) -> Layout:
    """Sorts sounds and tables into items.

    Args:
        files: name with forward slashes, as the user's folders have it -> path.
        most_rows: largest number of rows of all tables together.

    Raises:
        ValueError: a table that cannot be read, or too many rows.
    """
    sounds = {name: path for name, path in sorted(files.items()) if is_sound(name)}
    tables = [name for name in sorted(files) if PurePosixPath(name).name in TABLES]
    if tables:
        return _from_tables(tables, files, sounds, most_rows)
    return _paired_folders(sounds) or Layout(
        "clean",
        [Item(name, path, group=_stem(name), kind=_kind(name)) for name, path in sounds.items()],
    )


def is_sound(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in SOUND_SUFFIXES


def _kind(name: str) -> str:
    """The kind that the folders of a name say, the innermost first; "" where they say none."""
    for folder in reversed(PurePosixPath(name).parts[:-1]):
        for kind, words in KINDS.items():
            if _words(folder) & words:
                return kind
    return ""


def _stem(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(""))


def _from_tables(
    tables: list[str], files: Mapping[str, Path], sounds: dict[str, Path], most_rows: int
) -> Layout:
    audiofolder = any(not table.endswith("MANIFEST.csv") for table in tables)
    layout = Layout("audiofolder" if audiofolder else "clean")
    named: set[str] = set()
    used: set[tuple[str, ...]] = set()
    for table in tables:
        rows = _read_table(files[table], table, most_rows)
        most_rows -= len(rows)
        target, target_is_clean = _target_column(rows, table, sounds)
        for row in rows:
            names = [_join(table, _file_name(row))]
            names += [_join(table, row.get(target) or "")] if target else []
            named.update(names)
            if reason := _why_not(names, sounds, used, table):
                layout.left.append(Left(*reason))
                continue
            used.add(tuple(names))
            clean, degraded = (names[-1], names[0]) if target_is_clean else (names[0], names[-1])
            item = _item(row, clean, degraded if target else None, sounds)
            layout.items.append(item)
            layout.grouped = layout.grouped or item.group != _stem(clean)
    if audiofolder:
        layout.left += [Left(n, "no table names it") for n in sounds if n not in named]
    return layout


def _why_not(
    names: list[str], sounds: Mapping[str, Path], used: set[tuple[str, ...]], table: str
) -> tuple[str, str] | None:
    """(name, reason) of a row that is no item; None where it is one."""
    if absent := [name for name in names if name not in sounds]:
        return absent[0], f"{table} names it, but it is not there"
    return (names[0], f"{table} names it more than once") if tuple(names) in used else None


def _item(row: dict[str, Any], clean: str, degraded: str | None, sounds: dict[str, Path]) -> Item:
    group = next((str(row[name]) for name in SPEAKERS if row.get(name)), _stem(clean))
    return Item(
        degraded or clean,
        sounds[clean],
        sounds[degraded] if degraded else None,
        group,
        str(row.get("kind") or ""),
        _positive(row.get("effective_bandwidth_hz")),
    )


def _positive(value: Any) -> float | None:
    """A number above 0; None for anything else."""
    with contextlib.suppress(TypeError, ValueError):
        return float(value) if 0 < float(value) < float("inf") else None
    return None


def _join(table: str, name: str) -> str:
    return str(PurePosixPath(table).parent / name.replace("\\", "/"))


def _read_table(path: Path, name: str, most_rows: int) -> list[dict[str, Any]]:
    try:
        if path.stat().st_size > TABLE_BYTES:
            raise ValueError(f"more than {TABLE_BYTES >> 20} MiB")
        text = io.StringIO(path.read_text("utf-8-sig"))
        rows = list(itertools.islice(_rows(text, name), most_rows + 1))
        if not all(isinstance(row, dict) and _file_name(row) for row in rows):
            raise ValueError("a row without file_name")
    except OSError as error:
        raise ValueError(f"{name}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError, csv.Error) as error:
        raise ValueError(f"{name}: expected a table of files, got {error}") from None
    if len(rows) > most_rows:
        raise ValueError(f"{name}: more rows than the {most_rows} that are accepted; give fewer")
    return rows


def _rows(text: io.StringIO, name: str) -> Iterator[dict[str, Any]]:
    if name.endswith(".jsonl"):
        return map(json.loads, filter(str.strip, text))
    reader = csv.DictReader(text)
    if len(reader.fieldnames or ()) > MOST_COLUMNS:
        raise ValueError(f"more than {MOST_COLUMNS} columns")
    return reader


def _file_name(row: dict[str, Any]) -> str:
    """The file that a row names; empty where it names none."""
    own = row.get("file_name") or row.get("path")
    return own if isinstance(own, str) else ""


def _target_column(
    rows: list[dict[str, Any]], table: str, sounds: Mapping[str, Path]
) -> tuple[str | None, bool]:
    """The column that names the other side of a pair, and whether that is the clean one.

    All its values are names of sounds. One of them at least is a sound of the dataset, or the
    column's name says which side it is: then sounds that are absent are reported as missing. A
    manifest (`path` and `kind`) has no pairs; its other columns say where a recording is from.
    """
    if rows and "path" in rows[0] and "kind" in rows[0]:
        return None, True
    for column in rows[0] if rows else ():
        values = [row.get(column) for row in rows]
        if column in ("file_name", "path") or not all(isinstance(v, str) and v for v in values):
            continue
        names = [str(value) for value in values]
        is_side = bool(_words(column) & (CLEAN | DEGRADED))
        if all(map(is_sound, names)) and (
            is_side or any(_join(table, name) in sounds for name in names)
        ):
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
