"""The batches of a run: its examples from a number on, without end, and each process's share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import send_to_device
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Subset

from training.config import TrainingConfig
from training.data.clips import Clip
from training.data.examples import DrawnExamples, PairExamples
from training.data.shards.index import Shards
from training.data.shards.order import Order
from training.data.shards.stream import ShardedExamples
from training.tasks import TASKS

ENDLESS = 1 << 40  # examples


class Batches:
    """Draws the examples of a run.

    Args:
        config: of the run.
        clips: to train on; beside shards, to mix with.
        sample_rate: Hz.
        accelerator: which processes there are.
        channels: of the net.
        shards: that have the recordings to restore; None where the clips are all there is.

    Raises:
        ValueError: shards, and a task that cannot read them.
    """

    def __init__(
        self,
        config: TrainingConfig,
        clips: list[Clip],
        sample_rate: int,
        accelerator: Accelerator,
        channels: int,
        shards: Shards | None = None,
    ) -> None:
        self.config, self.accelerator, self.shards = config, accelerator, shards
        self._clips, self._sample_rate, self._channels = clips, sample_rate, channels
        self.order = Order(shards.sizes, config.batch, config.seed) if shards else None
        examples: Any = TASKS[config.damage].examples
        if shards and not issubclass(examples, DrawnExamples):
            raise ValueError(f"damage: got {config.damage!r}, which cannot be trained from shards")

    def after(self, n_seen: int, batch: int) -> Iterable[dict[str, Tensor]]:
        """Batches of this process's share, from example number `n_seen` on."""
        own = torch.Generator().manual_seed(self.config.seed)  # leaves dropout's random state alone
        if self.shards and self.order:
            return self._from_shards(self.shards, self.order, n_seen, batch, own)
        rest = Subset(self._examples(), range(n_seen, ENDLESS))
        loader = DataLoader(rest, batch, num_workers=1, prefetch_factor=4, generator=own)
        return self.accelerator.prepare(loader)

    def state(self, n_seen: int) -> dict[str, Any]:
        """What a run's state says of its shards: which there are, and how far each lane is."""
        if not self.shards or not self.order:
            return {}
        return {"shards": {"digest": self.shards.digest, "lanes": self.order.state(n_seen)}}

    def check(self, state: dict[str, Any]) -> None:
        """Checks that a saved state is of the same shards, in the same order.

        Raises:
            ValueError: it is not, so that samples would be lost or seen twice.
        """
        if self.state(state["drawn"]).get("shards") != state.get("shards"):
            raise ValueError("data: other shards, seed or batch than those that the run began with")

    def _from_shards(
        self, shards: Shards, order: Order, n_seen: int, batch: int, own: torch.Generator
    ) -> Iterator[dict[str, Tensor]]:
        processes, rank = self.accelerator.num_processes, self.accelerator.process_index
        if batch % processes:
            raise ValueError(f"batch: got {batch}, expected a multiple of {processes} processes")
        share = batch // processes
        examples = ShardedExamples(
            shards, order, self._examples(),
            start=n_seen, batch=batch, first=rank * share, count=share,
        )  # fmt: skip
        loader = DataLoader(examples, share, num_workers=1, prefetch_factor=4, generator=own)
        return (send_to_device(batch, self.accelerator.device) for batch in loader)

    def _examples(self) -> Dataset:
        """Pairs where there are any: then nothing else is damaged to learn from."""
        if any(clip.degraded is not None for clip in self._clips):
            return PairExamples(self._clips, self.config, self._sample_rate, ENDLESS)
        make = TASKS[self.config.damage].examples
        return make(self._clips, self.config, self._sample_rate, ENDLESS, self._channels)
