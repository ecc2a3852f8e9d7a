"""Validation of separators: held-out voices over held-out music."""

from __future__ import annotations

import numpy as np

from pipeline.evaluation.metrics import lsd, si_sdr_db, snr_db
from training.data.backgrounds import gain
from training.data.clips import INSTRUMENTS, VOICES, Clip
from training.data.noisy_examples import dither, gain_for
from training.evaluation.cases import Case, first_of_each_group, middle
from training.evaluation.scores import Scores

CASE_SECONDS = 4.0
LEVELS_DB = (0.0, -5.0, 5.0, 0.0)  # of the voice over the music, in turns
PEAK_DB = -3.0
MOST_DB = 100.0  # of a ratio: of equals it would be infinite


def separation_cases(
    clips: list[Clip],
    sample_rate: int,
    per_group: int = 1,
    seconds: float = CASE_SECONDS,
    levels_db: tuple[float, ...] = LEVELS_DB,
) -> list[Case]:
    """The middle of the first voices of each group over that of a piece of music, in turns.

    A case's clean side is (2, T): the music, and the voice last.

    Args:
        seconds: of a case, at most.
        levels_db: of the voice over the music, in turns.
    """
    first = first_of_each_group(clips, per_group)
    music = [clip for clip in first if clip.kind in INSTRUMENTS]
    voices = [clip for clip in first if clip.kind in VOICES or clip.kind.startswith("validation")]
    return [
        mixed(
            voice,
            music[number % len(music)],
            levels_db[number % len(levels_db)],
            sample_rate,
            seconds,
        )
        for number, voice in enumerate(voices if music else [])
    ]


def mixed(voice: Clip, music: Clip, level_db: float, rate: int, seconds: float) -> Case:
    """A voice over a piece of music, at a ratio of their levels."""
    length = round(seconds * rate)
    sung = middle(voice.samples, length)
    played = np.resize(middle(music.samples, length), len(sung))
    clean = np.stack((played, sung * gain_for(played, sung, -level_db))).astype(np.float32)
    clean *= gain(PEAK_DB) / max(float(np.abs(clean.sum(0)).max()), 1e-5)
    clean += dither(np.random.default_rng(0), clean.shape)
    label = f"{level_db:g} dB"
    return Case(voice.path.stem, label, clean.sum(0), clean, 0.0, voice.bandwidth_hz, voice.kind)


def score_separated(estimate: np.ndarray, case: Case, sample_rate: int) -> Scores:
    """Scores of the voice, the last of (K, T): si_sdr, snr and lsd, of the mixture ("_input") too.

    The scale-invariant ratio decides.
    """
    figures, voice = {}, case.clean[-1]
    for suffix, sound in (("_input", case.degraded), ("", np.atleast_2d(estimate)[-1])):
        figures[f"si_sdr{suffix}"] = float(np.clip(si_sdr_db(sound, voice), -MOST_DB, MOST_DB))
        figures[f"snr{suffix}"] = float(np.clip(snr_db(sound, voice), -MOST_DB, MOST_DB))
        figures[f"lsd{suffix}"] = lsd(sound, voice, sample_rate, 0, case.bandwidth_hz)
    return Scores(-figures["si_sdr"], figures, case.label)
