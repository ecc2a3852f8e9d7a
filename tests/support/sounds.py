"""Speech-like sound with known properties, and a tiny net with random weights as a checkpoint."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import numpy as np
from scipy import signal

from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio

if TYPE_CHECKING:
    from models.enhancer import Enhancer, EnhancerConfig

RATE = 48_000


@functools.cache
def speech(seconds: float = 4.0, rate: int = RATE, seed: int = 0) -> np.ndarray:
    """(1, T): syllables of a gliding voice with formants, fricatives between, a faint floor."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * rate)) / rate
    pitch = 130 + 30 * np.sin(2 * np.pi * 0.7 * t)
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    count = int(0.48 * rate / 170)
    voice = sum(np.sin(k * phase) * _envelope(130 * k) for k in range(1, count))
    fricative = signal.lfilter([1, -0.7], [1], rng.standard_normal(t.size)) * 10**-1.5
    syllable = np.clip(np.sin(2 * np.pi * 3 * t), 0, 1)
    hiss = np.clip(np.sin(2 * np.pi * 3 * t + np.pi), 0, 1)
    sound = voice * syllable + fricative * hiss + 1e-5 * rng.standard_normal(t.size)
    return (0.5 * sound / np.abs(sound).max())[None].astype(np.float32)


@functools.cache
def music(seconds: float = 8.0, rate: int = 44_100, seed: int = 3) -> Audio:
    """Stereo: chords of decaying notes across the stage, a drum with each, a faint floor."""
    rng = np.random.default_rng(seed)
    out = np.zeros((2, round(seconds * rate)))
    for start in range(0, out.shape[1] - rate // 3, round(0.4 * rate)):
        t = np.arange(min(round(1.5 * rate), out.shape[1] - start)) / rate
        fade = np.exp(-4 * t) * np.minimum(1, t / 0.004)
        part = slice(start, start + t.size)
        for hz in 220 * 2 ** (rng.choice([0, 3, 5, 7, 10, 12, 15], 3) / 12):
            partials = range(1, min(20, int(rate / 2.2 / hz)))
            note = fade * sum(np.sin(2 * np.pi * hz * k * t) / k**1.5 for k in partials)
            side = rng.uniform(0.2, 0.8)
            out[:, part] += np.array([[side], [1 - side]]) * note
        out[:, part] += 0.5 * np.exp(-40 * t) * rng.standard_normal(t.size)
    out += 1e-5 * rng.standard_normal(out.shape)
    return Audio((0.5 * out / np.abs(out).max()).astype(np.float32), rate)


def bass_note(hz: float, seconds: float = 6.0, rate: int = 16_000) -> Audio:
    """One held low note with many partials, the lowest of them weak, as of a contrabassoon."""
    at = np.arange(round(seconds * rate)) / rate
    partials = range(1, int(0.45 * rate / hz))
    strength = [(0.3 if k < 3 else 1) / (1 + (k / 8) ** 2) for k in partials]
    note = sum(
        a * np.sin(2 * np.pi * hz * k * at + k**2) for k, a in zip(partials, strength, strict=True)
    )
    note *= np.minimum(1, at / 0.1)
    note += 1e-4 * np.random.default_rng(0).standard_normal(at.size)
    return Audio((0.3 * note / np.abs(note).max())[None].astype(np.float32), rate)


def _envelope(hz: float) -> float:
    formants = sum(a / (1 + ((hz - f) / 120) ** 2) for f, a in ((600, 1), (1700, 0.5), (2900, 0.3)))
    return 0.3 * formants + (1 + hz / 500) ** -1.5


def windowed_sinc(x: np.ndarray, cutoff_hz: float, rate: int = RATE) -> np.ndarray:
    """(C, T) without what lies above the cut-off."""
    taps = signal.firwin(1025, cutoff_hz, fs=rate)
    return signal.oaconvolve(x, taps[None], mode="same", axes=1).astype(np.float32)


def limited(
    cutoff_hz: float = 6000, rate: int = RATE, channels: int = 1, seconds: float = 2.0
) -> Audio:
    """Speech without treble, each channel another voice."""
    wide = np.concatenate([speech(seconds, seed=seed) for seed in range(channels)])
    return resample(Audio(windowed_sinc(wide, cutoff_hz), RATE), rate)


def soft_enhancer(config: EnhancerConfig) -> Enhancer:
    """A waveform net with the library's own weights: its output is soft whatever it is given."""
    from models.enhancer import Enhancer

    with mock.patch("models.enhancer.keep_level", lambda layer, gain=1.0: layer):
        return Enhancer(config)


def tiny_checkpoint(folder: Path, *, spectral: bool = False, sample_rate: int = RATE) -> None:
    """Writes a checkpoint with seeded random weights; its net changes whatever it is given."""
    import torch

    from models.checkpoint import save_checkpoint
    from models.enhancer import EnhancerConfig
    from models.spectral_enhancer import SpectralEnhancer, SpectralEnhancerConfig

    with torch.random.fork_rng():
        torch.manual_seed(7)
        if spectral:
            config = SpectralEnhancerConfig((16, 16), (1, 1), n_skips=1, sample_rate=sample_rate)
            net = SpectralEnhancer(config)
        else:
            net = soft_enhancer(EnhancerConfig((16, 16, 16, 16), sample_rate=sample_rate))
        for weights in net.parameters():
            weights.data.add_(0.1 * torch.randn_like(weights))
    save_checkpoint(net, folder, title="Tiny", licence="none")


def tiny_super_resolver(folder: Path) -> None:
    """Writes a checkpoint of a small residual U-Net at 44.1 kHz that changes what it is given."""
    import torch

    from models.checkpoint import save_checkpoint
    from models.residual_unet import ResidualUnet, ResidualUnetConfig

    with torch.random.fork_rng():
        torch.manual_seed(7)
        net = ResidualUnet(ResidualUnetConfig(widths=(8, 8, 16)))
        net(0.1 * torch.randn(2, 1, 4096))  # fills the batch norms' statistics
    save_checkpoint(net, folder, title="Tiny super-resolution", licence="none")


def tiny_cleaners(folder: Path) -> None:
    """Small random nets under the names of those that clean, at 32, 32 and 16 kHz."""
    import torch

    from models.checkpoint import save_checkpoint
    from models.denoisers.mask_unet import MaskUnet, MaskUnetConfig
    from models.denoisers.tcn_masker import TcnMasker, TcnMaskerConfig
    from models.denoisers.wavenet import WaveNet, WaveNetConfig

    with torch.random.fork_rng():
        torch.manual_seed(7)
        tcn = TcnMasker(TcnMaskerConfig(16, (1, 2), 1, n_fft=256, hop=64, sample_rate=32_000))
        mask = MaskUnet(MaskUnetConfig(base=8, groups=4, n_fft=64, hop=16, dilations=(1,)))
        wave = WaveNet(WaveNetConfig(16, 1, 4, patch=4, sample_rate=16_000))
        torch.nn.init.normal_(wave.leave[-1].weight, std=0.1)
    save_checkpoint(tcn, folder / "denoiser-speech-48k", title="Tiny TCN", licence="none")
    save_checkpoint(mask, folder / "mask-unet-32k", title="Tiny mask", licence="none")
    save_checkpoint(wave, folder / "wavenet-denoiser", title="Tiny WaveNet", licence="none")


def tiny_checkpoints(folder: Path) -> None:
    """ "tiny" and "spectral" at 48 kHz, "low" at 32 kHz, "residual" at 44.1 kHz."""
    tiny_super_resolver(folder / "residual")
    tiny_checkpoint(folder / "tiny")
    tiny_checkpoint(folder / "spectral", spectral=True)
    tiny_checkpoint(folder / "low", sample_rate=32_000)
