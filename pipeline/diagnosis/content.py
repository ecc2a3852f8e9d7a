"""What a recording holds: speech, music, singing or other sound."""

from __future__ import annotations

from models.card import CLASSES
from pipeline.diagnosis.classes import class_chances
from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.recording import Recording
from pipeline.diagnosis.voice_noise import removed_noise

LEAST_S = 0.5
CLEAR = 0.75  # confidence below is called uncertain
POSSIBLE = 0.15  # chance of speech from which it may be speech in noise
MOST = 0.99
TITLES = {"speech": "speech", "music": "music", "singing": "singing", "other": "other sound"}


def content(recording: Recording) -> Finding:
    """One of `models.card.CLASSES`, and how sure that is; what the user says is certain."""
    if recording.kind is not None:
        return stated(recording.kind)
    if recording.silent or recording.audio.seconds < LEAST_S:
        return Finding("content", None, "", 0.0, "Too little sound to tell speech from music.")
    chances = _chances(recording)
    kind = _likeliest(chances)
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


def _chances(recording: Recording) -> dict[str, float]:
    """Chances of the excerpts of the loudest channel; of a voice in noise, those of the voice."""
    sounds = [excerpt.samples[recording.loudest] for excerpt in recording.excerpts]
    chances = class_chances(sounds, recording.audio.rate)
    if max(chances.values()) > CLEAR or chances["speech"] < POSSIBLE:
        return chances
    removed = recording.ask(removed_noise)
    return removed.voice if removed is not None and removed.is_voice_in_noise else chances


def _likeliest(chances: dict[str, float]) -> str:
    """The likeliest class; a voice, spoken or sung, is one thing beside music and other sound."""
    voice = max(("speech", "singing"), key=lambda name: chances[name])
    of_voice = chances["speech"] + chances["singing"]
    return max((voice, "music", "other"), key={**chances, voice: of_voice}.__getitem__)
