"""Loss terms of nets that estimate gains, compared in the net's own spectrum.

An estimate differs from its input by real gains alone, so that every term is real arithmetic on
magnitudes: no inverse transform, no other spectra, a quarter of the cost of terms on waveforms.
The terms in `RESYNTHESISED` do compare the spectrum of the output, since gains that differ from bin
to bin do not come through an inverse transform unchanged.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel

from models.denoisers.tcn_masker import TcnMasker
from models.layers import pad_to_multiple
from training.learn.losses import SDR_LIMIT_DB, mean_of
from training.learn.spectra import COMPRESSION
from training.learn.stoi_loss import distance, third_octaves

TERMS = ("sdr", "complex", "magnitude", "lsd", "excess", "sdr_excess", "stoi")
RESYNTHESISED = {"lsd", "excess"}
REGION = (16, 8)  # bins and frames of a region that "excess" judges
OUT_OF_REACH = 4.0  # decades of power; what is missing by more is left as it is
POWER_FLOOR = 1e-8  # as in `pipeline.evaluation.metrics.lsd`
STOI_S = 0.384
FLOOR = 1e-6  # magnitude under logarithms and powers, of a target of mean square one


class GainLosses(nn.Module):
    """Terms between the estimate of a net that estimates gains, and the target.

    Args:
        weights: by term.

    Raises:
        ValueError: a weight without a term.
    """

    def __init__(self, weights: dict[str, float]) -> None:
        super().__init__()
        unknown = sorted(set(weights) - set(TERMS))
        if unknown or not weights:
            raise ValueError(f"losses: got {unknown}, expected some of {', '.join(TERMS)}")
        self.weights = weights

    def forward(
        self,
        net: TcnMasker,
        spectrum: Tensor,
        gains: Tensor,
        clean: Tensor,
        voiced: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """
        Args:
            net: whose spectrum and bands are compared.
            spectrum: (B, C, F, N) complex, of the input.
            gains: (B, 1, F, N) that the net estimates.
            clean: (B, C, T), the target; each channel counts as a sound.
            voiced: (B,) bool, examples that "sdr" counts; all of them where None.

        Returns:
            each weighted term, unweighted, and "total":

            - "sdr": negative signal-to-distortion ratio in units of 10 dB;
            - "complex": distance of compressed spectra, half with phase and half without (Braun and
              Tashev 2020, "A consolidated view of loss functions");
            - "magnitude": distance of log magnitudes, in nepers;
            - "lsd": log-spectral distance of the output, in decades of power;
            - "excess": by how much regions of the output are farther from the target than those of
              the input, in decades of power;
            - "sdr_excess": by how much "sdr" is worse than that of the input;
            - "stoi": one minus the intelligibility of the output; see `stoi_loss`.

            "complex" and "magnitude" count each band of the net alike.
        """
        with torch.no_grad():
            target = net.stft(pad_to_multiple(clean, net.stride).flatten(0, 1))
            spectrum = spectrum.flatten(0, 1)
            scale = (target.abs().square().mean((1, 2), keepdim=True) + 1e-8).rsqrt()
            noisy, wanted = spectrum.abs() * scale + FLOOR, target.abs() * scale + FLOOR
            cosine = (spectrum * target.conj()).real * scale.square() / (noisy * wanted)
        gains = gains.repeat_interleave(clean.shape[1], 0)[:, 0]
        terms = self._resynthesised(net, spectrum, gains, target)
        estimate = gains * noisy + FLOOR
        weight = net.pool.sum(0)[:, None] / len(net.pool)  # (F, 1), sums to one
        if "sdr" in self.weights:
            terms["sdr"] = mean_of(_sdr(estimate, wanted, cosine), voiced)
        if "sdr_excess" in self.weights:
            worse = _sdr(estimate, wanted, cosine) - _sdr(noisy, wanted, cosine)
            terms["sdr_excess"] = worse.clamp(min=0).mean()
        if "stoi" in self.weights:
            terms["stoi"] = _stoi(net, estimate, wanted)
        logs = torch.log(estimate), torch.log(wanted)
        if "complex" in self.weights:
            ours, theirs = (torch.exp(COMPRESSION * x) for x in logs)
            difference = (ours - theirs).square()
            with_phase = difference + 2 * ours * theirs * (1 - cosine)
            terms["complex"] = 0.5 * _mean(difference + with_phase, weight)
        if "magnitude" in self.weights:
            terms["magnitude"] = _mean((logs[0] - logs[1]).abs(), weight)
        total = torch.stack([self.weights[name] * value for name, value in terms.items()]).sum()
        return {**terms, "total": total}

    def _resynthesised(
        self, net: TcnMasker, spectrum: Tensor, gains: Tensor, target: Tensor
    ) -> dict[str, Tensor]:
        """The terms of `RESYNTHESISED` that have a weight; spectra and gains are (B, F, N)."""
        if not RESYNTHESISED & set(self.weights):
            return {}
        output = net.stft(net.stft.inverse(spectrum * gains))
        log_output, log_input, log_target = map(_log_power, (output, spectrum, target))
        is_missing = log_target - log_input > OUT_OF_REACH
        wanted = torch.where(is_missing, log_input, log_target)
        ours, given = (log_output - wanted).square(), (log_input - wanted).square()
        terms = {}
        if "lsd" in self.weights:
            terms["lsd"] = (ours.mean(1) + 1e-6).sqrt().mean()
        if "excess" in self.weights:
            both = (functional.avg_pool2d(x[:, None], REGION) + 1e-6 for x in (ours, given))
            ours, given = (x.sqrt() for x in both)
            terms["excess"] = (ours - given).clamp(min=0).mean()
        return terms

    def of_case(
        self, net: nn.Module, degraded: Tensor, estimate: Tensor, target: Tensor, trust_hz: Tensor
    ) -> dict[str, Tensor]:
        """The terms of a net, or of its moving average, on one case; see `forward`."""
        masker = net.module if isinstance(net, AveragedModel) else net
        return self(masker, *net(degraded, as_gains=True), target)


def _sdr(estimate: Tensor, wanted: Tensor, cosine: Tensor) -> Tensor:
    """(B,) negative SDR in units of 10 dB of magnitudes (B, F, N), and the cosine between them."""
    error = (estimate * (estimate - 2 * wanted * cosine)).sum((1, 2))
    power = wanted.square().sum((1, 2))
    ratio = (error + power).clamp(min=0) / power
    return torch.log10(ratio + 10 ** (-SDR_LIMIT_DB / 10))


def _stoi(net: TcnMasker, estimate: Tensor, wanted: Tensor) -> Tensor:
    """See `GainLosses`; magnitudes are (B, F, N)."""
    config = net.config
    bin_hz = config.sample_rate / config.n_fft
    bands = third_octaves(torch.arange(wanted.shape[1]) * bin_hz).to(wanted.device)
    segment = round(STOI_S * config.sample_rate / config.hop)
    return distance(bands @ estimate.square(), bands @ wanted.square(), segment)


def _log_power(spectrum: Tensor) -> Tensor:
    """log10 of the power of complex bins, not below the floor."""
    power = torch.view_as_real(spectrum).square().sum(-1)
    return torch.log10(power + POWER_FLOOR)


def _mean(x: Tensor, weight: Tensor) -> Tensor:
    """Of (B, F, N), each bin by its weight (F, 1), which sum to one."""
    return (x.mean((0, 2)) * weight[:, 0]).sum()
