"""How far up a recording reaches, and what a lossy codec left of it."""

from __future__ import annotations

import numpy as np

from pipeline.analysis.band_spectrogram import Cells
from pipeline.diagnosis.finding import Finding, Subject, hertz, ramp

AUDIBLE_HZ = 14_500.0  # an edge below is heard as dullness by most people
WALL_DB = 22.0  # fall within a few per cent of the edge: a codec's or a resampler's filter
TYPICAL_HZ = (  # where MP3, AAC and Opus put their low-pass, by bit rate
    4000, 5500, 6000, 7000, 8000, 8300, 10_000, 11_000, 12_000, 13_000, 14_000, 15_000, 15_500,
    16_000, 16_500, 17_000, 17_500, 18_000, 18_500, 19_000, 19_500, 20_000, 20_500,
)  # fmt: skip
LOSSY = ("MP3", "MPEG", "VORBIS", "OPUS", "AAC", "WMA", "AC3")

HOLES_HZ = (2000.0, 16_000.0)  # where they are sought, if the recording reaches there
NEIGHBOURS = 4  # frames before and after a hole, where there must be sound again
DEEP_DB, WEAK_DB = 22.0, 35.0  # a hole is so far below its neighbours and the frame's loudest band
ACTIVE_DB = 45.0  # frames so far below the loudest one are pauses
FEW, MANY = 1.2, 2.4  # per cent of cells: no codec, surely a codec


def band(subject: Subject) -> list[Finding]:
    """Effective bandwidth, codec low-pass and codec holes."""
    share = hole_share(subject.cells, subject.edge_hz)
    return [_bandwidth(subject), _low_pass(subject, share), _holes(share)]


def wall_db(subject: Subject) -> float:
    """How much level is lost within a few per cent of the edge; 0 where there is none."""
    levels, width_hz = subject.levels
    edge = subject.edge_hz
    if edge is None:
        return 0.0
    high = np.percentile(levels, 95, axis=0)
    hz = (np.arange(len(high)) + 0.5) * width_hz
    below = high[(hz > 0.85 * edge) & (hz < 0.985 * edge)]
    above = high[(hz > 1.04 * edge + 100) & (hz < 1.15 * edge + 300)]
    return float(np.median(below) - np.median(above)) if below.size and above.size else 0.0


def _bandwidth(subject: Subject) -> Finding:
    half = subject.audio.rate / 2
    reach = subject.edge_hz or half
    if subject.silent:
        return Finding("bandwidth", half, "Hz", 0.0, "Silence has no bandwidth.")
    if reach >= AUDIBLE_HZ:
        text = f"It reaches {hertz(reach)}: no treble is missing that would be heard."
        return Finding("bandwidth", reach, "Hz", 0.9, text)
    if subject.edge_hz is None or reach > 0.93 * half:
        text = f"Nothing above {hertz(half)} fits into {subject.audio.rate} samples a second: dull."
        return Finding("bandwidth", half, "Hz", 1.0, text, True)
    fall = wall_db(subject)
    sure = 0.4 + 0.5 * ramp(fall, 8, 30)
    text = f"Nothing above {hertz(reach)}: its treble was cut off, so it sounds dull."
    if sure < 0.6:
        text = (
            f"Little above {hertz(reach)}. It falls off gently there: an old or a naturally dark "
            "recording, or one that was filtered."
        )
    return Finding("bandwidth", reach, "Hz", sure, text, sure >= 0.5)


def _low_pass(subject: Subject, holes: float) -> Finding:
    edge, fall = subject.edge_hz, wall_db(subject)
    info = subject.info
    lossy = info is not None and any(
        word in f"{info.container} {info.subtype}".upper() for word in LOSSY
    )
    if edge is None or fall < WALL_DB or edge > 20_700:
        return Finding("codec_low_pass", None, "Hz", ramp(fall, WALL_DB, 0), "No codec's low-pass.")
    typical = min(abs(edge / hz - 1) for hz in TYPICAL_HZ) < 0.025
    sure = 0.3 + 0.2 * typical + 0.3 * ramp(holes, FEW, MANY) + 0.2 * lossy
    text = (
        f"A brick wall at {hertz(edge)}, as MP3, AAC and Opus leave it"
        f"{' at low bit rates' if edge < 15_500 else ''}; resampling does the same."
    )
    trouble = holes >= FEW and sure >= 0.6 and edge < 17_000
    return Finding("codec_low_pass", edge, "Hz", min(sure, 1.0), text, trouble)


def _holes(share: float) -> Finding:
    trouble = share >= (FEW + MANY) / 2
    if trouble:
        text = (
            f"{share:.1f} % of it has holes: bands that vanish and come back within a tenth of a "
            "second, as after MP3 or AAC at a low bit rate."
        )
        return Finding(
            "codec_holes", share, "%", 0.5 + 0.5 * ramp(share, FEW, MANY + 1), text, True
        )
    return Finding("codec_holes", share, "%", 1 - ramp(share, 0, MANY), "No holes left by a codec.")


def hole_share(found: Cells, edge_hz: float | None) -> float:
    """Per cent of the cells below the edge that go to nothing and come back within 0.1 s."""
    hz = found.hz
    top = min(0.93 * (edge_hz or 1e9), HOLES_HZ[1])
    levels = 10 * np.log10(found.power[:, (hz > HOLES_HZ[0]) & (hz < top)] + 1e-14)
    if levels.shape[1] < 4 or len(levels) < 3 * NEIGHBOURS:
        return 0.0
    around = np.pad(levels, ((NEIGHBOURS, NEIGHBOURS), (0, 0)), constant_values=-140.0)
    runs = np.lib.stride_tricks.sliding_window_view(around, NEIGHBOURS, axis=0).max(axis=2)
    neighbours = np.minimum(runs[: len(levels)], runs[NEIGHBOURS + 1 :])
    loudest = levels.max(axis=1)
    holes = (neighbours - levels > DEEP_DB) & (levels < loudest[:, None] - WEAK_DB)
    active = loudest > loudest.max() - ACTIVE_DB
    return float(100 * holes[active].mean())
