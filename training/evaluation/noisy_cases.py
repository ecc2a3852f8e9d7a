"""Validation of nets that clean: held-out recordings, damaged, at known signal-to-noise ratios."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.random import Generator

from pipeline.audio.sound import Audio
from pipeline.degradation.effects import noise_floor
from pipeline.degradation.random_chain import generated_damage
from pipeline.evaluation.metrics import l1, lsd, seg_snr_db, snr_db
from training.data.clips import Clip
from training.data.noisy_examples import NOISES, dither, gain_for, recorded
from training.data.room_noise import KNOTS_HZ, made_up
from training.evaluation.cases import Case, first_of_each

CASE_SNRS_DB = (0.0, 5.0, 10.0, 20.0)
CASE_SECONDS = 4.0


def noisy_cases(clips: list[Clip], sample_rate: int, per_group: int = 1) -> list[Case]:
    """The middle of the first clips of each held-out group, damaged, one SNR after the other.

    Noise comes from held-out recordings, and every third time it is made up.
    """
    noises = [clip for clip in clips if clip.kind == NOISES]
    made: list[Case] = []
    for clip in first_of_each(clips, per_group):
        if clip.kind != NOISES:
            rng = np.random.default_rng(len(made))
            made.append(_case(clip, noises, CASE_SNRS_DB[len(made) % 4], sample_rate, rng))
    return made


def _case(clip: Clip, noises: list[Clip], wanted_db: float, rate: int, rng: Generator) -> Case:
    length = round(CASE_SECONDS * rate)
    start = max(0, (len(clip.samples) - length) // 2)
    clean = clip.samples[start : start + length]
    clean = np.float32(0.5) * clean / max(float(np.abs(clean).max()), 1e-4)
    clean = clean + dither(rng, clean.shape)
    damaged = generated_damage(rng)(Audio(clean[None], rate)).samples[0]
    if noises and rng.random() < 2 / 3:
        noise = recorded(noises[rng.integers(len(noises))], len(clean), rng)
    else:
        noise = noise_floor(rng, (1, len(clean)), rate, KNOTS_HZ, made_up(rng))[0]
    degraded = damaged + noise * gain_for(clean, noise, wanted_db)
    name = f"{Path(clip.path).stem}@{wanted_db:g}dB"
    return Case(name, degraded.astype(np.float32), clean, 0.0, rate / 2, clip.kind)


def measure_noisy(estimate: np.ndarray, case: Case, sample_rate: int) -> dict[str, float]:
    """Figures of one cleaned case, (T,): snr, seg_snr, lsd and l1, before ("_input") and after.

    Returns:
        those, and "score", what is judged, lower is better: log-spectral distance less a tenth of
        the segmental SNR in dB.
    """
    row = {}
    for end, sound in (("_input", case.degraded), ("", estimate)):
        sound, clean = sound[None], case.clean[None]
        row[f"snr{end}"] = snr_db(sound, clean)
        row[f"seg_snr{end}"] = seg_snr_db(sound, clean, sample_rate)
        row[f"lsd{end}"] = lsd(sound, clean, sample_rate, 0, sample_rate / 2)
        row[f"l1{end}"] = l1(sound, clean)
    return {**row, "score": row["lsd"] - 0.1 * row["seg_snr"]}
