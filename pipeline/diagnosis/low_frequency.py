"""Mains hum, rumble and DC offset: what `remove_hum` takes out."""

from __future__ import annotations

import numpy as np

from pipeline.analysis.dc_offset import dc_offset as measure_offset
from pipeline.analysis.mains_hum import MAINS_HZ
from pipeline.analysis.quiet_spectrum import SHORTEST_S
from pipeline.analysis.rumble import BAND_HZ, LEAST_DBFS, OVER_BASS_DB
from pipeline.analysis.rumble import rumble as measure_rumble
from pipeline.diagnosis.finding import Finding, Span, hertz, ramp
from pipeline.diagnosis.recording import Recording

SURE_OFF = 0.005  # relative; mains keep to 50 or 60 Hz more closely than that
SOUND_DB = 6.0  # a hum less than that below the recording is its sound
FAINT_DB = 50.0  # hum that far below the recording does not matter
FAINT_RUMBLE_DBFS = -50.0  # rumble below does not matter
FAINT_OFFSET = 0.005  # of full scale: a DC offset below does not matter


def hum(recording: Recording) -> Finding:
    """Frequency of mains hum in Hz."""
    measured = recording.hum
    if recording.audio.seconds < SHORTEST_S:
        return Finding("hum", None, "Hz", 0.0, "Too short to tell hum from sound.")
    if measured is None:
        return Finding("hum", None, "Hz", 0.9, "No mains hum.")
    power = float(np.diag(recording.statistics.products).max())
    below_db = 10 * np.log10(power) - measured.level_db
    count = len(measured.harmonics)
    confidence = 0.5 + 0.5 * ramp(count, 1, 4)
    if below_db >= FAINT_DB:
        text = "There may be hum, too weak to matter."
        return Finding("hum", float(measured.hz), "Hz", confidence, text)
    if below_db < SOUND_DB:
        text = (
            f"A steady tone at {measured.hz:.0f} Hz with its harmonics is most of the recording: "
            "an instrument, or a recording of hum."
        )
        return Finding("hum", float(measured.hz), "Hz", 0.5, text)
    off = min(abs(measured.hz / mains_hz - 1) for mains_hz in MAINS_HZ)
    if off > SURE_OFF:
        text = f"A steady tone at {measured.hz:.1f} Hz: a low note, or hum at another speed."
        return Finding("hum", float(measured.hz), "Hz", 0.5, text)
    harmonics = f" and {count - 1} of its harmonics" if count > 1 else ""
    text = f"Hum at {measured.hz:.0f} Hz{harmonics}, {below_db:.0f} dB below the recording."
    everywhere = (Span(0.0, recording.audio.seconds, float(measured.hz)),)
    return Finding("hum", float(measured.hz), "Hz", confidence, text, True, everywhere)


def hum_level(recording: Recording) -> Finding:
    """Level of mains hum in dBFS."""
    measured = recording.hum
    if measured is None:
        text = recording.ask(hum).text
        return Finding("hum_level", None, "dBFS", recording.ask(hum).confidence, text)
    confidence = 0.5 + 0.5 * ramp(len(measured.harmonics), 1, 4)
    text = f"The hum is at {measured.level_db:.0f} dBFS."
    return Finding("hum_level", float(measured.level_db), "dBFS", confidence, text)


def rumble(recording: Recording) -> Finding:
    """Level in dBFS of what lies below hearing: a turntable, wind, steps."""
    measured = measure_rumble(recording.audio)
    if measured is None:
        return Finding("rumble", None, "dBFS", 0.0, "Too short to tell rumble from sound.")
    level_db, over_db = measured.level_dbfs, measured.over_bass_db - OVER_BASS_DB
    if not measured.present:
        confidence = max(ramp(over_db, 3, -10), ramp(level_db, LEAST_DBFS + 3, LEAST_DBFS - 10))
        return Finding("rumble", level_db, "dBFS", confidence, "No rumble.")
    confidence = 0.5 + 0.5 * ramp(over_db, 0, 10)
    if level_db <= FAINT_RUMBLE_DBFS:
        text = f"Rumble at {level_db:.0f} dBFS, too weak to matter."
        return Finding("rumble", level_db, "dBFS", confidence, text)
    text = (
        f"Rumble below {hertz(BAND_HZ[1])} at {level_db:.0f} dBFS: inaudible, but it takes "
        "headroom and moves loudspeaker cones."
    )
    return Finding("rumble", level_db, "dBFS", confidence, text, True)


def dc_offset(recording: Recording) -> Finding:
    """The largest mean of a channel, in percent of full scale."""
    largest = float(np.abs(measure_offset(recording.audio)).max())
    confidence = ramp(recording.audio.seconds, 0, 1)
    if not largest:
        return Finding("dc_offset", 0.0, "%", confidence, "No DC offset.")
    offset = f"DC offset of {100 * largest:.2g} % of full scale"
    if largest < FAINT_OFFSET:
        return Finding(
            "dc_offset", 100 * largest, "%", confidence, f"{offset}, too small to matter."
        )
    text = f"{offset}: it takes headroom and clicks at cuts."
    return Finding("dc_offset", 100 * largest, "%", confidence, text, True)
