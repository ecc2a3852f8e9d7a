"""One dataset from folders, zips and files: a folder with an index of its items."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from pipeline.files import write_atomically
from training.data.folder_layout import Item, Left, recognise
from training.data.unzip import Content, Limits, is_hidden, is_wanted, no_tick, unzip

__all__ = ["Dataset", "Item", "Left", "Limits", "gather", "open_dataset"]

INDEX = "dataset.json"
MOST_FILES = 1_000_000  # of a folder on the machine itself


@dataclass(frozen=True)
class Dataset:
    """Recordings to learn from.

    Args:
        folder: holds the index, and what was unpacked or uploaded.
        kind: "clean", "pairs" (paired folders), or "audiofolder" (metadata.csv).
        items: clean recordings or pairs.
        left: what was given but is no item, and why.
        ignored: number of files that are not sound, by suffix.
        grouped: whether a table names speakers; else each file is a group of its own.
    """

    folder: Path
    kind: str
    items: tuple[Item, ...]
    left: tuple[Left, ...] = ()
    ignored: dict[str, int] = field(default_factory=dict)
    grouped: bool = False


def gather(
    paths: Sequence[Path],
    folder: Path,
    limits: Limits | None = None,
    tick: Callable[[float], None] = no_tick,
) -> Dataset:
    """Makes a dataset of any mixture of folders, zips and files.

    Folders are referred to where they are; zips are unpacked into `folder`; single files are linked
    into it, or copied. A zip that is refused is one of `left`; the rest is used.

    Args:
        paths: folders, zips and sound files.
        folder: made; its index "dataset.json" makes it a `--data` of `python -m training`. Emptied
            again when anything goes wrong.
        limits: of number, size and packing ratio.
        tick: called with the fraction done; may raise to stop.

    Raises:
        ValueError: nothing is given, something is missing or too large, or `folder` is in use.
    """
    limits = limits or Limits()
    paths = [Path(path).expanduser().absolute() for path in paths]
    if absent := [path for path in paths if not path.exists()]:
        raise ValueError(
            f"{absent[0].name}: is not there; expected a folder, a zip, or a sound file"
        )
    if not paths:
        raise ValueError("got nothing, expected folders, zips or sound files")
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"{folder.name}: is not empty; name a new folder for the dataset")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        content = Content()
        for at, path in enumerate(paths):
            _add(content, path, folder, limits, len(paths) == 1, _part(tick, at, len(paths)))
            content.check(limits, "dataset")
        dataset = _dataset(folder, content, limits)
        _write(dataset)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return dataset


def _part(tick: Callable[[float], None], at: int, count: int) -> Callable[[float], None]:
    return lambda fraction: tick((at + fraction) / count)


def open_dataset(folder: Path) -> Dataset:
    """The dataset in a folder: from the index of `gather`, else from its content.

    Raises:
        ValueError: there is no such folder, or its index or table cannot be read.
    """
    folder = folder.absolute()
    if (folder / INDEX).is_file():
        return _read(folder)
    if not folder.is_dir():
        cure = f"python -m training check {folder.name} --into FOLDER makes one of zips and files"
        raise ValueError(f"data: {folder} is not a folder; {cure}")
    limits = Limits(files=MOST_FILES)
    return _dataset(folder, _walk(folder, limits), limits)


def _dataset(folder: Path, content: Content, limits: Limits) -> Dataset:
    layout = recognise(content.files, limits.files)
    left = (*content.left, *layout.left)
    return Dataset(folder, layout.kind, tuple(layout.items), left, content.ignored, layout.grouped)


def _add(
    content: Content,
    path: Path,
    folder: Path,
    limits: Limits,
    alone: bool,
    tick: Callable[[float], None],
) -> None:
    """Adds a folder, zip or file; its own name leads the others unless it is `alone`."""
    zipped = path.is_file() and path.suffix.lower() == ".zip"
    root = path.stem if zipped else path.name
    if not path.is_dir() and not zipped:
        name = _unused(root, content.files)
        if is_wanted(name):
            content.files[name] = _linked(path, folder / "files" / name)
        else:
            content.left.append(
                Left(name, f"{path.suffix or 'no suffix'}: not a sound by its name")
            )
        return
    root = _unused(root, {PurePosixPath(name).parts[0] for name in content.files})
    try:
        more = unzip(path, folder / root, limits, tick) if zipped else _walk(path, limits)
    except ValueError as error:
        if not zipped:
            raise
        content.refuse(path.name, str(error).removeprefix(f"{path.name}: "))
        return
    start = "" if alone else f"{root}/"
    content.files.update({start + name: file for name, file in more.files.items()})
    content.left += [Left(start + left.name, left.reason) for left in more.left]
    for suffix, count in more.ignored.items():
        content.ignored[suffix] = content.ignored.get(suffix, 0) + count


def _walk(folder: Path, limits: Limits) -> Content:
    """The content of a folder; links are not followed, as they may lead in circles or out of it."""
    content = Content()
    for place, inner, names in os.walk(folder):
        for name in [n for n in inner if (Path(place) / n).is_symlink()] + sorted(names):
            path = Path(place) / name
            shown = path.relative_to(folder).as_posix()
            if is_hidden(shown):
                continue
            if path.is_symlink():
                content.left.append(
                    Left(shown, "a link, which is not followed; give what it names")
                )
            elif shown.lower().endswith(".zip"):
                content.left.append(
                    Left(shown, "a zip in a folder is not opened; give it by itself")
                )
            elif is_wanted(shown):
                content.files[shown] = path
            else:
                content.ignore(shown)
        content.check(limits, folder.name)
        inner[:] = sorted(n for n in inner if not is_hidden(n))
    return content


def _unused(name: str, used: Container[str]) -> str:
    path, number, free = PurePosixPath(name), 2, name
    while free in used:
        free = f"{path.stem} ({number}){path.suffix}"
        number += 1
    return free


def _linked(path: Path, target: Path) -> Path:
    """A hard link to a file, which outlives the original; a copy where links are not possible."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path.resolve(), target)
    except OSError:
        shutil.copyfile(path, target)
    return target


def _write(dataset: Dataset) -> None:
    def shown(path: Path | None) -> str | None:
        inside = path is not None and path.is_relative_to(dataset.folder)
        return str(path.relative_to(dataset.folder) if path and inside else path) if path else None

    document = dataclasses.asdict(dataset)
    del document["folder"]
    for item in document["items"]:
        item["clean"], item["degraded"] = shown(item["clean"]), shown(item["degraded"])
    with write_atomically(dataset.folder / INDEX) as temporary:
        temporary.write_text(json.dumps(document, indent=1), "utf-8")


def _read(folder: Path) -> Dataset:
    try:
        document: dict[str, Any] = json.loads((folder / INDEX).read_text("utf-8"))
        items = [
            Item(**{
                **item,
                "clean": folder / item["clean"],
                "degraded": folder / item["degraded"] if item["degraded"] else None,
            })
            for item in document.pop("items")
        ]  # fmt: skip
        left = tuple(Left(**left) for left in document.pop("left"))
        return Dataset(folder, items=tuple(items), left=left, **document)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{folder.name}/{INDEX}: not an index of a dataset ({error})") from None
