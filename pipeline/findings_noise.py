"""Steady noise, hum and rumble, told from sound that merely goes on for long.

A band holds steady noise when it spends much of its time at its own floor, and what it does there
is scattered as Gaussian noise is: the logarithm of its power is 2.5 dB below the mean power. Held
notes are scattered more (between partials) or less (on one).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.findings import Finding, Subject, hertz, ramp

SMOOTH = 9  # frames: about 0.1 s
FLOOR_PERCENTILE, UNDER_DB, OVER_DB = 10, 2.0, 3.0  # a band's floor, and what lies at it
SHARE = 0.3  # of the time at the floor that makes a band steady
SCATTER_DB = 4.0  # most that the log mean may lie below the mean there
ALIVE_DB, NOTHING_DB = -100.0, -125.0  # frames and band floors below are digital silence
LOWEST_HZ = 200.0  # hum and rumble lie below
BREADTH = 0.55  # share of the bands that a hiss fills
NOISY_DB, SURELY_DB = 36.0, 26.0  # signal-to-noise ratios
ALL_DB = 0.8  # a ratio below: the recording is steady noise, such as rain, and is left alone

RUMBLE_HZ = (2.5, 20.0)
RUMBLE_DB, RUMBLE_DBFS = -12.0, -50.0  # against the whole sound, and full scale


class Steady(NamedTuple):
    """Steady noise: its level and the whole sound's in dBFS, and the share of bands it fills."""

    noise_db: float
    sound_db: float
    breadth: float


def noise(subject: Subject) -> list[Finding]:
    """Noise floor and signal-to-noise ratio."""
    found = None if subject.silent else steady(subject)
    if found is None or found.breadth == 0:
        text = "No steady noise is left where the sound pauses."
        return [
            Finding("noise_floor", None, "dBFS", 0.7, text),
            Finding("snr", None, "dB", 0.7, "Its noise is too weak to be measured."),
        ]
    ratio = found.sound_db - found.noise_db
    trouble = ALL_DB < ratio < NOISY_DB and found.breadth >= BREADTH
    sure = ramp(found.breadth, 0.3, 0.8) * (0.5 + 0.5 * ramp(ratio, NOISY_DB, SURELY_DB))
    text = f"Steady noise at {found.noise_db:.0f} dBFS, {ratio:.0f} dB below the sound"
    loud = " and plainly heard." if ratio < SURELY_DB else ": heard in the pauses."
    weak = "; too little of it to matter." if ratio >= NOISY_DB else "; it may be the music itself."
    floor = f"Its steady noise lies at {found.noise_db:.0f} dBFS."
    certain = sure if trouble else 1 - sure
    return [
        Finding("noise_floor", found.noise_db, "dBFS", ramp(found.breadth, 0, 0.6), floor),
        Finding("snr", ratio, "dB", certain, text + (loud if trouble else weak), trouble),
    ]


def steady(subject: Subject) -> Steady | None:
    """What steady noise there is; None where the recording is too short to tell."""
    from scipy import ndimage

    found = subject.cells
    if len(found.power) < 3 * SMOOTH:
        return None
    top = 0.95 * (subject.edge_hz or subject.audio.rate / 2)
    use = (found.hz > LOWEST_HZ) & (found.hz < top)
    level = 10 * np.log10(ndimage.uniform_filter1d(found.power, SMOOTH, axis=0) + 1e-14)
    alive = level.max(axis=1) > ALIVE_DB
    if not alive.any() or not use.any():
        return None
    level, power, logs = (part[alive][:, use] for part in (level, found.power, found.logs))
    floor = np.percentile(level, FLOOR_PERCENTILE, axis=0)
    at_floor = (level > floor - UNDER_DB) & (level < floor + OVER_DB)
    count = np.maximum(at_floor.sum(axis=0), 1)
    mean = (power * at_floor).sum(axis=0) / count
    scatter = 10 * np.log10(mean + 1e-16) - (logs * at_floor).sum(axis=0) / count
    noisy = (at_floor.mean(axis=0) > SHARE) & (scatter < SCATTER_DB) & (floor > NOTHING_DB)
    width = found.bins_a_band  # powers are means over a band's bins
    noise_db = 10 * np.log10(width * mean[noisy].sum() + 1e-14)
    sound_db = 10 * np.log10(width * power.mean(axis=0).sum() + 1e-14)
    return Steady(float(noise_db), float(sound_db), float(noisy.mean()))


def hum(subject: Subject) -> list[Finding]:
    """Mains hum: its frequency, and how far below the recording it lies."""
    from pipeline.hum import find_hum

    found = None if subject.silent else find_hum(subject.audio)
    if found is None:
        return [
            Finding("hum", None, "Hz", 0.9, "No mains hum."),
            Finding("hum_level", None, "dBFS", 0.9, "No mains hum."),
        ]
    power = float(np.diag(subject.sweep.products).max())
    below = 10 * np.log10(power) - found.level_db
    count = len(found.harmonics)
    text = (
        f"Hum at {found.hz:.0f} Hz{f' and {count - 1} of its harmonics' * (count > 1)}, "
        f"{below:.0f} dB below the recording."
    )
    sure = 0.5 + 0.5 * ramp(count, 1, 4)
    return [
        Finding("hum", float(found.hz), "Hz", sure, text, True),
        Finding(
            "hum_level",
            float(found.level_db),
            "dBFS",
            sure,
            f"It lies at {found.level_db:.0f} dBFS.",
        ),
    ]


def rumble(subject: Subject) -> list[Finding]:
    """What lies below hearing: a turntable, wind, steps."""
    from scipy import fft

    low = total = np.zeros(subject.audio.channels)
    for piece in subject.pieces:
        x = piece.samples - piece.samples.mean(axis=1, keepdims=True)
        window = np.hanning(x.shape[1]).astype(np.float32)
        power = np.abs(fft.rfft(x * window)) ** 2 / max(x.shape[1] * float((window**2).sum()), 1.0)
        hz = fft.rfftfreq(x.shape[1], 1 / piece.rate)
        low = low + 2 * power[:, (hz > RUMBLE_HZ[0]) & (hz < RUMBLE_HZ[1])].sum(axis=1)
        total = total + 2 * power.sum(axis=1)
    channel = int(np.argmax(total))
    level = float(10 * np.log10(low[channel] / len(subject.pieces) + 1e-14))
    share = float(10 * np.log10((low[channel] + 1e-14) / (total[channel] + 1e-14)))
    trouble = share > RUMBLE_DB and level > RUMBLE_DBFS and subject.audio.seconds >= 1
    if not trouble:
        return [Finding("rumble", level, "dBFS", ramp(share, 0, 2 * RUMBLE_DB), "No rumble.")]
    text = (
        f"Rumble below {hertz(RUMBLE_HZ[1])} at {level:.0f} dBFS: it moves loudspeakers, unheard."
    )
    return [Finding("rumble", level, "dBFS", 0.5 + 0.5 * ramp(share, RUMBLE_DB, 0), text, True)]
