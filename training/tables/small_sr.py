"""The tables of Cukaj and Corsi 2025 (super-resolution from 16 to 44.1 kHz) beside our figures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from pipeline.audio.sound import Audio
from pipeline.degradation.downsampling import LOW_PASS_HZ, LowRate
from pipeline.evaluation.metrics import l1, lsd, mse
from training.data.clips import Clip
from training.evaluation.cases import peak_normalised
from training.evaluation.validation import restored
from training.learn.losses import Losses
from training.tables.figures import draw_losses
from training.tables.seams import seams
from training.tables.subject import RATE, Subject
from training.tables.table import Report, Row, Table

TITLE = "Cukaj and Corsi 2025: Audio Super-Resolution using Deep Learning, 16 to 44.1 kHz"
SEGMENTS = (65_536, 16_384)  # samples
RESOLUTIONS = ((1024, 1024, 120), (2048, 2048, 240), (512, 512, 50))
COLUMNS = ("L1", "MSE", "STFT", "LSD", "dB at 4.8 to 16 kHz")
PAPER = {65_536: (0.3652, 0.2439, 0.3219), 16_384: (0.4785, 0.3805, 0.3366)}
TOP_HZ = 16_000
TERMS = ("total", "convergence", "linear_magnitude")
DIFFERS = (
    "L1, MSE and STFT (spectral convergence over three resolutions) are means over segments of "
    "which each side has a peak of 1, as in the paper; its segments have 4.8 kHz by a causal "
    "filter, as here.",
    "The input's own row is not in the paper; nor is that of the target with its sign changed, "
    "which a loss of magnitudes cannot tell from the target: hence the rows of either sign.",
    "LSD and the level between 4.8 and 16 kHz over the target's judge what was added.",
)


def report(subject: Subject, figures: Path | None = None, *, with_seams: bool = False) -> Report:
    """A table for each length of segment, and where they are wanted the seams.

    Raises:
        ValueError: no recording is as long as a segment.
    """
    pieces = {length: list(segments(subject.clips, length)) for length in SEGMENTS}
    if not any(pieces.values()):
        raise ValueError(f"small_sr: no recording is as long as {SEGMENTS[-1]} samples")
    tables = [quality(subject, length, some) for length, some in pieces.items() if some]
    if with_seams and subject.net is not None:
        tables.append(seams(subject.net, subject.clips))
    drawn = draw_losses(subject.run, TERMS, figures) if figures and subject.run else []
    return Report(TITLE, tuple(tables), (*subject.facts, *DIFFERS), tuple(drawn))


def segments(clips: tuple[Clip, ...], length: int) -> Iterator[np.ndarray]:
    """(T,) pieces of the recordings, evenly spread; silent ones are left out."""
    for clip in clips:
        spare = len(clip.samples) - length
        for start in sorted({round(spare * share) for share in (0.2, 0.4, 0.6, 0.8)}):
            piece = clip.samples[start : start + length] if spare >= 0 else np.zeros(0)
            if len(piece) and np.abs(piece).max() > 0.01:
                yield np.array(piece)


def quality(subject: Subject, length: int, pieces: list[np.ndarray]) -> Table:
    """The paper's table of errors on the test set, with the rows that it lacks."""
    losses = Losses({"convergence": 1.0}, RATE, RESOLUTIONS, floor=1e-7)
    scores: dict[str, list[tuple[float, ...]]] = {}
    for piece in pieces:
        clean = peak_normalised(piece)
        damaged = LowRate("causal")(Audio(piece[None], RATE)).samples[0]
        for name, estimate in estimates(subject, peak_normalised(damaged), clean).items():
            scores.setdefault(name, []).append(_scores(estimate, clean, losses))
    rows = [Row(name, tuple(np.mean(some, axis=0))) for name, some in scores.items()]
    paper = Row("U-Net", (*PAPER[length], None, None), "paper")
    title = f"Segments of {length} samples: {len(pieces)} of {len(subject.clips)} recordings"
    return Table(title, COLUMNS, (paper, *rows), digits=4)


def estimates(subject: Subject, degraded: np.ndarray, clean: np.ndarray) -> dict[str, np.ndarray]:
    """Each row's estimate of (T,)."""
    made = {"input": degraded, "target, sign changed": -clean}
    if subject.net is not None:
        output = restored(subject.net, degraded)
        made["U-Net"] = output
        sign = 1.0 if float(output @ clean) >= 0 else -1.0
        made["U-Net, sign as the target's"] = np.float32(sign) * output
    return made


def _scores(estimate: np.ndarray, clean: np.ndarray, losses: Losses) -> tuple[float, ...]:
    ours, theirs = (torch.tensor(x)[None, None] for x in (estimate, clean))
    terms = losses(ours, theirs, torch.full((1, 1), RATE / 2), None)
    distance = lsd(estimate, clean, RATE, 0, TOP_HZ)
    level = _level_db(estimate) - _level_db(clean)
    convergence = float(terms["convergence"])
    return l1(estimate, clean), mse(estimate, clean), convergence, distance, level


def _level_db(x: np.ndarray) -> float:
    """Of the band that the low-pass takes, up to 16 kHz."""
    power = np.square(np.abs(np.fft.rfft(x)))
    frequency = np.fft.rfftfreq(len(x), 1 / RATE)
    band = (frequency > LOW_PASS_HZ) & (frequency < TOP_HZ)
    return float(10 * np.log10(power[band].sum() + 1e-12))
