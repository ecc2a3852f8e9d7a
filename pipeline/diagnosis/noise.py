"""Noise: the level of steady noise, its distance from the sound, and any noise behind a voice.

A band holds steady noise when it spends much of its time at its own floor, and what it does there
is scattered as Gaussian noise is: the mean of the log power is 2.5 dB below the log of the mean
power. Held notes are scattered more (between partials) or less (on one).
"""

from __future__ import annotations

import numpy as np

from pipeline.diagnosis.content import CLEAR, content
from pipeline.diagnosis.finding import Finding, ramp
from pipeline.diagnosis.recording import Recording
from pipeline.diagnosis.voice_noise import removed_noise

SMOOTH = 9  # frames: about 0.1 s
FLOOR_PERCENTILE, UNDER_DB, OVER_DB = 10, 2.0, 3.0  # a band's floor, and what lies at it
SHARE = 0.3  # of the time at the floor that makes a band steady
SCATTER_DB = 4.0  # most that the mean of logs may lie below the log of the mean there
ALIVE_DB, NOTHING_DB = -100.0, -125.0  # frames and band floors below are digital silence
LOWEST_HZ = 200.0  # hum and rumble lie below
FILLS = 0.55  # share of the bands that broadband noise fills
AUDIBLE_DB, LOUD_DB = 30.0, 22.0  # signal-to-noise ratios: audible in pauses, audible throughout
ALL_DB = 0.0  # below this ratio the recording is noise, such as rain, and is left alone
INAUDIBLE_DBFS = -100.0
BEHIND_DB, NEAR_DB, FAINT_DB = 25.0, 17.0, 32.0  # voice over noise: trouble, surely, surely none
PRESENT_DB = -18.0  # noise is there half of the time; sounds between words are not noise
PAUSES = 0.02  # share of the frames that are the quietest moments
PAUSE_DB, NEARLY_ALL_DB = (-1.4, 1.5), 2.8  # over the floor there: half the bands, nine tenths


def noise_floor(recording: Recording) -> Finding:
    """Level of the steady noise in dBFS."""
    level_db = recording.noise.noise_dbfs
    if _is_inaudible(recording):
        return Finding("noise_floor", level_db, "dBFS", 0.8, "No audible noise in the pauses.")
    confidence = ramp(recording.ask(steady_share), -0.2, 0.8)
    text = f"Steady noise at {level_db:.0f} dBFS."
    return Finding("noise_floor", level_db, "dBFS", confidence, text)


def snr(recording: Recording) -> Finding:
    """Signal-to-noise ratio in dB."""
    if _is_inaudible(recording):
        return Finding("snr", None, "dB", 0.8, "The noise is too weak to measure.")
    ratio, fills = recording.noise.snr_db, recording.ask(steady_share)
    noise = f"Steady noise {ratio:.0f} dB below the sound"
    if ALL_DB < ratio < AUDIBLE_DB and fills >= FILLS and recording.ask(has_noisy_pauses):
        text = f"{noise}: {'clearly audible' if ratio < LOUD_DB else 'audible in the pauses'}."
        confidence = 0.5 + 0.5 * ramp(fills, FILLS, 0.8) * ramp(ratio, AUDIBLE_DB + 5, LOUD_DB)
        return Finding("snr", ratio, "dB", confidence, text, True)
    if ratio <= ALL_DB:
        text = "Steady noise throughout, such as rain; nothing stands out of it."
    elif ratio < AUDIBLE_DB:
        text = f"{noise} or more; without pauses, noise is hard to tell from sound."
    else:
        text = f"{noise}: too weak to matter."
    quiet = ramp(ratio, AUDIBLE_DB, AUDIBLE_DB + 15)
    return Finding("snr", ratio, "dB", 0.5 + 0.5 * max(ramp(fills, FILLS, 0.2), quiet), text)


def background_noise(recording: Recording) -> Finding:
    """Level of a voice over the noise behind it in dB; None for what is not speech."""
    name = "background_noise"
    if recording.silent or recording.ask(content).value != "speech":
        return Finding(name, None, "dB", 0.0, "Noise behind a voice is sought in speech only.")
    removed = recording.ask(removed_noise)
    if removed is None:
        return Finding(name, None, "dB", 0.0, "No denoiser for speech is there to ask.")
    ratio_db = removed.voice_db
    if removed.median_db < PRESENT_DB:
        text = "Nothing lies behind the voice most of the time."
        return Finding(name, ratio_db, "dB", 0.6, text)
    if ratio_db >= BEHIND_DB:
        confidence = 0.5 + 0.45 * ramp(ratio_db, BEHIND_DB, FAINT_DB)
        return Finding(name, ratio_db, "dB", confidence, "Hardly any noise behind the voice.")
    if not (removed.is_voice_in_noise or _is_certain(recording)):
        text = "There may be noise behind the voice, or no voice at all."
        return Finding(name, ratio_db, "dB", 0.4, text)
    if removed.is_music:
        text = "Music behind the voice: separation takes it out, a denoiser would harm it."
        return Finding(name, ratio_db, "dB", 0.6, text)
    text = f"Noise about {max(ratio_db, 0):.0f} dB below the voice, steady or not."
    if ratio_db <= 0:
        text = "Noise as loud as the voice or louder, steady or not."
    confidence = 0.5 + 0.45 * ramp(ratio_db, BEHIND_DB, NEAR_DB)
    return Finding(name, ratio_db, "dB", confidence, text, True)


def _is_certain(recording: Recording) -> bool:
    """Whether the recording is surely what it is said to be."""
    return recording.ask(content).confidence > CLEAR


def steady_share(recording: Recording) -> float:
    """Share of the bands that hold steady noise, 0 to 1; 0 for a sound too short to judge."""
    cells = recording.ask(_smoothed)
    if cells is None:
        return 0.0
    level, power, logs = cells
    floor = np.percentile(level, FLOOR_PERCENTILE, axis=0)
    at_floor = (level > floor - UNDER_DB) & (level < floor + OVER_DB)
    count = np.maximum(at_floor.sum(axis=0), 1)
    mean = (power * at_floor).sum(axis=0) / count
    scatter = 10 * np.log10(mean + 1e-16) - (logs * at_floor).sum(axis=0) / count
    steady = (at_floor.mean(axis=0) > SHARE) & (scatter < SCATTER_DB) & (floor > NOTHING_DB)
    return float(steady.mean())


def has_noisy_pauses(recording: Recording) -> bool:
    """Whether in the quietest moments nearly all bands are at their floors, and none below.

    So it is where noise stays when the sound pauses. Bands of held notes reach their floors at
    different times, and what fades out falls below.
    """
    cells = recording.ask(_smoothed)
    if cells is None:
        return False
    over_db = cells[0] - np.percentile(cells[0], FLOOR_PERCENTILE, axis=0)
    quietest = np.argsort(over_db.mean(axis=1))[: max(1, round(PAUSES * len(over_db)))]
    middle_db, high_db = np.percentile(over_db[quietest], (50, 90))
    return bool(PAUSE_DB[0] < middle_db < PAUSE_DB[1] and high_db < NEARLY_ALL_DB)


def _smoothed(recording: Recording) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """(frames, bands) smoothed level in dB, power and its logarithm, where noise is sought.

    None for a sound that is too short or silent.
    """
    from scipy import ndimage

    cells = recording.spectrogram
    if len(cells.power) < 3 * SMOOTH:
        return None
    top = 0.95 * (recording.edge_hz or recording.audio.rate / 2)
    use = (cells.hz > LOWEST_HZ) & (cells.hz < top)
    level = 10 * np.log10(ndimage.uniform_filter1d(cells.power, SMOOTH, axis=0) + 1e-14)
    alive = level.max(axis=1) > ALIVE_DB
    if not alive.any() or not use.any():
        return None
    level, power, logs = (part[alive][:, use] for part in (level, cells.power, cells.logs))
    return level, power, logs


def _is_inaudible(recording: Recording) -> bool:
    return recording.silent or recording.noise.noise_dbfs < INAUDIBLE_DBFS
