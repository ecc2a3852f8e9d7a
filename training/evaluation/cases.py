"""Validation cases: the middle of held-out recordings, damaged in known ways."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import soxr

from pipeline.audio.sound import Audio
from pipeline.degradation.codecs import Codec
from pipeline.degradation.downsampling import HalfRate, LowRate
from pipeline.degradation.effects import Telephone
from pipeline.degradation.neural_codecs import NeuralCodec
from pipeline.degradation.random_chain import MUSIC_RATES, SPEECH_RATES
from training.data.clips import INSTRUMENTS, Clip
from training.tasks import Task

SECONDS = 3.0
HALF_RATE_PASSED = 0.8  # of the lower Nyquist frequency: where Kaiser's fast filter begins to fall
CODEC_KBPS = (1.5, 3.0, 6.0)
LOSSY = (("mp3", 24), ("mp3", 48), ("vorbis", 48), ("opus", 16))  # kbit/s of a channel


@dataclass(frozen=True)
class Case:
    """One held-out recording with one damage.

    Args:
        recording: name of the file, without its suffix.
        label: the damage, where a recording has several, such as "8 kHz"; else empty.
        degraded, clean: (T,) at the net's rate; for separators the clean side is (K, T).
        cutoff_hz: half the sample rate that it went through; 0 where nothing is known to be intact.
        bandwidth_hz: frequency up to which the clean side can be trusted.
        kind: the manifest's kind.
    """

    recording: str
    label: str
    degraded: np.ndarray
    clean: np.ndarray
    cutoff_hz: float
    bandwidth_hz: float
    kind: str = "speech"


def band_limit_cases(
    clips: list[Clip],
    sample_rate: int,
    per_group: int = 1,
    rates: tuple[int, ...] = SPEECH_RATES,
) -> list[Case]:
    """The first clips of each group, resampled to each of `rates` that cuts their band.

    Where some clips reach the top of the band, only those are used.
    """
    first = first_of_each_group(clips, per_group)
    full = [clip for clip in first if clip.bandwidth_hz > 0.4 * sample_rate]
    return [
        _resampled(clip, rate, sample_rate)
        for clip in full or first
        for rate in rates
        if rate / 2 < 0.8 * clip.bandwidth_hz
    ]


def music_cases(clips: list[Clip], sample_rate: int, per_group: int = 1) -> list[Case]:
    """`band_limit_cases` of the music among the clips, at the rates that music is cut to."""
    music = [clip for clip in clips if clip.kind in INSTRUMENTS]
    return band_limit_cases(music or clips, sample_rate, per_group, MUSIC_RATES)


def _resampled(clip: Clip, rate: int, sample_rate: int) -> Case:
    case = _undamaged(clip, sample_rate)
    low = soxr.resample(case.clean, sample_rate, rate)
    degraded = soxr.resample(low, rate, sample_rate)
    missing = max(0, len(case.clean) - len(degraded))
    degraded = np.pad(degraded, (0, missing))[: len(case.clean)]
    return replace(case, label=f"{rate / 1000:g} kHz", degraded=degraded, cutoff_hz=rate / 2)


def telephone_cases(clips: list[Clip], sample_rate: int, per_group: int = 1) -> list[Case]:
    """The first clips of each group through a telephone line.

    Nothing of the line's own band counts as intact: it has noise, and no bass.
    """
    return [
        _through(Telephone(), case, "", sample_rate)
        for case in undamaged_cases(clips, sample_rate, per_group)
    ]


def codec_cases(clips: list[Clip], sample_rate: int, per_group: int = 1) -> list[Case]:
    """The first clips of each group through our neural codec at each of `CODEC_KBPS`."""
    return [
        _through(NeuralCodec(kbps=kbps), case, codec_label(kbps), sample_rate)
        for case in undamaged_cases(clips, sample_rate, per_group)
        for kbps in CODEC_KBPS
    ]


def lossy_music_cases(clips: list[Clip], sample_rate: int, per_group: int = 1) -> list[Case]:
    """The first music of each group through each codec of `LOSSY`."""
    music = [clip for clip in clips if clip.kind in INSTRUMENTS]
    return [
        _through(Codec(name, kbps), case, f"{name} {codec_label(kbps)}", sample_rate)
        for case in undamaged_cases(music or clips, sample_rate, per_group)
        for name, kbps in LOSSY
    ]


def codec_label(kbps: float) -> str:
    """The label of a case at a bit rate."""
    return f"{kbps:g} kbit/s"


def half_rate_cases(clips: list[Clip], sample_rate: int, per_group: int = 1) -> list[Case]:
    """The first clips of each group at half the rate and back, where that cuts their band.

    What lies below the filter's transition counts as intact.
    """
    kept_hz = HALF_RATE_PASSED * sample_rate / 4
    return [
        replace(_through(HalfRate(), case, "", sample_rate), cutoff_hz=kept_hz)
        for case in undamaged_cases(clips, sample_rate, per_group)
        if case.bandwidth_hz > 1.2 * sample_rate / 4
    ]


def low_rate_cases(clips: list[Clip], sample_rate: int, per_group: int = 1) -> list[Case]:
    """The first clips of each group at 16 kHz and back, with and without a low-pass filter."""
    return [
        _through(LowRate(low_pass), case, label, sample_rate)
        for case in undamaged_cases(clips, sample_rate, per_group)
        for low_pass, label in (("none", "16 kHz"), ("zero phase", "4.8 kHz"))
    ]


def causal_cases(clips: list[Clip], sample_rate: int, per_group: int = 1) -> list[Case]:
    """The same with a causal low-pass, and each side divided by its own peak."""
    cases = [
        _through(LowRate("causal"), case, "", sample_rate)
        for case in undamaged_cases(clips, sample_rate, per_group)
    ]
    return [
        replace(case, degraded=peak_normalised(case.degraded), clean=peak_normalised(case.clean))
        for case in cases
    ]


def peak_normalised(x: np.ndarray) -> np.ndarray:
    """Scaled so that its peak is 1; silence stays silent."""
    return x / max(float(np.abs(x).max()), 1e-4)


def _through(damage: Callable[[Audio], Audio], case: Case, label: str, sample_rate: int) -> Case:
    degraded = damage(Audio(case.clean[None], sample_rate)).samples[0]
    return replace(case, label=label, degraded=degraded)


def undamaged_cases(clips: list[Clip], sample_rate: int, per_group: int = 1) -> list[Case]:
    """The first clips of each group as they are; a net should return its input."""
    return [_undamaged(clip, sample_rate) for clip in first_of_each_group(clips, per_group)]


def _undamaged(clip: Clip, sample_rate: int) -> Case:
    clean = middle(clip.samples, round(SECONDS * sample_rate))
    return Case(clip.path.stem, "", clean, clean, 0.0, clip.bandwidth_hz, clip.kind)


def pair_cases(clips: list[Clip], sample_rate: int, per_group: int = 1) -> list[Case]:
    """The first pairs of each group as they are."""
    length = round(SECONDS * sample_rate)
    return [
        replace(_undamaged(clip, sample_rate), degraded=middle(clip.degraded, length))
        for clip in first_of_each_group(clips, per_group)
        if clip.degraded is not None
    ]


def cases_for(clips: list[Clip], task: Task, sample_rate: int) -> list[Case]:
    """The pairs among the clips where there are any, else the clips damaged by the task."""
    return pair_cases(clips, sample_rate) or task.cases(clips, sample_rate)


def first_of_each_group(clips: list[Clip], per_group: int) -> list[Clip]:
    """The first clips of each group, in the order given."""
    counts: Counter[str] = Counter()
    first = []
    for clip in clips:
        counts[clip.group] += 1
        first += [clip] if counts[clip.group] <= per_group else []
    return first


def middle(samples: np.ndarray, length: int) -> np.ndarray:
    """The middle `length` samples of (T,)."""
    start = max(0, (len(samples) - length) // 2)
    return samples[start : start + length]
