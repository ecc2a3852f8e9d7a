"""Short-time objective intelligibility as a loss: it can be trained on, for it has a gradient."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from training.learn.spectra import Spectrum

WINDOW_S, HOP_S = 0.0256, 0.0128
LOWEST_HZ, BANDS = 150.0, 15  # centre of the first band; a third of an octave each
SEGMENT = 30  # frames, 0.384 s
CLIP = 1 + 10**0.75  # of the estimate over the target: at most 15 dB of error (beta of eq. 3)
QUIET_DB = 40.0  # segments that far below the loudest one do not count
TINY = 1e-8


class StoiLoss(nn.Module):
    """One minus the intelligibility of an estimate: 0 where it equals the target, at most 2.

    Frames are taken at the sample rate of the sounds instead of at 10 kHz, and silence is left out
    by segments instead of by frames; figures are near those of `metrics.stoi`, not equal.

    Source: Taal et al. 2011, "An algorithm for intelligibility prediction of time-frequency
    weighted noisy speech", equations 1 to 6.

    Args:
        sample_rate: Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        super().__init__()
        width = 2 * round(WINDOW_S * sample_rate / 2)
        self.spectrum = Spectrum(2 * width, width, round(HOP_S * sample_rate), sample_rate)
        bands = third_octaves(self.spectrum.frequency[:, 0])
        self.register_buffer("bands", bands, persistent=False)

    def forward(self, estimate: Tensor, target: Tensor) -> Tensor:
        """Mean over segments, bands and sounds of (B, T); 0 where they are shorter than one."""
        ours, theirs = self.bands @ self.spectrum(estimate), self.bands @ self.spectrum(target)
        return distance(ours, theirs, SEGMENT)


def third_octaves(frequency: Tensor) -> Tensor:
    """(F,) frequencies of bins in Hz -> (`BANDS`, F): 1 where a bin lies in a band, else 0."""
    centres = LOWEST_HZ * 2 ** (torch.arange(BANDS) / 3)
    low, high = centres * 2 ** (-1 / 6), centres * 2 ** (1 / 6)
    return ((frequency >= low[:, None]) & (frequency < high[:, None])).float()


def distance(estimate: Tensor, target: Tensor, segment: int) -> Tensor:
    """One minus the intelligibility of powers of bands (B, bands, N); see `StoiLoss`.

    Args:
        segment: frames that are compared at a time, 0.384 s.

    Returns:
        mean over segments, bands and sounds; 0 where N is less than one segment.
    """
    if estimate.shape[-1] < segment:
        return estimate.new_zeros(())
    both = ((x + TINY).sqrt().unfold(-1, segment, 1) for x in (estimate, target))
    ours, theirs = both  # (B, bands, S, segment)
    scale = _norm(theirs) / _norm(ours)
    limited = torch.minimum(ours * scale, CLIP * theirs)
    correlation = (_centred(limited) * _centred(theirs)).sum(-1)
    level = theirs.square().sum((1, 3))  # (B, S)
    counted = (level > level.amax() * 10 ** (-QUIET_DB / 10)).float()[:, None]
    return 1 - (correlation * counted).sum() / (BANDS * counted.sum() + TINY)


def _norm(x: Tensor) -> Tensor:
    return x.square().sum(-1, keepdim=True).sqrt() + TINY


def _centred(x: Tensor) -> Tensor:
    """Of unit length, without its mean."""
    x = x - x.mean(-1, keepdim=True)
    return x / (x.square().sum(-1, keepdim=True) + TINY).sqrt()
