"""The mel loss of the Descript Audio Codec: seven scales, from 0.7 ms to 43 ms."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from training.learn.spectra import Spectrum

WINDOWS = (32, 64, 128, 256, 512, 1024, 2048)  # samples; a hop is a quarter
BANDS = (5, 10, 20, 40, 80, 160, 320)
FLOOR = 1e-5  # magnitude under the logarithm


class DacMel(nn.Module):
    """Mean difference of log10 mel magnitudes, summed over the scales.

    Source: Kumar et al. 2023, "High-Fidelity Audio Compression with Improved RVQGAN", section 3.5,
    and conf/base.yml of its code, where the weight is 15.

    Args:
        sample_rate: Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        super().__init__()
        self.spectra = nn.ModuleList(Spectrum(n, n, n // 4, sample_rate) for n in WINDOWS)
        scales = zip(WINDOWS, BANDS, strict=True)
        self.mels = nn.ModuleList(_mel(n, bands, sample_rate) for n, bands in scales)

    def forward(self, estimate: Tensor, target: Tensor, trust_hz: Tensor) -> Tensor:
        """
        Args:
            estimate, target: (B, T).
            trust_hz: (B, K), K equal stretches of time: trusted bandwidth of the target.
        """
        total = estimate.new_zeros(())
        for spectrum, mel in zip(self.spectra, self.mels, strict=True):
            mask = spectrum.mask(trust_hz, target.shape[-1])
            ours, theirs = (_log(mel(_magnitude(spectrum(x)) * mask)) for x in (estimate, target))
            total = total + (ours - theirs).abs().mean()
        return total


def _magnitude(power: Tensor) -> Tensor:
    return (power + FLOOR**2 / 100).sqrt()  # the gradient of a square root has no limit at 0


def _log(bands: Tensor) -> Tensor:
    return torch.log10(bands.clamp(min=FLOOR))


def _mel(n_fft: int, bands: int, sample_rate: int) -> nn.Module:
    """Slaney's mel bands with unit areas, as librosa has them."""
    import warnings

    from torchaudio.transforms import MelScale

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the lowest bands of long windows are narrower than a bin
        return MelScale(
            bands, sample_rate, n_stft=n_fft // 2 + 1, norm="slaney", mel_scale="slaney"
        )
