"""Discriminators, which tell restored from real sound by its periods and by its spectra.

Each returns a list with one (logits, feature maps) for every period or resolution.
Sources: Kong et al. 2020, "HiFi-GAN" (periods); Defossez et al. 2022, "EnCodec" (spectra at several
resolutions); the three-channel spectrum with a phase gate is from "Wave U-Net Enhancer".
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.config import check, ranged
from models.layers import weight_norm

Judgement = tuple[Tensor, list[Tensor]]
REPRESENTATIONS = {"log1p_phase": 3, "complex": 2, "log_phase": 3, "raw": 2}  # and their channels
EVERY = slice(None)
SLOPE = 0.1  # of the leaky rectifiers
QUIET = 1e-5  # floor under a magnitude before its plain logarithm
LOG_SCALE = 0.3


@dataclass(frozen=True)
class DiscriminatorConfig:
    """Which discriminators there are, and their sizes.

    Args:
        periods: in samples, of the period discriminators.
        period_widths: channels of their layers; each but the last has stride 3.
        n_ffts: in samples, of the spectral discriminators; a hop is a quarter of it.
        channels: of their layers.
        representation: what of a spectrum they see: "log1p_phase" (log1p magnitude, sine and cosine
            of the phase where there is energy), "complex" (real and imaginary part), "log_phase"
            (plain logarithm, sine and cosine of the phase everywhere), or "raw" (magnitude, and
            phase in radians).
        gate: the least magnitude whose phase is shown; a sine of amplitude one has n_fft / 4.
        scale: of the magnitude before log1p.
    """

    periods: tuple[int, ...] = ranged((2, 3, 5, 7, 11), 1, 1024, count=(0, 16))
    period_widths: tuple[int, ...] = ranged((32, 128, 512, 1024, 1024), 1, 4096)
    n_ffts: tuple[int, ...] = ranged((2048, 1024, 512), 4, 1 << 15, count=(0, 16))
    channels: int = ranged(32, 1, 1024)
    representation: str = "log1p_phase"
    gate: float = ranged(0.02, 0.0, 1e6)
    scale: float = ranged(10.0, 0.0, 1e6)

    def __post_init__(self) -> None:
        check(self)
        if self.representation not in REPRESENTATIONS:
            known = ", ".join(REPRESENTATIONS)
            raise ValueError(
                f"representation: got {self.representation!r}, expected one of {known}"
            )
        if not self.periods and not self.n_ffts:
            raise ValueError("periods, n_ffts: got none of either, expected a discriminator")


class Discriminators(nn.Module):
    """All discriminators of a config, or some: (B, 1, T) -> list of (logits, feature maps)."""

    def __init__(self, config: DiscriminatorConfig | None = None) -> None:
        super().__init__()
        c = self.config = config or DiscriminatorConfig()
        self.parts = nn.ModuleList(
            [_Period(period, c.period_widths) for period in c.periods]
            + [_Spectral(n_fft, c) for n_fft in c.n_ffts]
        )

    def forward(self, x: Tensor, chosen: slice = EVERY) -> list[Judgement]:
        """`chosen`: which of them judge, in the order of periods and then of resolutions."""
        return [part(x) for part in self.parts[chosen]]


class _Period(nn.Module):
    """Convolves along every `period`-th sample, in `period` columns."""

    def __init__(self, period: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.period = period
        ins = (1, *widths[:-1])
        strides = [3] * (len(widths) - 1) + [1]
        self.layers = nn.ModuleList(
            weight_norm(nn.Conv2d(narrow, wide, (5, 1), (stride, 1), (2, 0)))
            for narrow, wide, stride in zip(ins, widths, strides, strict=True)
        )
        self.judge = weight_norm(nn.Conv2d(widths[-1], 1, (3, 1), 1, (1, 0)))

    def forward(self, x: Tensor) -> Judgement:
        x = nn.functional.pad(x, (0, -x.shape[-1] % self.period))
        return _through(x.unflatten(-1, (-1, self.period)), self.layers, self.judge)


class _Spectral(nn.Module):
    """Convolves over a spectrum, with growing stride in frequency and dilation in time."""

    def __init__(self, n_fft: int, config: DiscriminatorConfig) -> None:
        super().__init__()
        self.n_fft, self.config = n_fft, config
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)
        width = config.channels
        first = nn.Conv2d(REPRESENTATIONS[config.representation], width, (9, 3), (2, 1), (4, 1))
        later = [
            nn.Conv2d(width, width, (9, 3), (2, 1), (4, reach), (1, reach)) for reach in (1, 2, 4)
        ]
        self.layers = nn.ModuleList(weight_norm(layer) for layer in (first, *later))
        self.judge = weight_norm(nn.Conv2d(width, 1, 3, 1, 1))

    def forward(self, x: Tensor) -> Judgement:
        hop = self.n_fft // 4
        spectrum = torch.stft(
            x[:, 0].float(), self.n_fft, hop, window=self.window, return_complex=True
        )  # (B, F, N)
        seen = represent(spectrum, self.config).to(x.dtype)
        return _through(seen.contiguous(memory_format=torch.channels_last), self.layers, self.judge)


def represent(spectrum: Tensor, config: DiscriminatorConfig) -> Tensor:
    """(B, F, N) complex -> (B, 2 or 3, F, N), as the config's representation says.

    Where the magnitude is below the gate, sine and cosine are 0 and pass no gradient.
    """
    if config.representation == "complex":
        return torch.stack((spectrum.real, spectrum.imag), 1)
    power = spectrum.real.square() + spectrum.imag.square()
    magnitude = torch.sqrt(power + QUIET**2)
    if config.representation == "raw":
        return torch.stack((magnitude, _angle(spectrum)), 1)
    if config.representation == "log_phase":
        level, least = LOG_SCALE * torch.log(magnitude), QUIET
    else:
        level, least = torch.log1p(config.scale * magnitude), config.gate
    loud = (magnitude > least).to(magnitude.dtype)
    unit = loud / torch.where(loud > 0, magnitude, torch.ones_like(magnitude))
    return torch.stack((level, spectrum.imag * unit, spectrum.real * unit), 1)


def _angle(spectrum: Tensor) -> Tensor:
    """Phase in radians; 0, and without a gradient, where there is next to no sound."""
    loud = spectrum.abs() > QUIET
    return torch.where(loud, spectrum, torch.ones_like(spectrum)).angle()


def _through(x: Tensor, layers: nn.ModuleList, judge: nn.Module) -> Judgement:
    maps = []
    for layer in layers:
        x = nn.functional.leaky_relu(layer(x), SLOPE)
        maps.append(x)
    return judge(x), maps
