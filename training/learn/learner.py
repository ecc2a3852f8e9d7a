"""What is trained: net, moving average, optimiser, losses and, if there is one, the adversary."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from models.denoisers.tcn_masker import TcnMasker
from models.neural_codec import NeuralCodecNet
from training.config import TrainingConfig
from training.learn.adversary import Adversary, hide_untrusted
from training.learn.codec_loss import codec_loss
from training.learn.gain_losses import GainLosses
from training.learn.losses import Losses


class Learner:
    """A net that is trained step by step.

    Args:
        net: with its `config`; a codec's `codec_loss` is added to the losses.
        config: of the run.
        accelerator: device, precision and processes.
    """

    def __init__(self, net: nn.Module, config: TrainingConfig, accelerator: Accelerator) -> None:
        self.config, self.accelerator = config, accelerator
        self.sample_rate: int = net.config.sample_rate
        self.average = AveragedModel(net, multi_avg_fn=_averaging(config.ema))
        self.average.to(accelerator.device)
        self.net, self.optimizer = accelerator.prepare(net, _optimizer(net, config))
        self.adversary = Adversary(config.adversary, accelerator) if config.adversary else None
        self.losses = _losses(net, config).to(accelerator.device)
        self.net.train()

    def step(
        self, batch: dict[str, Tensor], turn: int, rate_share: float
    ) -> dict[str, Tensor] | None:
        """One optimiser step of the net and of the adversary.

        Args:
            batch: "degraded" (B, C, T), "clean" of the net's output's shape, "trust_hz" (B, K), and
                maybe "voiced" (B,).
            turn: number of the step.
            rate_share: of the peak learning rate.

        Returns:
            terms by name, "total" and "gradient"; None where a gradient is not finite: then the net
            stays as it is.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * rate_share
        for part in self._parts(batch):
            terms = self._terms(part, turn, rate_share)
            self.accelerator.backward(terms["total"] / self.config.accumulation)
        terms["gradient"] = self.accelerator.clip_grad_norm_(
            self.net.parameters(), self.config.clip
        )
        is_finite = bool(torch.isfinite(terms["gradient"]))
        if is_finite:
            self.optimizer.step()
            self.average.update_parameters(self.accelerator.unwrap_model(self.net))
        self.optimizer.zero_grad()
        return terms if is_finite else None

    def _parts(self, batch: dict[str, Tensor]) -> Iterator[dict[str, Tensor]]:
        """The batch in `accumulation` parts."""
        count = self.config.accumulation
        chunks = {name: value.chunk(count) for name, value in batch.items()}
        for index in range(count):
            yield {name: values[index] for name, values in chunks.items()}

    def _terms(self, part: dict[str, Tensor], turn: int, rate_share: float) -> dict[str, Tensor]:
        """Loss terms and their "total"; the discriminators learn on the way."""
        net = self.accelerator.unwrap_model(self.net)
        clean, trust_hz, voiced = part["clean"], part["trust_hz"], part.get("voiced")
        if isinstance(self.losses, GainLosses):
            return self.losses(net, *self.net(part["degraded"], as_gains=True), clean, voiced)
        estimate = self.net(part["degraded"])
        resolution = None if self.config.every_resolution else turn
        terms = self.losses(estimate, clean, trust_hz, resolution, voiced)
        if isinstance(net, NeuralCodecNet) and net.coding:
            codes = codec_loss(net.coding)
            terms = {**terms, "codes": codes, "total": terms["total"] + codes}
        if self.adversary is None:
            return terms
        judged = hide_untrusted(estimate, clean, trust_hz, self.sample_rate)
        learned = self.adversary.learn(judged, clean, turn, rate_share)
        if turn < self.adversary.config.start_step:
            return {**terms, **learned}
        added = self.adversary.terms(judged, clean, turn)
        return {**terms, **learned, **added, "total": terms["total"] + added["total"]}

    def state(self) -> dict[str, Any]:
        """A copy of all tensors that a resumed run needs."""
        return copy.deepcopy(
            {
                "net": self.accelerator.unwrap_model(self.net).state_dict(),
                "average": self.average.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "adversary": self.adversary.state_dict() if self.adversary else None,
                "random": torch.get_rng_state(),
            }
        )

    def restore(self, state: dict[str, Any]) -> None:
        """Goes back to a state; the state itself is not changed later."""
        state = copy.deepcopy(state)  # optimisers keep the tensors that they are given
        self.accelerator.unwrap_model(self.net).load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.adversary:
            self.adversary.load_state_dict(state["adversary"])
        torch.set_rng_state(state["random"])


def _optimizer(net: nn.Module, config: TrainingConfig) -> torch.optim.Optimizer:
    make = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
    return make(
        net.parameters(),
        config.learning_rate,
        tuple(config.betas),
        weight_decay=config.weight_decay,
        fused=True,
    )


def _losses(net: nn.Module, config: TrainingConfig) -> nn.Module:
    """The terms of a config; a net that estimates gains is compared in its own spectrum."""
    if isinstance(net, TcnMasker):
        return GainLosses(config.losses)
    return Losses(config.losses, net.config.sample_rate, config.resolutions, config.floor)


def _averaging(decay: float) -> Callable[[Any, Any, Any], None]:
    """Exponential moving average that forgets the first steps faster than `decay` says."""

    @torch.no_grad()
    def update(averaged: Any, current: Any, count: Any) -> None:
        keep = min(decay, (1 + int(count)) / (10 + int(count)))
        torch._foreach_lerp_(averaged, current, 1 - keep)

    return update
