"""Pictures in a sentence each, for those who cannot see them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from pipeline.plots.pooling import Spectrum, band_power

EDGES_HZ = (0.0, 1000.0, 4000.0, 8000.0, 16_000.0, 24_000.0)
LOWEST_DB = -120.0


def levels(spectrum: Spectrum, top_hz: float) -> str:
    """The mean level of five bands: "below 1 kHz -31 dB, 1 to 4 kHz -45 dB, ..."."""
    names = _bands(top_hz)
    return ", ".join(
        f"{name} {_decibels(level)}"
        for name, level in zip(names, _band_db(spectrum, len(names)), strict=True)
    )


def change(before: Spectrum, after: Spectrum, top_hz: float) -> str:
    """How the mean level of each band changes: "below 1 kHz +0 dB, ..."."""
    names = _bands(top_hz)
    pairs = zip(_band_db(before, len(names)), _band_db(after, len(names)), strict=True)
    changes = [max(new, LOWEST_DB) - max(old, LOWEST_DB) for old, new in pairs]
    return ", ".join(f"{name} {gain:+.0f} dB" for name, gain in zip(names, changes, strict=True))


def peaks(names: Sequence[str], envelopes: Sequence[np.ndarray]) -> str:
    """The peak of each sound: "Degraded 40 %, Restored 42 %" of full scale."""
    shares = [f"{100 * float(np.abs(envelope).max()):.0f} %" for envelope in envelopes]
    return ", ".join(f"{name} {share}" for name, share in zip(names, shares, strict=True))


def _bands(top_hz: float) -> list[str]:
    """The names of the bands that begin below `top_hz`."""
    pairs = itertools.pairwise(EDGES_HZ[1:])
    names = ["below 1 kHz", *(f"{low / 1000:g} to {high / 1000:g} kHz" for low, high in pairs)]
    return names[: sum(hz < top_hz for hz in EDGES_HZ[:-1])]


def _band_db(spectrum: Spectrum, count: int) -> list[float]:
    power = band_power(spectrum.average(), np.array(EDGES_HZ[: count + 1]))[:, 0]
    return [float(value) for value in 10 * np.log10(np.maximum(power, 1e-20))]


def _decibels(level_db: float) -> str:
    return f"{level_db:.0f} dB" if level_db > LOWEST_DB else "silent"
