"""Validation of nets that denoise speech: held-out voices in noise at known ratios."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from pipeline.degradation.additions import gain_for
from pipeline.evaluation.metrics import lsd, si_sdr_db, snr_db
from training.data.backgrounds import Backgrounds, gain
from training.data.clips import VOICES, Clip
from training.data.noisy_examples import dither
from training.data.noisy_speech import LIVE_ROOMS
from training.evaluation.cases import Case, first_of_each_group, middle
from training.evaluation.scores import Scores

CASE_SNRS_DB = (-5.0, 0.0, 5.0, 10.0, 15.0, 40.0)
MUSIC_SNRS_DB = (-5.0, 0.0, 5.0)
CASE_SECONDS = 4.0
DrawNoise = Callable[[Clip, int, Generator], np.ndarray]
MOST_DB = 100.0  # of a ratio: of equals it would be infinite


def noisy_speech_cases(clips: list[Clip], sample_rate: int, per_group: int = 2) -> list[Case]:
    """The middle of the first voices of each group, at one SNR after the other.

    The background is held-out noise, babble of the other held-out groups, music, or synthetic.
    """
    backgrounds = Backgrounds(clips, sample_rate)

    def noise(clip: Clip, length: int, rng: Generator) -> np.ndarray:
        return backgrounds.draw(length, clip.group, rng)

    return _cases(clips, sample_rate, per_group, CASE_SNRS_DB, noise)


def voice_over_music_cases(clips: list[Clip], sample_rate: int, per_group: int = 2) -> list[Case]:
    """The same voices over held-out music."""
    backgrounds = Backgrounds(clips, sample_rate)

    def noise(_: Clip, length: int, rng: Generator) -> np.ndarray:
        return backgrounds.music(length, rng)

    return _cases(clips, sample_rate, per_group, MUSIC_SNRS_DB, noise)


def reverberant_speech_cases(clips: list[Clip], sample_rate: int, per_group: int = 2) -> list[Case]:
    """`noisy_speech_cases` of voices in rooms; their targets keep almost nothing of the room."""
    backgrounds = Backgrounds(clips, sample_rate)
    return [
        _in_a_room(case, backgrounds, number)
        for number, case in enumerate(noisy_speech_cases(clips, sample_rate, per_group))
    ]


def _in_a_room(case: Case, backgrounds: Backgrounds, seed: int) -> Case:
    rng = np.random.default_rng([seed, 1])
    wet, dry = backgrounds.reverberant(case.clean, rng, LIVE_ROOMS)
    return replace(case, degraded=wet + case.degraded - case.clean, clean=dry)


def _cases(
    clips: list[Clip], rate: int, per_group: int, snrs_db: tuple[float, ...], noise: DrawNoise
) -> list[Case]:
    voices = [clip for clip in first_of_each_group(clips, per_group) if clip.kind in VOICES]
    return [
        _case(clip, rate, snrs_db[number % len(snrs_db)], number, noise)
        for number, clip in enumerate(voices)
    ]


def _case(clip: Clip, rate: int, wanted_db: float, seed: int, draw_noise: DrawNoise) -> Case:
    rng = np.random.default_rng(seed)
    clean = middle(clip.samples, round(CASE_SECONDS * rate))
    clean = gain(rng.uniform(-20, -1)) * clean / max(float(np.abs(clean).max()), 1e-4)
    clean = clean + dither(rng, clean.shape)
    noise = draw_noise(clip, len(clean), rng)
    degraded = clean + noise * gain_for(clean, noise, wanted_db)
    label = f"{wanted_db:g} dB SNR"
    return Case(clip.path.stem, label, degraded, clean, 0.0, clip.bandwidth_hz, clip.kind)


def score_noisy_speech(estimate: np.ndarray, case: Case, sample_rate: int) -> Scores:
    """Scores of one denoised case, (T,): si_sdr, snr and lsd, of the input ("_input") too.

    Half the log-spectral distance less a tenth of the SI-SDR in dB decides.
    """
    figures = {}
    for suffix, sound in (("_input", case.degraded), ("", estimate)):
        figures[f"si_sdr{suffix}"] = _bounded(si_sdr_db(sound, case.clean))
        figures[f"snr{suffix}"] = _bounded(snr_db(sound, case.clean))
        figures[f"lsd{suffix}"] = lsd(sound, case.clean, sample_rate, 0, case.bandwidth_hz)
    return Scores(0.5 * figures["lsd"] - 0.1 * figures["si_sdr"], figures, case.label)


def _bounded(ratio_db: float) -> float:
    return float(np.clip(ratio_db, -MOST_DB, MOST_DB))
