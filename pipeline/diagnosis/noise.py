"""Steady noise, hum and rumble, told from sound that merely goes on for long.

A band holds steady noise when it spends much of its time at its own floor, and what it does there
is scattered as Gaussian noise is: the logarithm of its power is 2.5 dB below the mean power. Held
notes are scattered more (between partials) or less (on one).
"""

from __future__ import annotations

import numpy as np

from pipeline.diagnosis.finding import Finding, Subject, hertz, ramp

SMOOTH = 9  # frames: about 0.1 s
FLOOR_PERCENTILE, UNDER_DB, OVER_DB = 10, 2.0, 3.0  # a band's floor, and what lies at it
SHARE = 0.3  # of the time at the floor that makes a band steady
SCATTER_DB = 4.0  # most that the log mean may lie below the mean there
ALIVE_DB, NOTHING_DB = -100.0, -125.0  # frames and band floors below are digital silence
LOWEST_HZ = 200.0  # hum and rumble lie below
FILLS = 0.55  # share of the bands that a hiss fills
NOISY_DB, LOUD_DB = 30.0, 22.0  # signal-to-noise ratios: heard in the pauses, heard throughout
ALL_DB = 0.0  # a ratio below: the recording is noise, such as rain, and is left alone
INAUDIBLE_DBFS = -100.0

FAINT_DB, FAINT = 50.0, "There may be hum, but not so that it matters."  # below the recording

RUMBLE_HZ = (2.5, 20.0)
RUMBLE_DB, RUMBLE_DBFS = -10.0, -50.0  # against the whole sound, and full scale


def noise(subject: Subject) -> list[Finding]:
    """Noise floor and signal-to-noise ratio."""
    from pipeline.analysis.noise_floor import measure

    floor = measure(subject.audio)
    fills = steady_share(subject)
    if subject.silent or floor.noise_dbfs < INAUDIBLE_DBFS:
        text = "No steady noise can be heard in its pauses."
        return [
            Finding("noise_floor", floor.noise_dbfs, "dBFS", 0.8, text),
            Finding("snr", None, "dB", 0.8, "Its noise is too weak to be measured."),
        ]
    ratio = floor.snr_db
    trouble = ALL_DB < ratio < NOISY_DB and fills >= FILLS
    below = f"Steady noise, {ratio:.0f} dB below the sound"
    if trouble:
        text = f"{below}{', plainly heard.' if ratio < LOUD_DB else ': heard in the pauses.'}"
    elif ratio <= ALL_DB:
        text = "It is steady noise from end to end, such as rain; nothing stands out of it."
    elif ratio < NOISY_DB:
        text = f"{below} or more: it never pauses, so that noise is hard to tell from sound."
    else:
        text = f"{below}; too little to matter."
    sure = 0.5 + 0.5 * ramp(fills, FILLS, 0.9) * ramp(ratio, NOISY_DB + 5, LOUD_DB)
    if not trouble:
        sure = 0.5 + 0.5 * max(ramp(fills, FILLS, 0.2), ramp(ratio, NOISY_DB, NOISY_DB + 15))
    level = f"Its steady noise lies at {floor.noise_dbfs:.0f} dBFS."
    return [
        Finding("noise_floor", floor.noise_dbfs, "dBFS", ramp(fills, -0.2, 0.8), level),
        Finding("snr", ratio, "dB", sure, text, trouble),
    ]


def steady_share(subject: Subject) -> float:
    """Share of the bands that hold steady noise, 0 to 1; 0 for what is too short to tell."""
    from scipy import ndimage

    found = subject.cells
    if len(found.power) < 3 * SMOOTH:
        return 0.0
    top = 0.95 * (subject.edge_hz or subject.audio.rate / 2)
    use = (found.hz > LOWEST_HZ) & (found.hz < top)
    level = 10 * np.log10(ndimage.uniform_filter1d(found.power, SMOOTH, axis=0) + 1e-14)
    alive = level.max(axis=1) > ALIVE_DB
    if not alive.any() or not use.any():
        return 0.0
    level, power, logs = (part[alive][:, use] for part in (level, found.power, found.logs))
    floor = np.percentile(level, FLOOR_PERCENTILE, axis=0)
    at_floor = (level > floor - UNDER_DB) & (level < floor + OVER_DB)
    count = np.maximum(at_floor.sum(axis=0), 1)
    mean = (power * at_floor).sum(axis=0) / count
    scatter = 10 * np.log10(mean + 1e-16) - (logs * at_floor).sum(axis=0) / count
    steady = (at_floor.mean(axis=0) > SHARE) & (scatter < SCATTER_DB) & (floor > NOTHING_DB)
    return float(steady.mean())


def hum(subject: Subject) -> list[Finding]:
    """Mains hum: its frequency, and how far below the recording it lies."""
    from pipeline.analysis.mains_hum import find_hum

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
    sure, trouble = 0.5 + 0.5 * ramp(count, 1, 4), below < FAINT_DB
    return [
        Finding("hum", float(found.hz), "Hz", sure, text if trouble else FAINT, trouble),
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
