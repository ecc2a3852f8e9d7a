"""Validation of separators: held-out voices over held-out music."""

from __future__ import annotations

import numpy as np

from training.data.backgrounds import VOICES, gain
from training.data.clips import INSTRUMENTS, Clip
from training.data.noisy_examples import gain_for
from training.evaluation.cases import Case, first_of_each_group, middle

CASE_SECONDS = 4.0
LEVELS_DB = (0.0, -5.0, 5.0, 0.0)  # of the voice over the music, in turns
PEAK_DB = -3.0


def separation_cases(clips: list[Clip], sample_rate: int, per_group: int = 1) -> list[Case]:
    """The middle of the first voices of each group over the middle of the music, in turns.

    A case's clean side is the voice.
    """
    first = first_of_each_group(clips, per_group)
    voices = [clip for clip in first if clip.kind in VOICES or clip.kind.startswith("validation")]
    music = [clip for clip in first if clip.kind in INSTRUMENTS]
    return [
        mixed(voice, music[number % len(music)], LEVELS_DB[number % len(LEVELS_DB)], sample_rate)
        for number, voice in enumerate(voices)
        if music
    ]


def mixed(voice: Clip, music: Clip, level_db: float, rate: int) -> Case:
    """A voice over a piece of music at a ratio of levels."""
    length = round(CASE_SECONDS * rate)
    clean = middle(voice.samples, length)
    rest = np.resize(middle(music.samples, length), len(clean))
    rest = rest * gain_for(clean, rest, level_db)
    scale = gain(PEAK_DB) / max(float(np.abs(clean + rest).max()), 1e-5)
    clean, rest = clean * scale, rest * scale
    label = f"{level_db:g} dB"
    return Case(
        voice.path.stem, label, clean + rest, clean, 0.0, voice.bandwidth_hz, voice.kind
    )
