"""Loss terms by name; each ignores frequencies above the target's trusted bandwidth."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from training.config import RESOLUTIONS
from training.learn.dac_mel import DacMel
from training.learn.spectra import Spectrum
from training.learn.stoi_loss import StoiLoss

LSD = (2048, 2048, 512)
FLOOR = 1e-8  # power under every logarithm, as in AP-BWE's log-spectral distance
COMPLEX = (1024, 1024, 384)  # one coarse grid: three fine ones cost five times as much
SPECTRAL = {"convergence", "magnitude", "linear_magnitude", "mel", "balance"}
SDR_LIMIT_DB = 15.0  # little to gain above it: else the cleanest examples rule the gradient
TERMS = (
    *("convergence", "magnitude", "mel", "lsd", "waveform", "pulse", "balance"),
    *("sdr", "complex", "mse", "linear_magnitude", "dac_mel", "stoi"),
)
PULSE_PERIOD, PULSE_STEP = 960, 12  # samples: four synthesis frames of 240, and a quarter of 1 ms


class Losses(nn.Module):
    """Terms between an estimate and its target, and their weighted sum.

    Args:
        weights: by term; a term without a weight is not computed.
        sample_rate: Hz.
        resolutions: (n_fft, window, hop) in samples of each spectrum of the `SPECTRAL` terms.
        floor: power that is added to a spectrum before a square root or a logarithm.

    Raises:
        ValueError: a weight without a term.
    """

    def __init__(
        self,
        weights: dict[str, float],
        sample_rate: int,
        resolutions: Sequence[Sequence[int]] = RESOLUTIONS,
        floor: float = FLOOR,
    ) -> None:
        super().__init__()
        unknown = sorted(set(weights) - set(TERMS))
        if unknown or not weights:
            raise ValueError(f"losses: got {unknown}, expected some of {', '.join(TERMS)}")
        self.weights, self.sample_rate, self.floor = weights, sample_rate, floor
        self.spectra = nn.ModuleList(
            Spectrum(n_fft, window, hop, sample_rate) for n_fft, window, hop in resolutions
        )
        self.mels = nn.ModuleList(_mel(n_fft, sample_rate) for n_fft, _, _ in resolutions)
        self.lsd = Spectrum(*LSD, sample_rate)
        self.coarse = Spectrum(*COMPLEX, sample_rate)
        self.dac_mel = DacMel(sample_rate) if "dac_mel" in weights else None
        self.stoi = StoiLoss(sample_rate) if "stoi" in weights else None

    def forward(
        self,
        estimate: Tensor,
        target: Tensor,
        trust_hz: Tensor,
        turn: int | None,
        voiced: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """
        Args:
            estimate, target: (B, C, T), or (B, S, C, T) of several sources; each channel counts as
                a sound.
            trust_hz: (B, K), K equal stretches of time: trusted bandwidth of the target.
            turn: step of the run. Each step compares one of the resolutions in rotation: over
                three steps the whole loss, at a third of its cost. None compares all of them.
            voiced: (B,) bool, examples that "sdr" counts; all of them where None.

        Returns:
            each weighted term, unweighted, and "total".
        """
        trust_hz = trust_hz.repeat_interleave(target[0, ..., 0].numel(), 0)
        estimate, target = estimate.flatten(0, -2).float(), target.flatten(0, -2).float()
        terms = dict.fromkeys(self.weights, estimate.new_zeros(()))
        if SPECTRAL & set(terms):
            terms |= self._spectral(estimate, target, trust_hz, turn)
        if "lsd" in terms:
            mask = self.lsd.mask(trust_hz, target.shape[-1])
            terms["lsd"] = lsd(self.lsd(estimate), self.lsd(target), mask)
        if "waveform" in terms:
            terms["waveform"] = (estimate - target).abs().mean()
        if "mse" in terms:
            terms["mse"] = (estimate - target).square().mean()
        if self.dac_mel is not None:
            terms["dac_mel"] = self.dac_mel(estimate, target, trust_hz)
        if self.stoi is not None:
            terms["stoi"] = self.stoi(estimate, target)
        if "pulse" in terms:
            terms["pulse"] = (pulse(estimate) - pulse(target)).clamp(min=0).mean()
        if "sdr" in terms:
            terms["sdr"] = mean_of(sdr(estimate, target), voiced)
        if "complex" in terms:
            terms["complex"] = self.coarse.compressed_distance(estimate, target)
        total = torch.stack([self.weights[name] * value for name, value in terms.items()]).sum()
        return {**terms, "total": total}

    def _spectral(
        self, estimate: Tensor, target: Tensor, trust_hz: Tensor, turn: int | None
    ) -> dict[str, Tensor]:
        """The `SPECTRAL` terms of (B, T), of the turn's resolution or the mean over all."""
        count = len(self.spectra)
        rows = []
        for index in range(count) if turn is None else (turn % count,):
            spectrum = self.spectra[index]
            mask = spectrum.mask(trust_hz, target.shape[-1])
            both = (spectrum(estimate) * mask, spectrum(target) * mask)
            rows.append(_spectral(set(self.weights), *both, mask, self.mels[index], self.floor))
        if len(rows) == 1:
            return rows[0]
        return {name: torch.stack([row[name] for row in rows]).mean() for name in rows[0]}

    def of_case(
        self, net: nn.Module, degraded: Tensor, estimate: Tensor, target: Tensor, trust_hz: Tensor
    ) -> dict[str, Tensor]:
        """The terms of what a net restored, of all resolutions; see `forward`."""
        return self(estimate, target, trust_hz, None)


def lsd(estimate: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Log-spectral distance of power spectra (B, F, N) over the bins of `mask`.

    Source: Lu et al. 2024, "AP-BWE" (arXiv 2401.06387), section IV-B.
    """
    distance = (torch.log10(estimate + FLOOR) - torch.log10(target + FLOOR)).square() * mask
    return (distance.sum(1) / mask.sum(1).clamp(min=1) + 1e-6).sqrt().mean()


def sdr(estimate: Tensor, target: Tensor) -> Tensor:
    """(B,) negative signal-to-distortion ratio of (B, T) in units of 10 dB, the same at any level.

    It falls to -`SDR_LIMIT_DB` / 10 where both are equal.
    """
    power = target.square().sum(-1) + 1e-7
    error = (estimate - target).square().sum(-1)
    return torch.log10(error / power + 10 ** (-SDR_LIMIT_DB / 10))


def mean_of(values: Tensor, counted: Tensor | None) -> Tensor:
    """Mean of (B * C,) over the examples that (B,) `counted` marks; 0 where it marks none."""
    if counted is None:
        return values.mean()
    mask = counted.to(values.dtype).repeat_interleave(len(values) // len(counted))
    return (values * mask).sum() / mask.sum().clamp(min=1)


def pulse(estimate: Tensor) -> Tensor:
    """(B,) how much the treble of (B, T) pulses with the synthesis frames, which sounds metallic.

    The energy of the second difference is folded over four frames, each repetition with equal
    weight. Its variance around a mean of one is 0 for steady sound and about 0.005 for a second of
    noise.
    """
    treble = torch.diff(estimate, 2).square()
    count = treble.shape[-1] // PULSE_PERIOD
    steps = treble[:, : count * PULSE_PERIOD].unflatten(-1, (count, -1, PULSE_STEP)).mean(-1)
    relative = steps / (steps.mean(-1, keepdim=True) + 1e-14)
    return relative.mean(1).var(-1)


def _spectral(
    wanted: set[str],
    estimate: Tensor,
    target: Tensor,
    mask: Tensor,
    mel: nn.Module,
    floor: float,
) -> dict[str, Tensor]:
    """The wanted ones of the `SPECTRAL` terms of one resolution, from power spectra.

    "balance" compares the mean power of each band over the whole sound. The other terms reward a
    net that averages over loud and quiet outcomes, which is too quiet on the whole.
    """
    terms: dict[str, Tensor] = {}
    if {"convergence", "linear_magnitude"} & wanted:
        difference = torch.sqrt(estimate + floor) - torch.sqrt(target + floor)
    if "linear_magnitude" in wanted:
        terms["linear_magnitude"] = difference.abs().sum() / mask.sum().clamp(min=1)
    if "convergence" in wanted:
        scale = target.sum((1, 2)).clamp(min=1e-4).sqrt()
        terms["convergence"] = ((difference.square().sum((1, 2)) + 1e-9).sqrt() / scale).mean()
    if "magnitude" in wanted:
        distance = 0.5 * (torch.log(estimate + floor) - torch.log(target + floor)).abs()
        terms["magnitude"] = (distance * mask).sum() / mask.sum().clamp(min=1)
    if "mel" in wanted:
        terms["mel"] = (_log_mel(estimate, mel) - _log_mel(target, mel)).abs().mean()
    if "balance" in wanted:
        levels = [_log_mel(x.mean(2, keepdim=True), mel) for x in (estimate, target)]
        terms["balance"] = (levels[0] - levels[1]).abs().mean()
    return terms


def _log_mel(power: Tensor, mel: nn.Module) -> Tensor:
    return torch.log(mel(power).clamp(min=0) + 1e-6)


def _mel(n_fft: int, sample_rate: int) -> nn.Module:
    """Mel bands of a spectrum, in proportion to its size: 80 of 1024 samples."""
    from torchaudio.transforms import MelScale

    return MelScale(n_fft * 5 // 64, sample_rate, f_min=20, n_stft=n_fft // 2 + 1, norm="slaney")
