"""What a recording holds: speech, music, singing or other sound.

A small trained net scores the log-mel spectrum of each excerpt; the mean of the scores decides.
`python -m training experiment content` trained it, on sound clean and damaged.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from models.card import CLASSES, SHIPPED
from pipeline import inference
from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.recording import Recording
from pipeline.dsp.log_mel import RATE, log_mel

CHECKPOINT = "content-classifier"
LEAST_S = 0.5
QUIET_DB = 40.0  # excerpts so far below the loudest one do not count
CLEAR = 0.75  # confidence below is called uncertain
MOST = 0.99
TITLES = {"speech": "speech", "music": "music", "singing": "singing", "other": "other sound"}


def content(recording: Recording) -> Finding:
    """One of `models.card.CLASSES`, and how sure that is; what the user says is certain."""
    if recording.kind is not None:
        return stated(recording.kind)
    if recording.silent or recording.audio.seconds < LEAST_S:
        return Finding("content", None, "", 0.0, "Too little sound to tell speech from music.")
    chances = class_chances(recording)
    kind = max(chances, key=lambda name: chances[name])
    confidence = min(chances[kind], MOST)
    text = f"It sounds like {TITLES[kind]}."
    if confidence <= CLEAR:
        text = f"It may be {TITLES[kind]}; that is not certain."
    return Finding("content", kind, "", confidence, text)


def stated(kind: str) -> Finding:
    """The finding where the user says what it is.

    Raises:
        ValueError: not one of `models.card.CLASSES`.
    """
    if kind not in CLASSES:
        raise ValueError(f"content: got {kind!r}, expected one of {', '.join(CLASSES)}")
    return Finding("content", kind, "", 1.0, f"Treated as {TITLES[kind]}, as you say.")


def class_chances(recording: Recording) -> dict[str, float]:
    """Probability of each class, from the excerpts of the loudest channel."""
    excerpts = [excerpt.samples[recording.loudest] for excerpt in recording.excerpts]
    energy = np.array([np.square(x, dtype=np.float64).mean() for x in excerpts])
    loud = np.flatnonzero(energy >= energy.max() * 10 ** (-QUIET_DB / 10))
    spectra = [
        log_mel(resample(Audio(excerpts[at][None], recording.audio.rate), RATE).samples[0])
        for at in loud
    ]
    scores = inference.mean_scores(_net(), spectra)
    chances = np.exp(scores - scores.max())
    return dict(zip(CLASSES, (chances / chances.sum()).tolist(), strict=True))


@functools.cache
def _net() -> Any:
    from models import checkpoint

    return checkpoint.load(SHIPPED / CHECKPOINT)
