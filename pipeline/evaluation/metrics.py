"""How near an estimate is to its target: waveform, spectrum and intelligibility.

All functions take arrays of the same shape (T,) or (C, T), estimate first, and work through long
sound in blocks. A target that is silent has no ratio: the result is then not a number (nan).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np

from pipeline.dsp import framing

BLOCK = 1 << 20  # samples summed at a time


def l1(estimate: np.ndarray, target: np.ndarray) -> float:
    """Mean absolute difference."""
    estimate, target = _pair(estimate, target)
    return sum(float(np.abs(e - t).sum()) for e, t in _blocks(estimate, target)) / target.size


def mse(estimate: np.ndarray, target: np.ndarray) -> float:
    """Mean squared difference."""
    estimate, target = _pair(estimate, target)
    return sum(_energy(e - t) for e, t in _blocks(estimate, target)) / target.size


def snr_db(estimate: np.ndarray, target: np.ndarray) -> float:
    """Energy of the target over energy of the difference, in dB; inf where they are equal."""
    estimate, target = _pair(estimate, target)
    parts = [(_energy(t), _energy(e - t)) for e, t in _blocks(estimate, target)]
    return _ratio_db(*np.sum(parts, axis=0))


def seg_snr_db(estimate: np.ndarray, target: np.ndarray, rate: int) -> float:
    """Mean SNR of 30 ms frames, each limited to -10..35 dB; frames of silence are left out.

    Source: Hansen and Pellom 1998, "An effective quality evaluation protocol"; frames here do not
    overlap, and channels count as further frames.
    """
    ratios = _segment_snr_db(estimate, target, max(1, round(0.03 * rate)))
    return float(np.clip(ratios, -10, 35).mean()) if ratios.size else float("nan")


def si_sdr_db(estimate: np.ndarray, target: np.ndarray) -> float:
    """Scale-invariant SDR in dB, mean over channels.

    Source: Le Roux et al. 2019, "SDR - half-baked or well done?", eq. 4.
    """
    estimate, target = _pair(estimate, target)
    return float(np.mean([_si_sdr_db(e, t) for e, t in zip(estimate, target, strict=True)]))


def lsd(
    estimate: np.ndarray,
    target: np.ndarray,
    rate: int,
    low_hz: float = 0.0,
    high_hz: float | None = None,
    floor: float = 1e-8,
) -> float:
    """Log-spectral distance in log10 of power (decades, not dB), mean over frames and channels.

    The mean over frames of the root mean square over frequency of log10 |S|^2 - log10 |S^|^2, with
    n_fft 2048, hop 512, periodic Hann window, centred frames, reflected edges and power not below
    a floor of 1e-8, which is what AP-BWE, NU-Wave2 and their peers publish (there at 48 kHz).

    Args:
        rate: in Hz; with it the band's edges become bins.
        low_hz, high_hz: only bins in this closed band count; None is up to half the rate.
        floor: of the power.

    Raises:
        ValueError: shapes differ, or no bin lies in the band.

    Source: Lu et al. 2024, "Towards High-Quality and Efficient Speech Bandwidth Extension with
    Parallel Amplitude and Phase Prediction" (AP-BWE), and `cal_metrics.py` of its code.
    """
    estimate, target = _pair(estimate, target)
    frequency = np.arange(1025) * rate / 2048
    band = (frequency >= low_hz) & (frequency <= (rate / 2 if high_hz is None else high_hz))
    if not band.any():
        raise ValueError(f"band: got {low_hz} to {high_hz} Hz, expected one below {rate / 2} Hz")
    distances = []
    for e, t in zip(_powers(estimate, 2048, 512), _powers(target, 2048, 512), strict=True):
        logs = [np.log10(np.maximum(power[..., band], floor)) for power in (e, t)]
        distances.append(np.sqrt(np.square(logs[0] - logs[1]).mean(axis=-1)).ravel())
    return float(np.concatenate(distances).mean())


def mel_distance_db(
    estimate: np.ndarray, target: np.ndarray, rate: int, high_hz: float | None = None
) -> float:
    """Mean absolute difference, in dB, of 80 mel bands from 0 to `high_hz` over frames, channels.

    Power spectra as `lsd`'s, floor included; the bands are triangles with a peak of one.

    Args:
        rate: in Hz.
        high_hz: None is up to half the rate.
    """
    from librosa.filters import mel

    estimate, target = _pair(estimate, target)
    bands = mel(sr=rate, n_fft=2048, n_mels=80, fmax=high_hz or rate / 2)
    bands = bands / bands.max(axis=1, keepdims=True)
    distances = []
    for e, t in zip(_powers(estimate, 2048, 512), _powers(target, 2048, 512), strict=True):
        logs = [10 * np.log10(np.maximum(power @ bands.T, 1e-8)) for power in (e, t)]
        distances.append(np.abs(logs[0] - logs[1]).mean(axis=-1).ravel())
    return float(np.concatenate(distances).mean())


def stoi(estimate: np.ndarray, target: np.ndarray, rate: int) -> float:
    """Short-time objective intelligibility, at most 1, mean over channels; for speech.

    Not a number where a channel has less than 0.4 s of sound. Nothing above 5 kHz counts.

    Source: Taal et al. 2011, "An algorithm for intelligibility prediction of time-frequency
    weighted noisy speech", by pystoi.
    """
    estimate, target = _pair(estimate, target)
    return float(np.mean([_stoi(e, t, rate) for e, t in zip(estimate, target, strict=True)]))


def _pair(estimate: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if estimate.shape != target.shape or target.ndim not in (1, 2) or not target.size:
        raise ValueError(
            f"estimate and target: got shapes {estimate.shape} and {target.shape}, "
            "expected the same one, (T,) or (C, T), not empty"
        )
    return np.atleast_2d(estimate), np.atleast_2d(target)


def _blocks(estimate: np.ndarray, target: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for start in range(0, target.shape[-1], BLOCK):
        part = (..., slice(start, start + BLOCK))
        yield estimate[part].astype(np.float64), target[part].astype(np.float64)


def _energy(x: np.ndarray) -> float:
    return float(np.square(x).sum())


def _ratio_db(signal: float, noise: float) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(10 * np.log10(np.float64(signal) / noise)) if signal else float("nan")


def _si_sdr_db(estimate: np.ndarray, target: np.ndarray) -> float:
    parts = [(e @ t, _energy(t), _energy(e)) for e, t in _blocks(estimate, target)]
    cross, target_energy, energy = np.sum(parts, axis=0)
    if not target_energy:
        return float("nan")
    wanted = cross**2 / target_energy  # energy of the estimate's projection on the target
    return _ratio_db(wanted, max(energy - wanted, 0.0)) if wanted else float("-inf")


def _stoi(estimate: np.ndarray, target: np.ndarray, rate: int) -> float:
    from pystoi import stoi as measure

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            return float(measure(target, estimate, rate))
    except (RuntimeWarning, np.exceptions.AxisError):  # too few frames with sound
        return float("nan")


def _segment_snr_db(estimate: np.ndarray, target: np.ndarray, length: int) -> np.ndarray:
    """SNR in dB of every whole segment that has a target; a shorter sound is one segment."""
    estimate, target = _pair(estimate, target)
    length = min(length, target.shape[1])
    ratios = []
    for start in range(0, target.shape[1] - length + 1, length):
        part = (slice(None), slice(start, start + length))
        e, t = estimate[part].astype(np.float64), target[part].astype(np.float64)
        for wanted, wrong in zip(np.square(t).sum(1), np.square(e - t).sum(1), strict=True):
            ratios.append(_ratio_db(wanted, wrong))
    return np.array([ratio for ratio in ratios if not np.isnan(ratio)])


def _powers(
    x: np.ndarray, n_fft: int, hop: int, window_length: int | None = None
) -> Iterator[np.ndarray]:
    """Yields (C, frames, n_fft / 2 + 1) power spectra, some frames at a time, as torch.stft's."""
    from scipy import fft

    width = window_length or n_fft
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(width) / width)
    window = np.pad(window, ((n_fft - width) // 2, (n_fft - width + 1) // 2))
    n_frames = 1 + x.shape[1] // hop
    for first in range(0, n_frames, 256):
        count = min(256, n_frames - first)
        at = np.arange(first * hop - n_fft // 2, (first + count - 1) * hop + n_fft // 2)
        part = x[:, _reflected(at, x.shape[1])].astype(np.float64)
        frames = framing.frames(part, n_fft, hop)
        spectrum = fft.rfft(frames * window)
        yield spectrum.real**2 + spectrum.imag**2


def _reflected(at: np.ndarray, length: int) -> np.ndarray:
    """Indices mirrored at the first and the last sample until they lie in 0..length-1."""
    period = max(1, 2 * (length - 1))
    at = np.mod(at, period)
    return np.minimum(at, period - at) if length > 1 else np.zeros_like(at)
