"""What a restoration did to a recording, measured on the two sounds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pipeline.analysis.bandwidth import effective_bandwidth_hz
from pipeline.analysis.channel_statistics import channel_statistics
from pipeline.analysis.loudness import integrated_lufs, true_peak_dbtp
from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from pipeline.dsp import framing
from pipeline.stage import Tick, no_tick

N_FFT = 4096
FRAMES_AT_ONCE = 64
LOWEST_DB = -200.0  # stands for no energy at all


@dataclass(frozen=True)
class Facts:
    """Measurements of one sound.

    Attributes:
        frames, seconds, rate, channels: its size; `rate` in Hz.
        lufs: integrated loudness, None where there is none.
        peak_dbtp: true peak, at least LOWEST_DB.
        dc: largest mean of a channel; full scale is 1.
    """

    frames: int
    seconds: float
    rate: int
    channels: int
    lufs: float | None
    peak_dbtp: float
    dc: float


@dataclass(frozen=True)
class Guarantee:
    """A recording before and after its restoration. Levels in dB end at LOWEST_DB.

    Attributes:
        before, after: measurements of each.
        finite: no sample of the result is infinite or not a number.
        kept_below_hz: the original must be unchanged below; None where nothing is kept.
        null_db: energy of the difference below `kept_below_hz` over the original's there; None
            where nothing is kept or nothing sounds there.
        bandwidth_hz: effective bandwidth of the original.
        added_db: energy of the difference above `bandwidth_hz` over that of the whole result.
        seconds_taken: by the restoration.
    """

    before: Facts
    after: Facts
    finite: bool
    kept_below_hz: float | None
    null_db: float | None
    bandwidth_hz: float
    added_db: float
    seconds_taken: float

    @property
    def same_length(self) -> bool:
        """Whether the result is as long as the original, to the sample."""
        return self.after.frames == _resampled_frames(self.before, self.after.rate)

    @property
    def lufs_change(self) -> float | None:
        """Loudness gained, in LU; None where either sound has no loudness."""
        if self.before.lufs is None or self.after.lufs is None:
            return None
        return self.after.lufs - self.before.lufs

    @property
    def times_real_time(self) -> float | None:
        """Seconds of sound restored in a second."""
        return self.before.seconds / self.seconds_taken if self.seconds_taken > 0 else None

    def to_json(self) -> dict[str, Any]:
        """The values as the command line prints them: flat, `NAME_before` and `NAME_after`."""
        facts = {
            f"{name}_{when}": value
            for when, sound in (("before", self.before), ("after", self.after))
            for name, value in asdict(sound).items()
        }
        return facts | {
            "same_length": self.same_length,
            "lufs_change": self.lufs_change,
            "finite": self.finite,
            "kept_below_hz": self.kept_below_hz,
            "null_db": self.null_db,
            "bandwidth_hz": self.bandwidth_hz,
            "added_db": self.added_db,
            "seconds_taken": self.seconds_taken,
            "times_real_time": self.times_real_time,
        }


def measure(
    before: Audio,
    after: Audio,
    *,
    kept_below_hz: float | None,
    seconds_taken: float,
    tick: Tick = no_tick,
) -> Guarantee:
    """Measures what changed; takes a few percent of the time of a restoration.

    Args:
        before, after: of the same number of channels; rates and lengths may differ.
        kept_below_hz: the original must be unchanged below; None where nothing is kept.
        seconds_taken: by the restoration.
    """
    bandwidth_hz = effective_bandwidth_hz(before)
    reference = before if before.rate == after.rate else resample(before, after.rate)
    edge_hz = min(kept_below_hz or 0.0, before.rate / 2)
    done = 0.0

    def report(fraction: float, what: str = "") -> None:
        nonlocal done
        done = fraction
        tick(fraction)

    def check_stop(fraction: float, what: str = "") -> None:
        tick(done)

    with ThreadPoolExecutor() as pool:  # NumPy, SciPy and soxr release the interpreter's lock
        energies = pool.submit(_energies, reference, after, edge_hz, bandwidth_hz, report)
        facts = [pool.submit(_facts, sound, check_stop) for sound in (before, after)]
    kept, changed, added, total = map(float, energies.result())
    return Guarantee(
        before=facts[0].result(),
        after=facts[1].result(),
        finite=bool(np.isfinite(total)),
        kept_below_hz=kept_below_hz,
        null_db=_ratio_db(changed, kept) if kept_below_hz and kept else None,
        bandwidth_hz=bandwidth_hz,
        added_db=_ratio_db(added, total),
        seconds_taken=seconds_taken,
    )


def _resampled_frames(facts: Facts, rate: int) -> int:
    """The length at another rate, rounded half up as `resample` does."""
    return max(1, (2 * facts.frames * rate + facts.rate) // (2 * facts.rate))


def _facts(audio: Audio, tick: Tick) -> Facts:
    peak = true_peak_dbtp(audio, tick)
    return Facts(
        frames=audio.frames,
        seconds=audio.seconds,
        rate=audio.rate,
        channels=audio.channels,
        lufs=integrated_lufs(audio, tick),
        peak_dbtp=max(peak, LOWEST_DB),
        dc=float(np.abs(channel_statistics(audio).mean).max()),
    )


def _energies(
    before: Audio, after: Audio, kept_below_hz: float, bandwidth_hz: float, tick: Tick
) -> np.ndarray:
    """(4,) energies: of `before` and of the difference in the kept band, of the difference above
    `bandwidth_hz`, and of all of `after`."""
    from scipy import fft

    hz = np.arange(N_FFT // 2 + 1) * after.rate / N_FFT
    kept, above = hz < kept_below_hz, hz > bandwidth_hz
    window = np.hanning(N_FFT + 1)[:-1].astype(np.float32)
    last = max(min(before.frames, after.frames) - N_FFT, 0)
    starts = np.unique(np.append(np.arange(0, last, N_FFT // 2), last))
    sums = np.zeros(4)
    for some in np.array_split(starts, -(-len(starts) // FRAMES_AT_ONCE)):
        old, new = (_frames(audio, some) for audio in (before, after))
        new -= old
        was, change = fft.rfft(old * window), fft.rfft(new * window)
        changed = _power(change)
        sums += _power(was)[kept].sum(), changed[kept].sum(), changed[above].sum(), 0
        sums[3] += _power(was + change).sum()
        tick(some[-1] / max(last, 1))
    return sums


def _frames(audio: Audio, starts: np.ndarray) -> np.ndarray:
    """(C, N, N_FFT): the frames that start there; a shorter sound is followed by zeros."""
    frames = framing.frames_at(audio.samples, starts, N_FFT)
    missing = N_FFT - frames.shape[-1]
    return np.pad(frames, ((0, 0), (0, 0), (0, missing))) if missing else frames


def _power(spectrum: np.ndarray) -> np.ndarray:
    """(C, N, F) -> (F,) energy."""
    return (spectrum.real**2 + spectrum.imag**2).sum(axis=(0, 1), dtype=np.float64)


def _ratio_db(part: float, whole: float) -> float:
    return float(max(10 * np.log10(part / whole), LOWEST_DB)) if part and whole else LOWEST_DB
