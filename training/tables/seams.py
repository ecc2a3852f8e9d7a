"""What is heard where segments of a long sound meet: glued, or with context and fade."""

from __future__ import annotations

import numpy as np
from torch import nn

from pipeline.audio.sound import Audio
from pipeline.degradation.downsampling import LowRate
from pipeline.dsp import chunked
from training.data.clips import Clip
from training.evaluation.cases import peak_normalised
from training.evaluation.validation import restored
from training.tables.subject import RATE
from training.tables.table import Row, Table

SEGMENT = 65_536  # samples
LONGEST = 5 * SEGMENT
NEAR = RATE // 100  # samples on either side of a border: 10 ms
FADE = RATE // 200
COLUMNS = ("jump at borders / elsewhere", "error within 10 ms of borders, dB")


def seams(net: nn.Module, clips: tuple[Clip, ...], segment: int = SEGMENT) -> Table:
    """How far each way of joining segments is from the net's output for the whole sound.

    The jump is the mean difference of the two samples at a border over that of all neighbours; the
    error is relative to the sound near the borders.
    """
    scores: dict[str, list[tuple[float, float]]] = {}
    for clip in clips:
        clean = clip.piece(0, LONGEST * segment // SEGMENT)
        if len(clean) < 2 * segment:
            continue
        degraded = LowRate("none")(Audio(clean[None], RATE)).samples[0]
        whole = restored(net, degraded)
        for name, joined in joins(net, degraded, segment).items():
            scores.setdefault(name, []).append(_scores(joined, whole, segment))
    rows = tuple(Row(name, tuple(np.mean(some, axis=0))) for name, some in scores.items())
    return Table(f"Seams of segments of {segment} samples", COLUMNS, rows)


def joins(net: nn.Module, degraded: np.ndarray, segment: int) -> dict[str, np.ndarray]:
    """(T,) through the net in segments, by the way in which they are joined."""
    parts = np.split(degraded, range(segment, len(degraded), segment))
    context = int(net.receptive_field)
    windows = chunked.run(
        lambda x: restored(net, x[0])[None],
        degraded[None],
        payload=segment,
        context=context,
        grid=int(net.stride),
        fade=FADE,
    )
    return {
        "glued, each by its own peak": np.concatenate(
            [restored(net, peak_normalised(part)) for part in parts]
        ),
        "glued": np.concatenate([restored(net, part) for part in parts]),
        "context and fade": windows[0],
    }


def _scores(joined: np.ndarray, whole: np.ndarray, segment: int) -> tuple[float, float]:
    borders = np.arange(segment, len(whole), segment)
    steps = np.abs(np.diff(joined))
    jump = float(steps[borders - 1].mean() / max(float(steps.mean()), 1e-12))
    near = np.zeros(len(whole), bool)
    for border in borders:
        near[max(0, border - NEAR) : border + NEAR] = True
    error = float(np.square(joined - whole)[near].sum())
    power = float(np.square(whole)[near].sum())
    return jump, float(10 * np.log10((error + 1e-15) / (power + 1e-15)))
