"""Noise behind a voice, steady or not: what a trained denoiser takes out of excerpts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from models import checkpoint
from pipeline.audio.sound import Audio
from pipeline.diagnosis.content import content
from pipeline.diagnosis.finding import Finding, ramp
from pipeline.diagnosis.recording import Recording
from pipeline.stages.cleaners import DenoiseSpeech

EXCERPTS = 3
AUDIBLE_DB, LOUD_DB, FAINT_DB = 25.0, 17.0, 32.0  # voice over noise: trouble, surely, surely none
PRESENT_DB = -18.0  # noise is there half of the time; sounds between words are not noise
FRAME_S, MOST_DB = 0.02, 80.0


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
    if ratio_db >= AUDIBLE_DB:
        confidence = 0.5 + 0.45 * ramp(ratio_db, AUDIBLE_DB, FAINT_DB)
        return Finding(name, ratio_db, "dB", confidence, "Hardly any noise behind the voice.")
    text = f"Noise about {max(ratio_db, 0):.0f} dB below the voice, steady or not."
    if ratio_db <= 0:
        text = "Noise as loud as the voice or louder, steady or not."
    confidence = 0.5 + 0.45 * ramp(ratio_db, AUDIBLE_DB, LOUD_DB)
    return Finding(name, ratio_db, "dB", confidence, text, True)


class Removed(NamedTuple):
    """What a denoiser takes out.

    Attributes:
        voice_db: energy of what it leaves over that, at most MOST_DB.
        median_db: its level half of the time, over its mean level.
    """

    voice_db: float
    median_db: float


def removed_noise(recording: Recording) -> Removed | None:
    """What the denoiser takes out of some excerpts; None without a denoiser."""
    denoiser = speech_denoiser()
    if denoiser is None:
        return None
    voice, noise = 0.0, []
    for excerpt in recording.excerpts[:: -(-len(recording.excerpts) // EXCERPTS)]:
        x = excerpt.samples[recording.loudest][None]
        cleaned = denoiser(Audio(x, excerpt.rate)).samples
        voice += float(np.square(cleaned, dtype=np.float64).sum())
        size = max(1, min(round(FRAME_S * excerpt.rate), x.shape[1]))
        removed = (x - cleaned)[0, : x.shape[1] // size * size]
        noise.append(np.square(removed, dtype=np.float64).reshape(-1, size).sum(axis=1))
    frames = np.concatenate(noise) + 1e-30
    ratio_db = 10 * np.log10(max(voice, 1e-30) / frames.sum())
    median_db = 10 * np.log10(np.median(frames) / frames.mean())
    return Removed(float(np.clip(ratio_db, -MOST_DB, MOST_DB)), float(median_db))


def speech_denoiser() -> DenoiseSpeech | None:
    """The stage that denoises speech, with its shipped checkpoint; None where there is none."""
    stage = DenoiseSpeech()
    shipped = {card.name for card in checkpoint.available([checkpoint.SHIPPED])}
    return stage if stage.checkpoint in shipped else None
