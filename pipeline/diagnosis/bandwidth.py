"""Effective bandwidth, and the marks of a lossy codec: its low-pass filter and its holes."""

from __future__ import annotations

import numpy as np

from pipeline.analysis.bandwidth import LOWEST_HZ
from pipeline.diagnosis.finding import Finding, Span, hertz, ramp
from pipeline.diagnosis.recording import Recording
from pipeline.dsp import framing

AUDIBLE_HZ = 14_500.0  # an edge below sounds dull to most people
LEAST_S = 0.5  # of a recording whose bandwidth can be told
WEAK_TREBLE_DB = -42.0  # see `Band.treble_db`; clean recordings have -39 and more
NO_TREBLE_DB, TREBLE_DB = -50.0, -32.0  # none may be left; surely there is some
GENTLE_DB, STEEP_DB = 7.0, 28.0  # `Band.wall_db`: half of such edges are right, nearly all are
WALL_DB = 22.0  # fall within a few per cent of the edge: a codec's or a resampler's filter
TYPICAL_HZ = (  # where MP3, AAC and Opus put their low-pass, by bit rate
    4000, 5500, 6000, 7000, 8000, 8300, 10_000, 11_000, 12_000, 13_000, 14_000, 15_000, 15_500,
    16_000, 16_500, 17_000, 17_500, 18_000, 18_500, 19_000, 19_500, 20_000, 20_500,
)  # fmt: skip
HIGHEST_LOW_PASS_HZ = 20_700.0
LOSSY = ("MP3", "MPEG", "VORBIS", "OPUS", "AAC", "WMA", "AC3")

HOLES_HZ = (2000.0, 16_000.0)  # where they are searched, if the recording reaches there
NEIGHBOURS = 4  # frames before and after a hole, where there must be sound again
DEEP_DB, WEAK_DB = 22.0, 35.0  # a hole is so far below its neighbours and the frame's loudest band
ACTIVE_DB = 45.0  # frames so far below the loudest one are pauses
FEW, MANY = 1.2, 2.4  # per cent of cells: no codec, surely a codec


def bandwidth(recording: Recording) -> Finding:
    """Effective bandwidth in Hz; None where it cannot be told."""
    if unknown := _why_unknown(recording):
        return Finding("bandwidth", None, "Hz", 0.0, unknown)
    rate, edge = recording.audio.rate, recording.edge_hz
    half = rate / 2
    reach = edge or half
    if reach >= AUDIBLE_HZ:
        return _full(recording, reach)
    everywhere = (Span(0.0, recording.audio.seconds, reach),)
    if edge is None or reach > 0.93 * half:
        text = f"A sample rate of {rate} Hz holds nothing above {hertz(half)}: it sounds dull."
        return Finding("bandwidth", half, "Hz", 1.0, text, True, everywhere)
    confidence = 0.5 + 0.45 * ramp(recording.band.wall_db, GENTLE_DB, STEEP_DB)
    text = f"Nothing above {hertz(reach)}: its treble was cut off, so it sounds dull."
    if confidence < 0.7:
        text = (
            f"Little above {hertz(reach)}. The spectrum falls off gently there: an old or a "
            "naturally dark recording, or one that was filtered."
        )
    return Finding("bandwidth", reach, "Hz", confidence, text, confidence >= 0.6, everywhere)


def _why_unknown(recording: Recording) -> str:
    """Why no bandwidth can be told; empty where it can."""
    if recording.silent:
        return "Silence has no bandwidth."
    if recording.audio.seconds < LEAST_S:
        return "Too short to tell its bandwidth."
    if recording.band.is_low_only:
        return f"All its sound is below {hertz(LOWEST_HZ)}: its bandwidth cannot be told."
    return ""


def _full(recording: Recording, reach: float) -> Finding:
    """A recording that reaches the end of hearing, or seems to."""
    treble_db = recording.band.treble_db
    text = f"It reaches {hertz(reach)}; no audible treble is missing."
    if treble_db < WEAK_TREBLE_DB:
        text = (
            f"It reaches {hertz(reach)}, but its treble is weak: a dark recording, or one that was "
            "filtered gently."
        )
    confidence = 0.35 + 0.57 * ramp(treble_db, NO_TREBLE_DB, TREBLE_DB)
    return Finding("bandwidth", reach, "Hz", confidence, text)


def codec_low_pass(recording: Recording) -> Finding:
    """Cut-off frequency in Hz of a codec's low-pass filter."""
    edge, fall = recording.edge_hz, recording.band.wall_db
    if edge is None or fall < WALL_DB or edge > HIGHEST_LOW_PASS_HZ:
        confidence = ramp(fall, WALL_DB, 0)
        return Finding("codec_low_pass", None, "Hz", confidence, "No low-pass filter of a codec.")
    holes = recording.ask(hole_share)
    typical = min(abs(edge / hz - 1) for hz in TYPICAL_HZ) < 0.025
    lossy = _is_lossy(recording)
    confidence = 0.3 + 0.2 * typical + 0.3 * ramp(holes, FEW, MANY) + 0.2 * lossy
    text = (
        f"A steep cut-off at {hertz(edge)}, as MP3, AAC and Opus encoders use"
        f"{' at low bit rates' if edge < 15_500 else ''}; resampling leaves the same."
    )
    trouble = holes >= FEW and confidence >= 0.6 and edge < 17_000
    return Finding("codec_low_pass", edge, "Hz", min(confidence, 1.0), text, trouble)


def codec_holes(recording: Recording) -> Finding:
    """Per cent of the spectrogram that a codec has emptied."""
    share = recording.ask(hole_share)
    if share < (FEW + MANY) / 2:
        confidence = 1 - ramp(share, 0, MANY)
        return Finding("codec_holes", share, "%", confidence, "No holes left by a codec.")
    text = (
        f"Holes in {share:.1f} % of the spectrogram: bands that vanish and return within a tenth "
        "of a second, as MP3 and AAC leave them at low bit rates."
    )
    confidence = 0.5 + 0.5 * ramp(share, FEW, MANY + 1)
    return Finding("codec_holes", share, "%", confidence, text, True)


def hole_share(recording: Recording) -> float:
    """Per cent of the cells below the edge that fall to nothing and return within 0.1 s."""
    cells = recording.spectrogram
    top = min(0.93 * (recording.edge_hz or 1e9), HOLES_HZ[1])
    levels = 10 * np.log10(cells.power[:, (cells.hz > HOLES_HZ[0]) & (cells.hz < top)] + 1e-14)
    if levels.shape[1] < 4 or len(levels) < 3 * NEIGHBOURS:
        return 0.0
    around = np.pad(levels, ((NEIGHBOURS, NEIGHBOURS), (0, 0)), constant_values=-140.0)
    runs = framing.frames(around.T, NEIGHBOURS).max(axis=2).T
    neighbours = np.minimum(runs[: len(levels)], runs[NEIGHBOURS + 1 :])
    loudest = levels.max(axis=1)
    holes = (neighbours - levels > DEEP_DB) & (levels < loudest[:, None] - WEAK_DB)
    active = loudest > loudest.max() - ACTIVE_DB
    return float(100 * holes[active].mean())


def _is_lossy(recording: Recording) -> bool:
    """Whether the file itself is in a lossy format."""
    info = recording.info
    return info is not None and any(
        name in f"{info.container} {info.subtype}".upper() for name in LOSSY
    )
