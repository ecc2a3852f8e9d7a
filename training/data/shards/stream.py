"""Examples out of shards that are read as a stream, from a disk or a store."""

from __future__ import annotations

import tarfile
import time
from collections.abc import Iterator
from typing import Any, Protocol

import torch
from torch.utils.data import IterableDataset

from training.data.clips import Clip
from training.data.shards.index import Shards
from training.data.shards.order import Order, Stretch
from training.data.shards.samples import decode, read

WAITS_S = (1.0, 10.0, 60.0)
"""Seconds to wait before a shard is opened again whose connection broke."""


class FromClip(Protocol):
    """Examples of which each can be made of a given recording."""

    def of(self, clip: Clip, index: int) -> dict[str, torch.Tensor]:
        """Example number `index`, made of this recording."""
        ...


class ShardedExamples(IterableDataset):
    """The examples of one process: its share of each batch, one sample each.

    Args:
        shards: to read.
        order: of their samples.
        examples: makes an example of a sample.
        start: number of the first example of the first batch.
        batch: examples of a batch, of all processes.
        first, count: the share of this process in each batch.
    """

    def __init__(
        self,
        shards: Shards,
        order: Order,
        examples: FromClip,
        *,
        start: int,
        batch: int,
        first: int,
        count: int,
    ) -> None:
        self.shards, self.order, self.examples = shards, order, examples
        self.start, self.batch, self.first, self.count = start, batch, first, count

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        """The examples, without end."""
        lanes: dict[int, Iterator[Clip]] = {}
        read_to: dict[int, int] = {}
        for number in self._numbers():
            lane, at = number % self.order.n_lanes, number // self.order.n_lanes
            if read_to.get(lane) != at:
                lanes[lane] = clips_of(self.shards, self.order, lane, at)
            read_to[lane] = at + 1
            yield self.examples.of(next(lanes[lane]), number)

    def _numbers(self) -> Iterator[int]:
        """Numbers of this process's examples."""
        start = self.start + self.first
        while True:
            yield from range(start, start + self.count)
            start += self.batch


def clips_of(shards: Shards, order: Order, lane: int, start: int) -> Iterator[Clip]:
    """The samples of a lane from number `start` on, without end."""
    for stretch in order.stretches(lane):
        skipped = max(0, start - stretch.begin)
        if skipped < stretch.size:
            yield from _clips(shards, stretch, skipped)


def _clips(shards: Shards, stretch: Stretch, skipped: int) -> Iterator[Clip]:
    """The samples of a shard but for the first; it is opened again where the connection breaks."""
    address, waits_s = shards.address(stretch.shard), iter(WAITS_S)
    while skipped < stretch.size:
        try:
            for files in _samples(address, stretch.size, skipped):
                clip = decode(files, shards.rate)
                yield clip
                skipped += 1
        except FileNotFoundError:
            raise ValueError(f"{address}: this shard is not there") from None
        except (OSError, tarfile.ReadError) as error:
            wait_s = next(waits_s, None)
            if wait_s is None:
                raise ValueError(f"{address}: cannot be read ({error})") from error
            time.sleep(wait_s)


def _samples(address: str, size: int, skipped: int) -> Iterator[dict[str, Any]]:
    """The samples of a shard but for the first.

    Raises:
        ValueError: there are more or fewer than the index says.
    """
    import fsspec

    count = 0
    with fsspec.open(address, "rb") as file:
        for files in read(file, address):
            count += 1
            if skipped < count <= size:
                yield files
    if count != size:
        raise ValueError(f"{address}: {count} samples, but the index says {size}")
