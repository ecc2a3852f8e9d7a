"""Traces of a neural codec or a music generator.

Upsampling by transposed convolution repeats the spectrum of the layer before it, so that a constant
there (a bias) becomes lines at multiples of that layer's rate, whatever the signal.
Source: Afchar, Meseguer-Brocal, Akesbi and Hennequin, "A Fourier explanation of AI-music
artifacts", ISMIR 2025 (arXiv:2506.19108).
"""

from __future__ import annotations

import numpy as np

from pipeline.diagnosis.finding import Finding, hertz, ramp
from pipeline.diagnosis.recording import Recording
from pipeline.dsp import framing

SPACINGS_HZ = {  # rates of the inner layers: the codec they belong to
    2000.0: "EnCodec at 32 kHz, MusicGen's",
    400.0: "EnCodec at 32 kHz, MusicGen's",
    3000.0: "EnCodec at 24 kHz",
    600.0: "EnCodec at 24 kHz",
    1200.0: "EnCodec at 48 kHz",
    44_100 / 64: "the Descript codec at 44.1 kHz",
}
CODEC_RATES_HZ = (24_000, 32_000)
RESOLUTION_HZ = 6.0
LOWEST_HZ = 4000.0
AROUND = 40  # bins on either side that make a line's background
MOST_DB = 8.0  # of a bin over its background that counts: one loud note is no comb
FEWEST = 5  # lines that a comb must have
STANDING = 6.0  # standard deviations of the same comb shifted sideways
OVER_DB = 1.5  # mean of the lines over that


def neural_codec(recording: Recording) -> Finding:
    """Spacing in Hz of the comb of lines that a neural codec leaves, or None."""
    name, rate = "neural_codec", recording.audio.rate
    if recording.silent:
        return Finding(name, None, "Hz", 0.0, "Silence has no traces of a codec.")
    best = comb(recording.mono, rate, 0.97 * (recording.edge_hz or rate / 2))
    if best is not None:
        spacing, standing = best
        text = (
            f"Faint spectral lines every {hertz(spacing)} at all times, as transposed convolutions "
            f"leave them ({SPACINGS_HZ[spacing]}): it may be generated, or decoded by a neural "
            "codec."
        )
        confidence = 0.3 + 0.3 * ramp(standing, STANDING, 3 * STANDING)
        return Finding(name, spacing, "Hz", confidence, text, True)
    if rate in CODEC_RATES_HZ:
        text = (
            f"Its sample rate of {rate} Hz is usual for neural codecs and MusicGen; nothing else "
            "points to one."
        )
        return Finding(name, None, "Hz", 0.3, text)
    text = "No trace of a neural codec or a music generator; many leave none that can be measured."
    return Finding(name, None, "Hz", 0.4, text)


def comb(x: np.ndarray, rate: int, top_hz: float) -> tuple[float, float] | None:
    """Spacing in Hz of the comb that stands out the most, and by how many standard deviations."""
    residual, bin_hz = _residual(x, rate)
    combs = []
    for spacing in SPACINGS_HZ:
        lines = np.arange(np.ceil(LOWEST_HZ / spacing), top_hz / spacing) * spacing
        if len(lines) < FEWEST:
            continue
        shifts = np.arange(4, int(spacing / bin_hz) - 3) * bin_hz
        at = np.round((lines + np.append(0, shifts)[:, None]) / bin_hz).astype(int)
        means = residual[np.minimum(at, len(residual) - 1)].mean(axis=1)
        over = float(means[0] - means[1:].mean())
        standing = over / max(float(means[1:].std()), 0.05)
        if over > OVER_DB and standing > STANDING:
            combs.append((standing, spacing))
    return max(combs)[::-1] if combs else None


def _residual(x: np.ndarray, rate: int) -> tuple[np.ndarray, float]:
    """Mean log spectrum over its running median, in dB, the largest of three bins; a bin in Hz."""
    from scipy import fft, ndimage, signal

    n_fft = 1 << round(np.log2(rate / RESOLUTION_HZ))
    if len(x) < 4 * n_fft:
        return np.zeros(n_fft // 2), rate / n_fft
    window = signal.windows.blackmanharris(n_fft, sym=False).astype(np.float32)
    views = framing.frames(x, n_fft, n_fft // 2)
    total = np.zeros(n_fft // 2 + 1)
    for some in np.array_split(views, -(-len(views) // 32)):
        spectrum = fft.rfft(some * window)
        total += np.log10(spectrum.real**2 + spectrum.imag**2 + 1e-12).sum(axis=0)
    level = 10 * total / len(views)
    over = np.clip(level - ndimage.median_filter(level, 2 * AROUND + 1), -MOST_DB, MOST_DB)
    return ndimage.maximum_filter1d(over, 3), rate / n_fft
