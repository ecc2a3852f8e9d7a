"""How well a checkpoint restores clean recordings that are damaged on purpose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from pipeline.audio.decode import load
from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from pipeline.degradation.codecs import Codec
from pipeline.degradation.effects import BandLimit
from pipeline.evaluation.metrics import lsd
from pipeline.stage import Stage, Tick, no_tick, part
from pipeline.stages.enhance import Enhance

RATE = 48_000
UP_TO_HZ = 16_000
DAMAGES: dict[str, tuple[Stage, float]] = {  # name: (damage, cut-off in Hz)
    "8 kHz": (BandLimit(4000, "resample"), 4000),
    "12 kHz": (BandLimit(6000, "resample"), 6000),
    "16 kHz": (BandLimit(8000, "resample"), 8000),
    "24 kHz": (BandLimit(12_000, "resample"), 12_000),
    "MP3 32 kbit/s": (Codec("mp3", 32), 10_000),
    "Opus 12 kbit/s": (Codec("opus", 12), 8000),
}
BAND_LIMITS = 4  # the first four, whose mean is the figure that papers quote


@dataclass(frozen=True)
class Row:
    """Means over the recordings, for one damage.

    Attributes:
        damage: key of `DAMAGES`.
        before, after: log-spectral distance to the clean recording, 0 to 24 kHz.
        before_16k, after_16k: the same up to 16 kHz.
        energy_db: level of the restored band, cut-off to 16 kHz, over the clean one's.
        modulation: how much that level moves from frame to frame, as a share of how much the clean
            one does; less than one sounds dull.
    """

    damage: str
    before: float
    after: float
    before_16k: float
    after_16k: float
    energy_db: float
    modulation: float


def report(paths: Iterable[Path], stage: Enhance, tick: Tick = no_tick) -> list[Row]:
    """One row a damage, and a last one with the mean of the band limits.

    Args:
        paths: clean recordings of full bandwidth; first channels at 48 kHz are compared.
        stage: what restores them.
        tick: progress over the recordings.
    """
    paths = list(paths)
    figures: dict[str, list[list[float]]] = {name: [] for name in DAMAGES}
    for index, path in enumerate(paths):
        sound = resample(load(path), RATE)
        clean = Audio(sound.samples[:1], RATE)
        for name, (damage, cutoff_hz) in DAMAGES.items():
            degraded = damage(clean)
            figures[name].append(_figures(degraded, stage(degraded), clean, cutoff_hz))
        part(tick, index, len(paths))(1.0)
    rows = [Row(name, *np.mean(values, 0).round(3).tolist()) for name, values in figures.items()]
    limits = np.mean([values for name, values in list(figures.items())[:BAND_LIMITS]], (0, 1))
    return [*rows, Row("mean of the band limits", *limits.round(3).tolist())]


def as_markdown(rows: Iterable[Row]) -> str:
    """The table as the README shows it."""
    lines = [
        "| damage | LSD before | after | up to 16 kHz | after | energy dB | modulation |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = (f"{value:.2f}" for value in astuple(row)[1:])
        lines.append(f"| {row.damage} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _figures(before: Audio, after: Audio, clean: Audio, cutoff_hz: float) -> list[float]:
    """The fields of a `Row` after its name."""
    levels = [_band_levels_db(sound.samples[0], 1.05 * cutoff_hz) for sound in (after, clean)]
    energy = [10 * np.log10(np.mean(10 ** (level / 10))) for level in levels]
    return [
        lsd(before.samples, clean.samples, RATE),
        lsd(after.samples, clean.samples, RATE),
        lsd(before.samples, clean.samples, RATE, 0, UP_TO_HZ),
        lsd(after.samples, clean.samples, RATE, 0, UP_TO_HZ),
        float(energy[0] - energy[1]),
        float(levels[0].std() / max(levels[1].std(), 1e-6)),
    ]


def _band_levels_db(samples: np.ndarray, low_hz: float) -> np.ndarray:
    """(T,) -> (N,) level of each 20 ms from `low_hz` to 16 kHz."""
    length = RATE // 50
    frames = samples[: len(samples) // length * length].reshape(-1, length)
    power = np.abs(np.fft.rfft(frames * np.hanning(length).astype(np.float32))) ** 2
    frequency = np.fft.rfftfreq(length, 1 / RATE)
    return 10 * np.log10(power[:, (frequency > low_hz) & (frequency < UP_TO_HZ)].sum(1) + 1e-10)
