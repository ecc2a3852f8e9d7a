"""The order in which shards are read: each sample of an epoch once, whatever the processes.

An example has a number for the whole run, and a batch is as many numbers in a row. Numbers are
dealt to lanes in turn, and each lane reads one shard after the other. The shards of an epoch are
shuffled; the lane that ends first takes the next one. So the number of examples that were seen
tells exactly which samples of which shards were, and a batch mixes as many shards as it has lanes.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Stretch:
    """One shard in one epoch, read by a lane.

    Args:
        epoch: from 0.
        shard: its number in the index.
        begin: samples that the lane has read before.
        size: samples of the shard.
    """

    epoch: int
    shard: int
    begin: int
    size: int


@dataclass(frozen=True)
class Place:
    """Where a lane is: so many samples of a shard were read in this epoch."""

    epoch: int
    shard: int
    samples: int


@dataclass(frozen=True)
class Order:
    """Which sample is which example.

    Args:
        sizes: samples of each shard.
        n_lanes: shards that are read at once; the batch, so that each process has its own.
        seed: of the shuffle.
    """

    sizes: Sequence[int]
    n_lanes: int
    seed: int

    def stretches(self, lane: int) -> Iterator[Stretch]:
        """What a lane reads, without end."""
        return (stretch for owner, stretch in self._dealt() if owner == lane)

    def state(self, n_seen: int) -> list[dict[str, Any]]:
        """The place of each lane, in plain numbers, after so many examples."""
        return [asdict(place) for place in self.places(n_seen)]

    def places(self, n_seen: int) -> list[Place]:
        """The place of each lane after so many examples."""
        places: dict[int, Place] = {}
        read = [len(range(lane, n_seen, self.n_lanes)) for lane in range(self.n_lanes)]
        for lane, stretch in self._dealt():
            if read[lane] < stretch.begin + stretch.size and lane not in places:
                places[lane] = Place(stretch.epoch, stretch.shard, read[lane] - stretch.begin)
            if len(places) == self.n_lanes:
                break
        return [places[lane] for lane in range(self.n_lanes)]

    def _dealt(self) -> Iterator[tuple[int, Stretch]]:
        """Every shard of every epoch and the lane that reads it."""
        ends = [(0, lane) for lane in range(self.n_lanes)]
        for epoch in itertools.count():
            shuffled = np.random.default_rng([self.seed, epoch]).permutation(len(self.sizes))
            for shard in shuffled.tolist():
                begin, lane = heapq.heappop(ends)
                heapq.heappush(ends, (begin + self.sizes[shard], lane))
                yield lane, Stretch(epoch, shard, begin, self.sizes[shard])
