"""Mains hum, rumble and DC offset: what `remove_hum` takes out."""

from __future__ import annotations

import numpy as np

from pipeline.diagnosis.finding import Finding, hertz, ramp
from pipeline.diagnosis.recording import Recording

FAINT_DB = 50.0  # hum that far below the recording does not matter
RUMBLE_HZ = (2.5, 20.0)
RUMBLE_DB, RUMBLE_DBFS = -10.0, -50.0  # relative to the whole sound, and to full scale
OFFSET_DBFS = -46.0  # an offset from here on clicks at cuts and takes headroom


def hum(recording: Recording) -> Finding:
    """Frequency of mains hum in Hz."""
    measured = recording.hum
    if measured is None:
        return Finding("hum", None, "Hz", 0.9, "No mains hum.")
    power = float(np.diag(recording.statistics.products).max())
    below_db = 10 * np.log10(power) - measured.level_db
    count = len(measured.harmonics)
    confidence = 0.5 + 0.5 * ramp(count, 1, 4)
    if below_db >= FAINT_DB:
        text = "There may be hum, too weak to matter."
        return Finding("hum", float(measured.hz), "Hz", confidence, text)
    harmonics = f" and {count - 1} of its harmonics" if count > 1 else ""
    text = f"Hum at {measured.hz:.0f} Hz{harmonics}, {below_db:.0f} dB below the recording."
    return Finding("hum", float(measured.hz), "Hz", confidence, text, True)


def hum_level(recording: Recording) -> Finding:
    """Level of mains hum in dBFS."""
    measured = recording.hum
    if measured is None:
        return Finding("hum_level", None, "dBFS", 0.9, "No mains hum.")
    confidence = 0.5 + 0.5 * ramp(len(measured.harmonics), 1, 4)
    text = f"The hum is at {measured.level_db:.0f} dBFS."
    return Finding("hum_level", float(measured.level_db), "dBFS", confidence, text)


def rumble(recording: Recording) -> Finding:
    """Level in dBFS of what lies below hearing: a turntable, wind, steps."""
    level_db, share_db = _rumble_db(recording)
    trouble = share_db > RUMBLE_DB and level_db > RUMBLE_DBFS and recording.audio.seconds >= 1
    if not trouble:
        confidence = ramp(share_db, 0, 2 * RUMBLE_DB)
        return Finding("rumble", level_db, "dBFS", confidence, "No rumble.")
    confidence = 0.5 + 0.5 * ramp(share_db, RUMBLE_DB, 0)
    text = (
        f"Rumble below {hertz(RUMBLE_HZ[1])} at {level_db:.0f} dBFS: inaudible, but it takes "
        "headroom and moves loudspeaker cones."
    )
    return Finding("rumble", level_db, "dBFS", confidence, text, True)


def dc_offset(recording: Recording) -> Finding:
    """The largest mean of a channel, in percent of full scale."""
    largest = float(np.abs(recording.statistics.mean).max())
    level_db = 20 * np.log10(max(largest, 1e-12))
    seconds = recording.audio.seconds
    trouble = level_db > OFFSET_DBFS and seconds > 0.5
    confidence = ramp(abs(level_db - OFFSET_DBFS), -3, 6) * ramp(seconds, 0, 1)
    text = "No DC offset."
    if trouble:
        text = (
            f"DC offset of {100 * largest:.2g} % of full scale: it takes headroom and clicks at "
            "cuts."
        )
    return Finding("dc_offset", 100 * largest, "%", confidence, text, trouble)


def _rumble_db(recording: Recording) -> tuple[float, float]:
    """Level below hearing of the loudest channel: in dBFS, and relative to the channel."""
    from scipy import fft

    low = total = np.zeros(recording.audio.channels)
    for excerpt in recording.excerpts:
        x = excerpt.samples - excerpt.samples.mean(axis=1, keepdims=True)
        window = np.hanning(x.shape[1]).astype(np.float32)
        power = np.abs(fft.rfft(x * window)) ** 2 / max(x.shape[1] * float((window**2).sum()), 1.0)
        hz = fft.rfftfreq(x.shape[1], 1 / excerpt.rate)
        low = low + 2 * power[:, (hz > RUMBLE_HZ[0]) & (hz < RUMBLE_HZ[1])].sum(axis=1)
        total = total + 2 * power.sum(axis=1)
    channel = int(np.argmax(total))
    level_db = float(10 * np.log10(low[channel] / len(recording.excerpts) + 1e-14))
    share_db = float(10 * np.log10((low[channel] + 1e-14) / (total[channel] + 1e-14)))
    return level_db, share_db
