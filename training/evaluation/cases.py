"""Held-out recordings through band limits of known cut-off: log-spectral distance, in and out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import soxr

from pipeline.audio.sound import Audio
from pipeline.degradation.effects import Telephone
from pipeline.degradation.neural_codecs import NeuralCodec
from pipeline.degradation.random_chain import MUSIC_RATES, SPEECH_RATES
from pipeline.evaluation.metrics import lsd, mel_distance_db
from training.data.clips import INSTRUMENTS, Clip

SECONDS = 3.0
CODED_KBPS = (1.5, 3.0, 6.0)
CODED_HZ = 12_000  # half the codec's rate


@dataclass(frozen=True)
class Case:
    """One recording at one band limit.

    Args:
        name: file and limit.
        degraded, clean: (T,) at the net's rate.
        cutoff_hz: half the rate that it went through.
        bandwidth_hz: up to which the clean side can be trusted.
        kind: the manifest's kind.
    """

    name: str
    degraded: np.ndarray
    clean: np.ndarray
    cutoff_hz: float
    bandwidth_hz: float
    kind: str = "speech"


def cases(
    clips: list[Clip],
    sample_rate: int,
    per_group: int = 1,
    rates: tuple[int, ...] = SPEECH_RATES,
) -> list[Case]:
    """The middle seconds of the first clips of each group, at each of `rates` below their band.

    Where some reach the top of the band, only those are taken.
    """
    first = first_of_each(clips, per_group)
    full = [clip for clip in first if clip.bandwidth_hz > 0.4 * sample_rate]
    return [
        _case(clip, rate, sample_rate)
        for clip in full or first
        for rate in rates
        if rate / 2 < 0.8 * clip.bandwidth_hz
    ]


def music_cases(clips: list[Clip], sample_rate: int, per_group: int = 1) -> list[Case]:
    """`cases` of the music among the clips, at the rates that music is cut to."""
    music = [clip for clip in clips if clip.kind in INSTRUMENTS]
    return cases(music or clips, sample_rate, per_group, MUSIC_RATES)


def _case(clip: Clip, rate: int, sample_rate: int) -> Case:
    clean = middle(clip.samples, round(SECONDS * sample_rate))
    degraded = soxr.resample(soxr.resample(clean, sample_rate, rate), rate, sample_rate)
    degraded = np.pad(degraded, (0, max(0, len(clean) - len(degraded))))[: len(clean)]
    return Case(f"{clip.path.stem}@{rate}", degraded, clean, rate / 2, clip.bandwidth_hz)


def telephone_cases(clips: list[Clip], sample_rate: int, per_group: int = 1) -> list[Case]:
    """The middle seconds of the first clips of each group through a telephone line.

    Nothing of the line's own band is kept when they are judged: it has noise, and no bass.
    """
    return [
        _through(Telephone(), case, "telephone", sample_rate)
        for case in plain_cases(clips, sample_rate, per_group)
    ]


def coded_cases(clips: list[Clip], sample_rate: int, per_group: int = 1) -> list[Case]:
    """The middle seconds of the first clips of each group through our neural codec, at each of
    `CODED_KBPS`."""
    return [
        _through(NeuralCodec(kbps=kbps), case, f"{kbps:g}kbps", sample_rate)
        for case in plain_cases(clips, sample_rate, per_group)
        for kbps in CODED_KBPS
    ]


def _through(damage: Callable[[Audio], Audio], case: Case, label: str, sample_rate: int) -> Case:
    heard = damage(Audio(case.clean[None], sample_rate)).samples[0]
    return replace(case, name=f"{case.name.rpartition('@')[0]}@{label}", degraded=heard)


def plain_cases(clips: list[Clip], sample_rate: int, per_group: int = 1) -> list[Case]:
    """The middle seconds of the first clips of each group, which should come out as they are."""
    made = []
    for clip in first_of_each(clips, per_group):
        clean = middle(clip.samples, round(SECONDS * sample_rate))
        name = f"{clip.path.stem}@itself"
        made.append(Case(name, clean, clean, 0.0, clip.bandwidth_hz, clip.kind))
    return made


def pair_cases(clips: list[Clip], sample_rate: int, per_group: int = 1) -> list[Case]:
    """The middle seconds of the first pairs of each group, as they are."""
    made = []
    for clip in first_of_each(clips, per_group):
        if clip.degraded is not None:
            length = round(SECONDS * sample_rate)
            sides = middle(clip.degraded, length), middle(clip.samples, length)
            made.append(Case(f"{clip.path.stem}@pair", *sides, 0.0, clip.bandwidth_hz, clip.kind))
    return made


def first_of_each(clips: list[Clip], per_group: int) -> list[Clip]:
    """The first clips of each group."""
    taken: dict[str, int] = {}
    found = []
    for clip in clips:
        taken[clip.group] = taken.get(clip.group, 0) + 1
        found += [clip] if taken[clip.group] <= per_group else []
    return found


def middle(samples: np.ndarray, length: int) -> np.ndarray:
    """(T,) without what is before and after its middle."""
    start = max(0, (len(samples) - length) // 2)
    return samples[start : start + length]


def keep_low_band(estimate: np.ndarray, degraded: np.ndarray, share: float) -> np.ndarray:
    """`estimate` with the lowest share of its spectrum replaced by that of `degraded`."""
    ours, given = np.fft.rfft(estimate), np.fft.rfft(degraded)
    kept = int(share * len(ours))
    ours[:kept] = given[:kept]
    return np.fft.irfft(ours, len(estimate)).astype(np.float32)


def measure(estimate: np.ndarray, case: Case, sample_rate: int) -> dict[str, float]:
    """Figures of one restored case, (T,).

    Returns:
        "lsd" (low band kept), "lsd_16k" (up to 16 kHz), "lsd_raw" (low band not kept),
        "lsd_input", "energy_db" (level of the made-up band over the true one), "lsd@RATE", and
        "score", what is judged: "lsd".
    """
    kept = keep_low_band(estimate, case.degraded, 0.98 * case.cutoff_hz / (sample_rate / 2))
    top = case.bandwidth_hz
    distance = lsd(kept, case.clean, sample_rate, 0, top)
    return {
        "lsd": distance,
        "lsd_16k": lsd(kept, case.clean, sample_rate, 0, min(16_000, top)),
        "lsd_raw": lsd(estimate, case.clean, sample_rate, 0, top),
        "lsd_input": lsd(case.degraded, case.clean, sample_rate, 0, top),
        "energy_db": _level_db(kept, case, sample_rate) - _level_db(case.clean, case, sample_rate),
        f"lsd@{case.name.rpartition('@')[2]}": distance,
        "score": distance,
    }


def _level_db(x: np.ndarray, case: Case, sample_rate: int) -> float:
    """Level between 1.05 times the cut-off and 16 kHz."""
    power = np.abs(np.fft.rfft(x)) ** 2
    frequency = np.linspace(0, sample_rate / 2, len(power))
    band = (frequency > 1.05 * case.cutoff_hz) & (frequency < 16_000)
    return float(10 * np.log10(power[band].sum() + 1e-12))


def measure_coded(estimate: np.ndarray, case: Case, sample_rate: int) -> dict[str, float]:
    """Figures of one case from a neural codec, (T,), nothing kept of what the codec made.

    Returns:
        "lsd", "lsd_12k" and "mel_12k" (in dB), the last two up to the codec's own band, before
        ("_input") and after, with and without "@KBPS"; and "score", what is judged: "lsd".
    """
    row = {}
    for end, sound in (("_input", case.degraded), ("", estimate)):
        top = min(CODED_HZ, case.bandwidth_hz)
        row[f"lsd{end}"] = lsd(sound, case.clean, sample_rate, 0, case.bandwidth_hz)
        row[f"lsd_12k{end}"] = lsd(sound, case.clean, sample_rate, 0, top)
        row[f"mel_12k{end}"] = mel_distance_db(sound, case.clean, sample_rate, top)
    at = case.name.rpartition("@")[2]
    row |= {f"{name}@{at}": value for name, value in row.items()}
    return {**row, "score": row["lsd"]}
