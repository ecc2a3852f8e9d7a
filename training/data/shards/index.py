"""The index of a data set in shards: `shards.json`, beside the recordings that a run reads whole.

shards.json     this index
00000.tar ...   shards in WebDataset's format, here or in a store
MANIFEST.csv, recordings/   held-out recordings, and some of each kind to mix with
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.files import write_atomically

INDEX = "shards.json"
VERSION = 1
NAME = re.compile(r"\d{5,}\.tar")


@dataclass(frozen=True)
class Shard:
    """A tar file and the number of its samples."""

    name: str
    samples: int


@dataclass(frozen=True)
class Shards:
    """A data set to train on, in shards.

    Args:
        at: folder or address of the tar files.
        rate: of the samples, in Hz.
        minutes: of sound in all shards.
        shards: none of them empty.
        validation_groups: those that were held out, whose recordings lie beside the index.
    """

    at: str
    rate: int
    minutes: float
    shards: tuple[Shard, ...]
    validation_groups: tuple[str, ...] = ()

    @property
    def sizes(self) -> tuple[int, ...]:
        """Samples of each shard."""
        return tuple(shard.samples for shard in self.shards)

    @property
    def digest(self) -> str:
        """Changes with what the shards are, and not with where they lie."""
        text = json.dumps([self.rate, [[shard.name, shard.samples] for shard in self.shards]])
        return hashlib.sha256(text.encode()).hexdigest()

    def address(self, shard: int) -> str:
        """Path or address of a tar file."""
        return f"{self.at.rstrip('/')}/{self.shards[shard].name}"

    def write(self, folder: Path) -> None:
        """Writes the index; shards that lie beside it may be moved with it."""
        document = {"version": VERSION, **asdict(self)}
        if Path(self.at) == folder:
            document["at"] = ""
        with write_atomically(folder / INDEX) as temporary:
            temporary.write_text(json.dumps(document, indent=1) + "\n", "utf-8")


def find(folders: Sequence[Path], rate: int) -> Shards | None:
    """The shards among the folders of a run; None where there are none.

    Args:
        rate: of the net, in Hz.

    Raises:
        ValueError: several folders have shards, an index is damaged, or they have another rate.
    """
    some = [folder for folder in folders if (folder / INDEX).is_file()]
    if len(some) > 1:
        names = ", ".join(folder.name for folder in some)
        raise ValueError(f"data: got shards in {names}, expected them in one folder")
    if not some:
        return None
    shards = _read(some[0].absolute())
    if shards.rate != rate:
        raise ValueError(
            f"{some[0].name}: shards of {shards.rate} Hz, but the network needs {rate} Hz; "
            "write them again with its config"
        )
    return shards


def _read(folder: Path) -> Shards:
    try:
        document: dict[str, Any] = json.loads((folder / INDEX).read_text("utf-8"))
        shards = tuple(Shard(str(one["name"]), int(one["samples"])) for one in document["shards"])
        groups = tuple(map(str, document["validation_groups"]))
        at, rate = str(document["at"] or folder), int(document["rate"])
        read = Shards(at, rate, float(document["minutes"]), shards, groups)
        if document["version"] != VERSION or not shards:
            raise ValueError(f"version {document['version']}, {len(shards)} shards")
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{folder.name}/{INDEX}: not an index of shards ({error})") from None
    if bad := [one.name for one in shards if not NAME.fullmatch(one.name) or one.samples < 1]:
        raise ValueError(f"{folder.name}/{INDEX}: {bad[0]!r} is not a shard with samples")
    return read
