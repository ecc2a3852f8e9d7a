"""What a restoration did to a recording, measured on the two sounds and not promised by a stage."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from pipeline.analysis.bandwidth import effective_bandwidth_hz
from pipeline.analysis.loudness import integrated_lufs, true_peak_dbtp
from pipeline.audio.sound import Audio, release, resample, spans
from pipeline.stage import Tick, no_tick

Row = tuple[str, str, bool | None, str]

N_FFT = 4096
FRAMES_AT_ONCE = 64
LOWEST_DB = -200.0  # stands for nothing at all
NULL_DB = -50.0  # the kept band's difference is at most this, relative to the kept band
LOUDER_LU = 1.0
DC_CHANGE = 1e-4


def guarantee(
    before: Audio,
    after: Audio,
    *,
    kept_below_hz: float | None,
    seconds_taken: float,
    tick: Tick = no_tick,
) -> dict[str, Any]:
    """Measures what changed; takes a few percent of the time of a restoration.

    Args:
        before, after: of the same number of channels; rates and lengths may differ.
        kept_below_hz: the original is promised to be untouched below; None where nothing is.
        seconds_taken: by the restoration, more than 0.

    Returns:
        JSON values: frames, seconds, rate, channels, lufs (None where there is none), peak_dbtp and
        dc (largest mean of a channel, full scale 1), each with `_before` and `_after`; same_length,
        lufs_change, finite, kept_below_hz, null_db (energy of the difference below it over the
        original's there), bandwidth_hz (of `before`), added_db (energy of the difference above it
        over all of `after`'s), seconds_taken, times_real_time. Levels end at -200 dB.
    """
    bandwidth_hz = effective_bandwidth_hz(before)
    expected = max(1, (2 * before.frames * after.rate + before.rate) // (2 * before.rate))
    reference = before if before.rate == after.rate else resample(before, after.rate)
    edge_hz = min(kept_below_hz or 0.0, before.rate / 2)
    done = 0.0

    def report(fraction: float) -> None:
        nonlocal done
        done = fraction
        tick(fraction)

    def look(fraction: float) -> None:
        tick(done)

    with ThreadPoolExecutor() as pool:  # NumPy, SciPy and soxr let go of the interpreter's lock
        energies = pool.submit(_energies, reference, after, edge_hz, bandwidth_hz, report)
        sounds = {"before": before, "after": after}
        facts = {when: pool.submit(_facts, sound, look) for when, sound in sounds.items()}
    kept, changed, added, total = map(float, energies.result())
    found: dict[str, Any] = {
        f"{name}_{when}": value
        for when, measured in facts.items()
        for name, value in measured.result().items()
    }
    lufs = found["lufs_before"], found["lufs_after"]
    return found | {
        "same_length": after.frames == expected,
        "lufs_change": None if None in lufs else lufs[1] - lufs[0],
        "finite": bool(np.isfinite(total)),
        "kept_below_hz": kept_below_hz,
        "null_db": _ratio_db(changed, kept) if kept_below_hz and kept else None,
        "bandwidth_hz": bandwidth_hz,
        "added_db": _ratio_db(added, total),
        "seconds_taken": seconds_taken,
        "times_real_time": before.seconds / seconds_taken if seconds_taken > 0 else None,
    }


def rows(found: dict[str, Any]) -> list[Row]:
    """The card in plain words: (label, value, whether it is as it should be, explanation).

    None says that there is nothing to judge.
    """
    return [
        _length(found),
        _rate(found),
        _channels(found),
        _loudness(found),
        _peak(found),
        _dc(found),
        ("Finite", "every sample" if found["finite"] else "no", found["finite"],
         "No sample is infinite or not a number."),
        _kept(found),
        _added(found),
        _time(found),
    ]  # fmt: skip


def _facts(audio: Audio, tick: Tick) -> dict[str, Any]:
    peak = true_peak_dbtp(audio, tick)
    return {
        "frames": audio.frames,
        "seconds": audio.seconds,
        "rate": audio.rate,
        "channels": audio.channels,
        "lufs": integrated_lufs(audio, tick),
        "peak_dbtp": max(peak, LOWEST_DB),
        "dc": _dc_offset(audio),
    }


def _dc_offset(audio: Audio) -> float:
    total = np.zeros(audio.channels)
    for start, stop in spans(audio.frames):
        total += audio.samples[:, start:stop].sum(axis=1, dtype=np.float64)
        release(audio.samples, start, stop)
    return float(np.abs(total).max() / audio.frames)


def _energies(
    before: Audio, after: Audio, kept_below_hz: float, bandwidth_hz: float, tick: Tick
) -> np.ndarray:
    """Energy of: `before` and the difference in the kept band, the difference beyond, `after`."""
    from scipy import fft

    hz = np.arange(N_FFT // 2 + 1) * after.rate / N_FFT
    kept, beyond = hz < kept_below_hz, hz > bandwidth_hz
    window = np.hanning(N_FFT + 1)[:-1].astype(np.float32)
    last = max(min(before.frames, after.frames) - N_FFT, 0)
    starts = np.unique(np.append(np.arange(0, last, N_FFT // 2), last))
    sums = np.zeros(4)
    for some in np.array_split(starts, -(-len(starts) // FRAMES_AT_ONCE)):
        old, new = (_frames(audio, some) for audio in (before, after))
        new -= old
        was, change = fft.rfft(old * window), fft.rfft(new * window)
        changed = _power(change)
        sums += _power(was)[kept].sum(), changed[kept].sum(), changed[beyond].sum(), 0
        sums[3] += _power(was + change).sum()
        tick(some[-1] / max(last, 1))
    return sums


def _frames(audio: Audio, starts: np.ndarray) -> np.ndarray:
    """(C, N, N_FFT): the frames that start there; a shorter sound is followed by zeros."""
    found = [audio.samples[:, at : at + N_FFT] for at in starts]
    frames = np.stack(found, axis=1)
    release(audio.samples, int(starts[0]), int(starts[-1]) + N_FFT)
    missing = N_FFT - frames.shape[-1]
    return np.pad(frames, ((0, 0), (0, 0), (0, missing))) if missing else frames


def _power(spectrum: np.ndarray) -> np.ndarray:
    """(C, N, F) -> (F,) energy."""
    return (spectrum.real**2 + spectrum.imag**2).sum(axis=(0, 1), dtype=np.float64)


def _ratio_db(part: float, whole: float) -> float:
    return float(max(10 * np.log10(part / whole), LOWEST_DB)) if part and whole else LOWEST_DB


def _length(found: dict[str, Any]) -> Row:
    same = found["same_length"]
    value = f"{found['seconds_after']:.3f} s" + (", the same" if same else "")
    if not same:
        value = f"{found['seconds_before']:.3f} to {value}"
    return "Length", value, same, "Nothing was cut, delayed or shifted: equal to the sample."


def _rate(found: dict[str, Any]) -> Row:
    before, after = found["rate_before"], found["rate_after"]
    if before == after:
        return (
            "Sample rate",
            f"{after} Hz, the same",
            True,
            "The result plays wherever the input did.",
        )
    why = "The new treble does not fit in the old rate." if after > before else "As it was set."
    return "Sample rate", f"{before} to {after} Hz", None, why


def _channels(found: dict[str, Any]) -> Row:
    before, after = found["channels_before"], found["channels_after"]
    value = f"{after}, the same" if before == after else f"{before} to {after}"
    return "Channels", value, before == after, "Each was restored by itself; none were mixed."


def _loudness(found: dict[str, Any]) -> Row:
    change = found["lufs_change"]
    if change is None:
        return "Loudness", "too short or too quiet to tell", None, "Needs 0.4 s of sound."
    value = f"{found['lufs_after']:.1f} LUFS ({change:+.2f} LU)"
    why = "What was added counts too; the original was not turned up or down."
    return "Loudness", value, True if abs(change) <= LOUDER_LU else None, why


def _peak(found: dict[str, Any]) -> Row:
    before, after = found["peak_dbtp_before"], found["peak_dbtp_after"]
    silent = after <= LOWEST_DB
    value = "silence" if silent else f"{before:.1f} to {after:.1f} dBTP"
    fine = after <= 0 or after <= before + 0.01
    return "True peak", value, fine, "Above 0 a player may clip; nothing was clipped here."


def _dc(found: dict[str, Any]) -> Row:
    before, after = found["dc_before"], found["dc_after"]
    fine = after <= before + DC_CHANGE
    value = f"{100 * before:.3f} to {100 * after:.3f} %"
    return "DC offset", value, fine, "The mean of the waveform, of full scale: none was added."


def _kept(found: dict[str, Any]) -> Row:
    limit, null = found["kept_below_hz"], found["null_db"]
    if not limit or null is None:
        why = "The whole band was given to the stages." if not limit else "There is no sound in it."
        return "Kept band", "none", None, why
    if null <= LOWEST_DB:
        value = f"below {limit / 1000:.1f} kHz identical"
    else:
        value = f"below {limit / 1000:.1f} kHz, difference {null:.0f} dB"
    return "Kept band", value, null <= NULL_DB, "The original subtracted from the result, there."


def _added(found: dict[str, Any]) -> Row:
    added, limit = found["added_db"], found["bandwidth_hz"] / 1000
    value = "nothing" if added <= -120 else f"{added:.1f} dB of the whole,"
    why = "Energy of what was added above the frequency where the input itself ends."
    return "Added treble", f"{value} above {limit:.1f} kHz", None, why


def _time(found: dict[str, Any]) -> Row:
    speed = found["times_real_time"]
    value = f"{found['seconds_taken']:.1f} s"
    value += f", {speed:.0f} times real time" if speed else ""
    return "Time taken", value, None, "Without reading and writing the file."
