"""What a listening test is about: recordings (items), each in several versions (conditions)."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.audio.sound import Audio
from pipeline.evaluation.listening.answers import LONGEST_TEXT
from pipeline.files import SOUND_SUFFIXES
from ui.compare.result import Comparison
from ui.compare.versions import REFERENCE
from ui.restore.result import Result
from ui.restore.source import excerpt
from ui.sending import Version
from ui.session import Session

SEPARATOR = "__"
ONE_ITEM = "recording"
ORIGINAL, RESTORED, CLEAN = "original", "restored", "clean reference"
REFERENCES = ("reference", "ref", "clean", "clean reference", "original")
"""Conditions that are taken for the reference of a MUSHRA test unless another is chosen."""

COLUMNS = ("file", "item", "condition")
LARGEST_TABLE_BYTES = 1 << 18
MOST_VERSIONS = 200

Versions = tuple[Version, ...]


def merged(old: Iterable[Version], new: Iterable[Version]) -> Versions:
    """All versions; a new one replaces an old one of the same item and condition.

    Raises:
        ValueError: there are more than MOST_VERSIONS.
    """
    versions = {(one.item, one.condition): one for one in (*old, *new)}
    if len(versions) > MOST_VERSIONS:
        raise ValueError(f"got {len(versions)} sounds, expected at most {MOST_VERSIONS}")
    return tuple(versions.values())


def check_size(versions: Iterable[Version], limit: int | None) -> None:
    """Raises `ValueError` where results in memory or its files take more bytes than allowed."""
    sounds = {id(one.sound): one.sound for one in versions}.values()
    size = sum(sound.samples.nbytes for sound in sounds if isinstance(sound, Audio))
    if limit is not None and size > limit:
        raise ValueError("These results take more room than a visitor has here: remove all first.")


def items_of(versions: Iterable[Version]) -> list[str]:
    """The items in the order in which they came."""
    return list(dict.fromkeys(one.item for one in versions))


def conditions_of(versions: Iterable[Version]) -> list[str]:
    """The conditions in the order in which they came."""
    return list(dict.fromkeys(one.condition for one in versions))


def likely_reference(versions: Iterable[Version]) -> str | None:
    """The condition that is most likely the reference; None where there are no conditions."""
    conditions = conditions_of(versions)
    names = [one for likely in REFERENCES for one in conditions if one.lower() == likely]
    return next(iter(names or conditions), None)


def from_files(paths: Sequence[Path]) -> Versions:
    """Pairs files: by a table among them, else by their names.

    A table is a CSV with the columns file, item and condition. A name is ITEM__CONDITION.wav; one
    without the two underscores is a version of the one item "recording".

    Raises:
        ValueError: a table that cannot be read, or that does not name the files.
    """
    tables = [path for path in paths if path.suffix.lower() == ".csv"]
    sounds = [path for path in paths if path.suffix.lower() != ".csv"]
    if len(tables) > 1:
        raise ValueError(f"got {len(tables)} tables, expected one at most")
    if tables:
        return _from_table(tables[0], {path.name: path for path in sounds})
    return tuple(_named(path) for path in sounds)


def from_folder(text: str) -> Versions:
    """Pairs the sounds of a folder of this machine.

    Folders in it are conditions, equal file names are the same item; without folders in it, names
    pair as those of uploads do.

    Raises:
        ValueError: it is no folder, or holds no sound.
    """
    folder = Path(text.strip()).expanduser()
    if not text.strip() or not folder.is_dir():
        raise ValueError(f"got {text.strip()!r}, expected the path of a folder on this machine")
    inner = [
        Version(_plain(path.stem), _plain(path.parent.name), path)
        for path in _sounds(folder.glob("*/*"))
    ]
    versions = tuple(inner) or from_files(_sounds(folder.iterdir()))
    if not versions:
        raise ValueError(f"{folder.name}: there is no sound file in it")
    return merged((), versions)


def from_restore(session: Session | None) -> Versions:
    """The recording that is open in Restore, its result, earlier results, and its reference.

    Raises:
        ValueError: nothing has been restored yet.
    """
    kinds = [session.shown, *session.results] if session else []
    results = [session.results[kind] for kind in kinds if session and kind in session.results]
    result = next((one for one in results if isinstance(one, Result)), None)
    if session is None or result is None:
        raise ValueError("Restore has no result yet: restore a recording, or its preview, first.")
    (_, original), earlier = result.steps[0], result.earlier
    sounds = [(ORIGINAL, original), (RESTORED, result.restored), *earlier]
    if session.reference is not None:
        clean = excerpt(session.reference, result.start_s, original.seconds)
        sounds.insert(0, (CLEAN, clean))
    item = _plain(f"{session.source.name}, {result.title.lower()}")
    return tuple(Version(item, _plain(name), audio) for name, audio in sounds)


def from_compare(comparison: Comparison | None) -> Versions:
    """The versions that Compare shows.

    Raises:
        ValueError: nothing has been compared yet.
    """
    if comparison is None:
        raise ValueError("Compare has no result yet: compare some versions first.")
    item = _plain(f"{comparison.name}, {comparison.title.lower()}")
    sounds = [(one.title, one.audio) for one in comparison.versions]
    if comparison.reference is not None:
        sounds.append((REFERENCE, comparison.reference))
    return merged((), (Version(item, _plain(name), one) for name, one in sounds if one is not None))


def _sounds(paths: Iterable[Path]) -> list[Path]:
    known = [path for path in paths if path.suffix.lower() in SOUND_SUFFIXES and path.is_file()]
    return sorted(known)


def _named(path: Path) -> Version:
    item, mark, condition = path.stem.rpartition(SEPARATOR)
    return Version(_plain(item) if mark else ONE_ITEM, _plain(condition), path)


def _from_table(table: Path, sounds: dict[str, Path]) -> Versions:
    if table.stat().st_size > LARGEST_TABLE_BYTES:
        raise ValueError(f"{table.name}: too large for a table of file, item and condition")
    try:
        rows = list(csv.DictReader(table.read_text(encoding="utf-8-sig").splitlines()))
    except (UnicodeDecodeError, csv.Error):
        raise ValueError(f"{table.name}: expected a CSV in UTF-8") from None
    versions = []
    for number, row in enumerate(rows, 2):
        name, item, condition = (str(row.get(column) or "").strip() for column in COLUMNS)
        if not item or not condition or name not in sounds:
            raise ValueError(
                f"{table.name}, line {number}: expected the columns file, item and condition, and "
                "a file that was uploaded with it"
            )
        versions.append(Version(_plain(item), _plain(condition), sounds[name]))
    return merged((), versions)


def _plain(name: str) -> str:
    """A name as a cell of the results can hold it."""
    text = "".join(letter if letter.isprintable() else " " for letter in name).strip()
    return text[:LONGEST_TEXT] or "unnamed"
