"""The adversary: discriminators with their own optimiser, and their loss for the generator."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor

from models.discriminators import DiscriminatorConfig, Discriminators, Judgement

KINDS = ("hinge", "lsgan")
TERMS = ("adversarial", "feature")
LEVEL, QUIETEST = 0.3, 1e-3  # RMS that sound is scaled to; below the second it stays quieter
N_FFT, HOP = 1024, 256  # of the spectra in which the untrusted band is hidden


@dataclass(frozen=True)
class AdversaryConfig:
    """Settings of the adversarial part of a run.

    Args:
        kind: of the loss, "hinge" or "lsgan".
        config: fields of `models.discriminators.DiscriminatorConfig`.
        start_step: first step in which the generator has their loss; the discriminators themselves
            learn from the first step of the run.
        turns: number of groups that take turns, one group per step: with four, each discriminator
            judges every fourth step, at a quarter of the cost.
        learning_rate: peak rate of the discriminators; it follows the generator's schedule.
        clip: largest norm of their gradient.
        weights: of the terms "adversarial" and "feature" in the generator's loss.
    """

    kind: str = "hinge"
    config: dict[str, Any] = field(default_factory=dict)
    start_step: int = 200
    turns: int = 1
    learning_rate: float = 2e-4
    clip: float = 10.0
    weights: dict[str, float] = field(default_factory=lambda: {"adversarial": 1.0, "feature": 2.0})

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind: got {self.kind!r}, expected one of {', '.join(KINDS)}")
        if set(self.weights) != set(TERMS):
            raise ValueError(f"weights: got {sorted(self.weights)}, expected {', '.join(TERMS)}")
        config = DiscriminatorConfig(**self.config)
        count = len(config.periods) + len(config.n_ffts)
        if not 1 <= self.turns <= count:
            raise ValueError(f"turns: got {self.turns}, expected 1 to {count}")


class Adversary:
    """Discriminators that are trained together with a generator.

    Source: Kumar et al. 2023, "High-Fidelity Audio Compression with Improved RVQGAN" (Descript
    Audio Codec), section 3.5, for the config.

    Args:
        settings: of `AdversaryConfig`.
        accelerator: of the run.
    """

    def __init__(self, settings: dict[str, Any], accelerator: Accelerator) -> None:
        self.config = config = AdversaryConfig(**settings)
        self.accelerator = accelerator
        nets = Discriminators(DiscriminatorConfig(**config.config))
        optimizer = torch.optim.AdamW(nets.parameters(), config.learning_rate, (0.8, 0.99))
        self.nets, self.optimizer = accelerator.prepare(nets, optimizer)

    def learn(
        self, estimate: Tensor, target: Tensor, turn: int, rate_share: float
    ) -> dict[str, Tensor]:
        """One step of the discriminators on restored and real sound, (B, 1, T) each.

        Args:
            estimate, target: see `hide_untrusted` for the first.
            turn: step of the run.
            rate_share: of the peak learning rate.

        Returns:
            "discriminator", their loss; "separation", by how much real scores above restored.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * rate_share
        made, real = _both(self.nets, estimate.detach(), target, self._whose(turn))
        losses = [
            discriminator_loss(m, r, self.config.kind) for m, r in zip(made, real, strict=True)
        ]
        loss = torch.stack(losses).mean()
        self.accelerator.backward(loss)
        self.accelerator.clip_grad_norm_(self.nets.parameters(), self.config.clip)
        self.optimizer.step()
        self.optimizer.zero_grad()
        apart = [r[0].float().mean() - m[0].float().mean() for m, r in zip(made, real, strict=True)]
        return {"discriminator": loss.detach(), "separation": torch.stack(apart).mean().detach()}

    def terms(self, estimate: Tensor, target: Tensor, turn: int) -> dict[str, Tensor]:
        """The generator's terms "adversarial" and "feature", unweighted, and "total", weighted."""
        nets = self.accelerator.unwrap_model(self.nets)  # their gradients are not synchronised
        nets.requires_grad_(False)
        with self.accelerator.autocast():
            made, real = _both(nets, estimate, target, self._whose(turn))
        nets.requires_grad_(True)
        losses = [generator_loss(judgement, self.config.kind) for judgement in made]
        matches = [feature_distance(m, r) for m, r in zip(made, real, strict=True)]
        terms = {
            "adversarial": torch.stack(losses).mean(),
            "feature": torch.stack(matches).mean(),
        }
        total = sum(self.config.weights[name] * value for name, value in terms.items())
        return {**terms, "total": total}

    def _whose(self, turn: int) -> slice:
        """The discriminators that judge this step."""
        return slice(turn % self.config.turns, None, self.config.turns)

    def state_dict(self) -> dict[str, Any]:
        nets = self.accelerator.unwrap_model(self.nets)
        return {"nets": nets.state_dict(), "optimizer": self.optimizer.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.accelerator.unwrap_model(self.nets).load_state_dict(state["nets"])
        self.optimizer.load_state_dict(state["optimizer"])


def hide_untrusted(estimate: Tensor, target: Tensor, trust_hz: Tensor, sample_rate: int) -> Tensor:
    """The estimate, with the target's own sound where the target cannot be trusted.

    Otherwise a recording that ends at 16 kHz would teach the adversary that treble is restored.

    Args:
        estimate, target: (B, 1, T).
        trust_hz: (B, K), K equal stretches of time: trusted bandwidth of the target.
        sample_rate: Hz.
    """
    if bool((trust_hz >= sample_rate / 2).all()):
        return estimate
    window = torch.hann_window(N_FFT, device=estimate.device)
    difference = (estimate - target)[:, 0].float()
    spectrum = torch.stft(difference, N_FFT, HOP, window=window, return_complex=True)
    frames = spectrum.shape[-1]
    at = torch.arange(frames, device=trust_hz.device) * trust_hz.shape[1] // frames
    frequency = torch.linspace(0, sample_rate / 2, N_FFT // 2 + 1, device=trust_hz.device)
    known = (frequency[:, None] <= trust_hz[:, at][:, None]).to(spectrum.real.dtype)
    kept = torch.istft(spectrum * known, N_FFT, HOP, window=window, length=target.shape[-1])
    return target + kept[:, None]


def discriminator_loss(made: Judgement, real: Judgement, kind: str) -> Tensor:
    """0 where real sound scores 1 and restored sound 0; for "hinge" at least 1 and at most -1.

    Source: Mao et al. 2017, "Least Squares GAN", eq. 2; Lim and Ye 2017, "Geometric GAN", eq. 5.
    """
    if kind == "lsgan":
        return (1 - real[0]).square().mean() + made[0].square().mean()
    return torch.relu(1 - real[0]).mean() + torch.relu(1 + made[0]).mean()


def generator_loss(made: Judgement, kind: str) -> Tensor:
    """Distance of restored sound from being judged real."""
    return (1 - made[0]).square().mean() if kind == "lsgan" else -made[0].mean()


def feature_distance(made: Judgement, real: Judgement) -> Tensor:
    """Mean distance of the feature maps, each relative to the size of the real one.

    Source: Kumar et al. 2019, "MelGAN", eq. 4; relative as in EnCodec, eq. 6.
    """
    parts = [
        (m - r.detach()).abs().mean() / r.detach().abs().mean().clamp(min=1e-4)
        for m, r in zip(made[1], real[1], strict=True)
    ]
    return torch.stack(parts).mean()


def _both(
    nets: Any, estimate: Tensor, target: Tensor, chosen: slice
) -> tuple[list[Judgement], list[Judgement]]:
    """Judgements of restored and of real sound, scaled by the gain that brings real to `LEVEL`."""
    count = len(estimate)
    gain = LEVEL / target.square().mean((1, 2), keepdim=True).sqrt().clamp(min=QUIETEST)
    judged = nets(torch.cat((estimate * gain, target * gain)), chosen)
    made = [(logits[:count], [m[:count] for m in maps]) for logits, maps in judged]
    real = [(logits[count:], [m[count:] for m in maps]) for logits, maps in judged]
    return made, real
