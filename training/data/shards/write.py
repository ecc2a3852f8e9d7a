"""Writes a dataset as shards: `python -m training shards`.

Recordings are cut into pieces of equal length, in shuffled order; the pieces of a recording go to
different shards. Held-out recordings and some of each kind lie beside the shards, as a dataset that
every part of training reads as it reads any other.
"""

from __future__ import annotations

import contextlib
import csv
import itertools
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from pipeline.audio.encode import save
from pipeline.audio.sound import Audio
from training.config import TrainingConfig
from training.data import clips as clips_module
from training.data.clips import Clip, held_out, kept_for_test
from training.data.dataset import open_dataset
from training.data.shards.index import Shard, Shards
from training.data.shards.samples import encode, require_webdataset
from training.data.sound_cache import SoundCache
from training.data.unzip import no_tick
from training.tasks import TASKS

RECORDINGS, MANIFEST = "recordings", "MANIFEST.csv"
OPEN = 16
"""Shards that are written at once: so many at least come out, where there are as many pieces."""

BESIDE_S = 600.0
"""Sound of each kind that lies beside the shards, and as much that is held out."""

LONGEST_S = 60.0
"""Of a recording beside the shards."""

ALL_BYTES = 1 << 62


@dataclass(frozen=True)
class Form:
    """How shards are written.

    Args:
        seconds: length of a sample, about.
        megabytes: size of a shard, at most a sample more.
        at: folder or address of the shards; "" for the folder of the index.
    """

    seconds: float = 10.0
    megabytes: float = 256.0
    at: str = ""

    def __post_init__(self) -> None:
        if not 0.5 <= self.seconds <= LONGEST_S:
            raise ValueError(f"seconds: got {self.seconds:g}, expected 0.5 to {LONGEST_S:g}")
        if self.megabytes <= 0:
            raise ValueError(f"megabytes: got {self.megabytes:g}, expected more than 0")


def write(
    folder: Path,
    out: Path,
    config: TrainingConfig,
    form: Form,
    tick: Callable[[float], None] = no_tick,
) -> Shards:
    """Writes the recordings of a dataset that a config trains on as shards.

    Recordings that the config keeps for the test are left out, and so are those that
    `training check` has left out or that cannot be read. Companions, such as noise, are not in the
    shards: some of them lie beside.

    Args:
        folder: a dataset.
        out: new folder of the index.
        config: names kinds, sample rate and split.
        tick: called with the fraction done; may raise to stop.

    Raises:
        ValueError: nothing to train on, recordings are pairs, or `out` is in use.
    """
    require_webdataset()
    if out.exists() and any(out.iterdir()):
        raise ValueError(f"{out.name}: is not empty; name a new folder for the shards")
    out.mkdir(parents=True, exist_ok=True)
    try:
        return _write(folder, out, config, form, tick)
    except BaseException:
        shutil.rmtree(out, ignore_errors=True)
        raise


def _write(
    folder: Path,
    out: Path,
    config: TrainingConfig,
    form: Form,
    tick: Callable[[float], None],
) -> Shards:
    rate, companions = config.net_config()["sample_rate"], TASKS[config.damage].companions
    recordings = _Recordings(folder, config, rate)
    held, test = held_out(recordings.groups, config), kept_for_test(recordings.groups, config)
    with _Writer(form.at or str(out), rate, form) as writer, _Beside(out, rate) as beside:
        for number, clip in recordings.clips(config.seed):
            if clip.degraded is not None:
                raise ValueError(f"{clip.path.name}: a pair; shards are for clean recordings")
            if clip.group not in test:
                beside.add(clip, clip.group in held)
            if clip.group not in held | test and clip.kind not in companions:
                writer.add(clip)
            tick(number / recordings.count)
    shards = tuple(Shard(name, count) for name, count in sorted(writer.counts.items()))
    if not shards:
        raise ValueError(f"{folder.name}: no recording of kind {', '.join(sorted(config.kinds))}")
    index = Shards(writer.at, rate, writer.n_samples / rate / 60, shards, beside.held_groups)
    index.write(out)
    return index


class _Recordings:
    """The recordings of a dataset, one at a time: they may be more than memory and disk hold."""

    def __init__(self, folder: Path, config: TrainingConfig, rate: int) -> None:
        self._cache, self._folder = SoundCache(rate, ALL_BYTES), folder
        dataset, kinds = open_dataset(folder), set(config.kinds)
        seen = clips_module.verdicts(folder, rate, clips_module.complain)
        self._wanted = list(clips_module.wanted(dataset, kinds, seen))
        self.count = len(self._wanted)
        self.groups: Mapping[str, str] = {
            row.get("group") or item.group: kind for item, kind, row in self._wanted
        }

    def clips(self, seed: int) -> Iterator[tuple[int, Clip]]:
        """Shuffled, each with the number of recordings done."""
        for number, at in enumerate(np.random.default_rng(seed).permutation(self.count), 1):
            item, kind, row = self._wanted[at]
            try:
                clips = clips_module.read_item(item, kind, row, self._cache, self._folder)
            except (ValueError, OSError) as error:
                clips_module.complain(f"left out: {item.name}: {error}")
                continue
            for clip in clips:
                yield number, clip


class _Writer:
    """Some shards at once, which take the pieces in turn; a full one makes room for the next."""

    def __init__(self, at: str, rate: int, form: Form) -> None:
        self.at, self.rate, self.form = at, rate, form
        self.counts: dict[str, int] = {}
        self.n_samples = self._n_pieces = 0
        self._open: dict[int, _Tar] = {}

    def add(self, clip: Clip) -> None:
        """Writes the pieces of a recording."""
        length = len(clip.samples)
        count = max(1, round(length / self.rate / self.form.seconds))
        edges = np.linspace(0, length, count + 1).round().astype(int).tolist()
        for start, stop in itertools.pairwise(edges):
            self._add(encode(clip, clip.piece(start, stop - start), self.rate))
        self.n_samples += length

    def _add(self, files: dict[str, bytes]) -> None:
        turn = self._n_pieces % OPEN
        if turn not in self._open:
            name = f"{len(self.counts):05d}.tar"
            self._open[turn] = _Tar(name, f"{self.at.rstrip('/')}/{name}")
            self.counts[name] = 0
        tar = self._open[turn]
        tar.add(f"{self._n_pieces:09d}", files)
        self.counts[tar.name] += 1
        self._n_pieces += 1
        if tar.n_bytes >= 1e6 * self.form.megabytes:
            self._open.pop(turn).close()

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *error: object) -> None:
        for tar in self._open.values():
            tar.close()


class _Tar:
    """A shard that is being written, on a disk or in a store."""

    def __init__(self, name: str, address: str) -> None:
        import fsspec

        self.name, self.n_bytes = name, 0
        self._files = contextlib.ExitStack()
        opened: IO[bytes] = self._files.enter_context(fsspec.open(address, "wb", auto_mkdir=True))
        tar: Any = require_webdataset().TarWriter(opened, encoder=False, mtime=0)
        self._tar = self._files.enter_context(tar)

    def add(self, key: str, files: dict[str, bytes]) -> None:
        """Writes a sample."""
        self.n_bytes += self._tar.write({"__key__": key, **files})

    def close(self) -> None:
        """Ends the file."""
        self._files.close()


@dataclass
class _Beside:
    """A small dataset beside the shards: held-out recordings, and some of each kind."""

    out: Path
    rate: int
    seconds: dict[tuple[str, bool], float] = field(default_factory=lambda: defaultdict(float))
    rows: list[tuple[str, str, str, str]] = field(default_factory=list)
    groups: set[str] = field(default_factory=set)

    @property
    def held_groups(self) -> tuple[str, ...]:
        """Those of the held-out recordings."""
        return tuple(sorted(self.groups))

    def add(self, clip: Clip, is_held: bool) -> None:
        """Writes the beginning of a recording, unless there is enough of its kind."""
        key = clip.kind, is_held
        if self.seconds[key] >= BESIDE_S:
            return
        (self.out / RECORDINGS).mkdir(exist_ok=True)
        samples = clip.piece(0, min(len(clip.samples), round(LONGEST_S * self.rate)))
        name = f"{RECORDINGS}/{len(self.rows):05d}.wav"
        save(Audio(samples[None], self.rate), self.out / name, subtype="FLOAT")
        self.rows.append((name, clip.kind, clip.group, f"{clip.bandwidth_hz:.1f}"))
        self.seconds[key] += len(samples) / self.rate
        if is_held:
            self.groups.add(clip.group)

    def __enter__(self) -> _Beside:
        return self

    def __exit__(self, *error: object) -> None:
        with (self.out / MANIFEST).open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(("path", "kind", "speaker_or_group", "effective_bandwidth_hz"))
            table.writerows(self.rows)
