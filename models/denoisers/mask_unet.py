"""A U-Net that masks the short-time spectrum: it removes noise and haze, and adds nothing.

    log magnitude, height over its floor - 4 levels down - 4 levels up - mask in [0, 1] - x spectrum

Strided convolutions go down, transposed ones come up, and equal levels are concatenated. All
channels of a sound share one U-Net, fed with their mean; a small head then masks each from the
shared features and its own, so that the stereo image is kept at hardly more cost than mono.
Source: Ensoli and Massignan 2025, section 3; Jansson et al. 2017 (ISMIR).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from models.config import RATES_HZ, check, ranged
from models.layers import pad_to_multiple
from models.stft import Stft

LEVELS = 4
QUIET = 1e-5  # floor under a magnitude before its logarithm
LOG_SCALE = 0.3
SMOOTH = 5  # frames whose mean counts for the floor
FLOOR_SHIFTS = (1, 2, 4, 8, 16, 32, 64)  # of the running minimum, which together reach 127 frames
HEAD = 16  # features from which a channel's mask is computed


@dataclass(frozen=True)
class MaskUnetConfig:
    """All that defines a `MaskUnet`.

    Args:
        base: channels of the first level; each further one doubles them.
        n_fft, hop: of the spectrum, in samples.
        groups: of the group norm.
        dilations: in frames of the deepest level, of the blocks that look along time there.
        sample_rate: in Hz.
    """

    base: int = ranged(32, 1, 512)
    n_fft: int = ranged(1024, 2 << LEVELS, 1 << 15)
    hop: int = ranged(256, 1, 1 << 14)
    groups: int = ranged(8, 1, 512)
    dilations: tuple[int, ...] = ranged((1, 2, 4), 1, 64, count=(0, 16))
    sample_rate: int = ranged(32_000, *RATES_HZ)

    def __post_init__(self) -> None:
        check(self)
        if self.base % self.groups or self.base < self.groups:
            raise ValueError(f"base: got {self.base}, expected a multiple of groups {self.groups}")
        if (self.n_fft // 2) % 2**LEVELS:
            raise ValueError(f"n_fft: got {self.n_fft}, expected a multiple of {2 << LEVELS}")


class MaskUnet(nn.Module):
    """Masks sound of any number of channels: (B, C, T) -> (B, C, T) for any T >= 1.

    Attributes:
        stride: samples of one frame of the deepest level.
        receptive_field: samples on either side that can change an output sample.
        multichannel: the channels of a sound belong together.
    """

    multichannel = True

    def __init__(self, config: MaskUnetConfig | None = None) -> None:
        super().__init__()
        c = self.config = config or MaskUnetConfig()
        widths = [c.base << level for level in range(LEVELS)]
        self.stft = Stft(c.n_fft, c.hop)
        self.enter = nn.Sequential(nn.Conv2d(2, c.base, 4, 2, 1), nn.GELU())
        self.down = nn.ModuleList(
            _Down(narrow, wide, c.groups) for narrow, wide in pairwise(widths)
        )
        self.bottom = nn.Sequential(
            *(_Residual(widths[-1], c.groups, dilation) for dilation in c.dilations)
        )
        self.up = nn.ModuleList(
            _Up(wide * (1 if wide == widths[-1] else 2), narrow, c.groups)
            for narrow, wide in pairwise(widths)
        )
        self.rise = nn.Sequential(nn.ConvTranspose2d(2 * c.base, HEAD, 4, 2, 1), nn.GELU())
        self.head = nn.Sequential(
            nn.Conv2d(HEAD + 2, HEAD, 3, padding=1), nn.GELU(), nn.Conv2d(HEAD, 1, 3, padding=1)
        )
        nn.init.constant_(self.head[-1].bias, 2.0)  # an untrained mask is close to one
        self.stride = c.hop * 2**LEVELS
        self.receptive_field = self._receptive_field()

    def _receptive_field(self) -> int:
        """In samples: convolutions in frames at their level, the floor's reach, and an STFT."""
        frames = sum(FLOOR_SHIFTS) // 2 + SMOOTH + 4  # of the features and the head
        frames += sum(2 * 2**level for level in range(LEVELS))  # down
        frames += sum(2 * 2**level for level in range(1, LEVELS))  # their residual convolutions
        frames += sum(2 * 2**level for level in range(LEVELS))  # up
        frames += 2**LEVELS * (sum(self.config.dilations) + 1)
        return frames * self.config.hop + self.config.n_fft

    def forward(self, x: Tensor) -> Tensor:
        batch, channels, length = x.shape
        flat = pad_to_multiple(x, self.stride).flatten(0, 1)
        spectrum = self.stft(flat).unflatten(0, (batch, channels))  # (B, C, F, N)
        mask = self._mask(spectrum).flatten(0, 1)
        masked = self.stft.inverse(mask * spectrum.flatten(0, 1))
        return masked.unflatten(0, (batch, channels))[..., :length]

    def _mask(self, spectrum: Tensor) -> Tensor:
        """(B, C, F, N) in [0, 1]; the highest bin has its neighbour's."""
        power = spectrum.real.square() + spectrum.imag.square()
        own, shared = _level(power), _level(power.mean(1, keepdim=True))  # (B, C or 1, F - 1, N)
        dtype = self.enter[0].weight.dtype
        features = self._net(torch.cat((shared, _height(shared)), 1).to(dtype))
        batch, channels = own.shape[:2]
        each = torch.stack((own, own - shared), -1).flatten(0, 1).to(dtype)
        mask = torch.sigmoid(self._masks(features, each.permute(0, 3, 1, 2)).float())
        mask = nn.functional.pad(mask, (0, 0, 0, 1), mode="replicate")
        return mask.view(batch, channels, *mask.shape[2:])

    def _masks(self, features: Tensor, each: Tensor) -> Tensor:
        """`head` of features (B, HEAD, F, N) beside each channel's own, (B C, 2, F, N): (B C, 1,
        F, N). What the features give is computed once for all channels."""
        enter, activation, leave = self.head
        padding = enter.padding
        of_all, of_each = enter.weight.split((HEAD, 2), dim=1)
        total = nn.functional.conv2d(each, of_each, None, padding=padding)
        total = total.unflatten(0, (len(features), -1))
        total += nn.functional.conv2d(features, of_all, enter.bias, padding=padding)[:, None]
        return leave(activation(total.flatten(0, 1)))

    def _net(self, x: Tensor) -> Tensor:
        """(B, 2, F - 1, N) -> (B, HEAD, F - 1, N)."""
        x = self.enter(x.contiguous(memory_format=torch.channels_last))
        skips = []
        for down in self.down:
            skips.append(x)
            x = down(x)
        x = self.bottom(x)
        for up in reversed(self.up):
            x = torch.cat((up(x), skips.pop()), 1)
        return self.rise(x)


class _GroupNorm(nn.Module):
    """Group norm on (B, C, F, N) with the statistics of each frame: windows equal the whole."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.groups = groups
        self.weight = nn.Parameter(torch.ones(channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        rows = x.permute(0, 2, 3, 1)  # (B, F, N, C), contiguous where channels are last
        mean, power = self._mean(rows), self._mean(rows.square())  # (B, N, groups)
        gain = torch.rsqrt((power - mean.square()).clamp(min=0) + 1e-4)
        each = x.shape[1] // self.groups
        scale = gain.repeat_interleave(each, -1) * self.weight[:, 0, 0]
        shift = self.bias[:, 0, 0] - mean.repeat_interleave(each, -1) * scale
        scale, shift = (part.transpose(1, 2)[:, :, None].to(x.dtype) for part in (scale, shift))
        return torch.addcmul(shift, x, scale)

    def _mean(self, rows: Tensor) -> Tensor:
        """(B, F, N, C) -> (B, N, groups) means over frequencies and a group's channels."""
        means = rows.mean(1, dtype=torch.float32)
        return means.unflatten(-1, (self.groups, -1)).mean(-1)


class _Down(nn.Sequential):
    def __init__(self, channels: int, wider: int, groups: int) -> None:
        super().__init__(
            nn.Conv2d(channels, wider, 4, 2, 1),
            _GroupNorm(wider, groups),
            nn.GELU(),
            _Residual(wider, groups, 1),
        )


class _Up(nn.Sequential):
    def __init__(self, channels: int, narrower: int, groups: int) -> None:
        super().__init__(
            nn.ConvTranspose2d(channels, narrower, 4, 2, 1), _GroupNorm(narrower, groups), nn.GELU()
        )


class _Residual(nn.Module):
    """x + a convolution of it, `dilation` frames to either side."""

    def __init__(self, channels: int, groups: int, dilation: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(channels, channels, 3, padding=(1, dilation), dilation=(1, dilation))
        self.norm = _GroupNorm(channels, groups)

    def forward(self, x: Tensor) -> Tensor:
        return x + nn.functional.gelu(self.norm(self.mix(x)))


def _level(power: Tensor) -> Tensor:
    """(..., F, N) -> (..., F - 1, N): log magnitude, about -3 to 2, without the highest bin."""
    return (0.5 * LOG_SCALE) * torch.log(power[..., :-1, :] + QUIET**2)


def _height(level: Tensor) -> Tensor:
    """How far each cell lies above the lowest smoothed level of 64 frames before and after it."""
    smooth = nn.functional.avg_pool2d(
        level, (1, SMOOTH), 1, (0, SMOOTH // 2), count_include_pad=False
    )
    reach = sum(FLOOR_SHIFTS)
    least = nn.functional.pad(smooth, (reach // 2, reach - reach // 2), value=torch.inf)
    for shift in FLOOR_SHIFTS:
        least = torch.minimum(least[..., :-shift], least[..., shift:])
    return level - least
