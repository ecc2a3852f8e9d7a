"""How much of its input's damage an output still has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.dsp.stft import OVERLAP, Stft

N_FFT = 2048
RANGE = 1e-6  # below the loudest bin of the clean sound, in power, nothing counts: 60 dB


@dataclass(frozen=True)
class Artefacts:
    """What of the difference between a degraded and a clean sound an output has.

    Attributes:
        kept: 1 where the output's levels are the degraded sound's, 0 where they owe it nothing;
            between them for levels in dB between them.
        correlation: of the errors of output and degraded sound, as waveforms; 1 where both are
            equal. Any two errors share the clean sound, so that silence correlates too.
    """

    kept: float
    correlation: float


def artefacts(
    estimate: np.ndarray, degraded: np.ndarray, clean: np.ndarray, rate: int, high_hz: float
) -> Artefacts:
    """The artefacts of (T,) below a frequency.

    `kept` is b in the least-squares fit of the output's level in dB, over all bins and frames, by
    a * clean + b * (degraded - clean) + c.

    Raises:
        ValueError: lengths differ, or no bin lies below the frequency.
    """
    if not (estimate.shape == degraded.shape == clean.shape and clean.ndim == 1):
        raise ValueError(
            f"artefacts: got shapes {estimate.shape}, {degraded.shape} and {clean.shape}, "
            "expected the same one, (T,)"
        )
    spectra = [_spectrum(x, rate, high_hz) for x in (estimate, degraded, clean)]
    if not spectra[0].size:
        raise ValueError(f"high_hz: got {high_hz}, expected more than {rate / N_FFT:.0f}")
    errors = [(x - spectra[2]).ravel() for x in spectra[:2]]
    scale = np.linalg.norm(errors[0]) * np.linalg.norm(errors[1])
    correlation = np.vdot(errors[0], errors[1]).real / scale if scale else 0.0
    return Artefacts(_kept(*(_levels(x, spectra[2]) for x in spectra)), float(correlation))


def _kept(estimate: np.ndarray, degraded: np.ndarray, clean: np.ndarray) -> float:
    columns = np.stack((clean, degraded - clean, np.ones_like(clean)), 1)
    return float(np.linalg.lstsq(columns, estimate, rcond=None)[0][1])


def _levels(spectrum: np.ndarray, clean: np.ndarray) -> np.ndarray:
    """Level of each bin; those that are faint beside the clean sound's loudest are alike."""
    floor = RANGE * np.square(np.abs(clean)).max() + 1e-20
    return 10 * np.log10(np.square(np.abs(spectrum)) + floor).ravel()


def _spectrum(x: np.ndarray, rate: int, high_hz: float) -> np.ndarray:
    """(N, F) of the frames that lie within the sound."""
    stft = Stft(N_FFT)
    last = max(OVERLAP, stft.n_frames(len(x)) - OVERLAP + 1)
    frequency = np.arange(stft.bins) * rate / N_FFT
    spectra = stft.spectra(x[None], OVERLAP - 1, last)[0]
    return spectra[:, (frequency > 0) & (frequency < high_hz)].astype(np.complex128)
