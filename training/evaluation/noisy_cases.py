"""Validation of nets that clean: held-out recordings, damaged, at known signal-to-noise ratios."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from pipeline.audio.sound import Audio
from pipeline.degradation.additions import gain_for
from pipeline.degradation.effects import noise_floor
from pipeline.degradation.random_chain import generated_damage
from pipeline.evaluation.metrics import l1, lsd, seg_snr_db, snr_db
from training.data.clips import NOISES, Clip
from training.data.noisy_examples import dither, recorded_noise
from training.data.room_noise import KNOTS_HZ, synthetic_floor
from training.evaluation.cases import Case, first_of_each_group, middle
from training.evaluation.scores import Scores

CASE_SNRS_DB = (0.0, 5.0, 10.0, 20.0)
CASE_SECONDS = 4.0


def noisy_cases(clips: list[Clip], sample_rate: int, per_group: int = 1) -> list[Case]:
    """The middle of the first clips of each group, damaged, at one SNR after the other.

    Two thirds of the noises are held-out recordings, the others are synthetic.
    """
    noises = [clip for clip in clips if clip.kind == NOISES]
    first = first_of_each_group(clips, per_group)
    sounds = [clip for clip in first if clip.kind != NOISES]
    return [
        _case(clip, noises, CASE_SNRS_DB[at % 4], sample_rate, np.random.default_rng(at))
        for at, clip in enumerate(sounds)
    ]


def _case(clip: Clip, noises: list[Clip], snr: float, rate: int, rng: Generator) -> Case:
    clean = middle(clip.samples, round(CASE_SECONDS * rate))
    clean = np.float32(0.5) * clean / max(float(np.abs(clean).max()), 1e-4)
    clean = clean + dither(rng, clean.shape)
    damaged = generated_damage(rng)(Audio(clean[None], rate)).samples[0]
    if noises and rng.random() < 2 / 3:
        noise = recorded_noise(noises[rng.integers(len(noises))], len(clean), rng)
    else:
        noise = noise_floor(rng, (1, len(clean)), rate, KNOTS_HZ, synthetic_floor(rng))[0]
    degraded = (damaged + noise * gain_for(clean, noise, snr)).astype(np.float32)
    label = f"{snr:g} dB SNR"
    return Case(clip.path.stem, label, degraded, clean, 0.0, rate / 2, clip.kind)


def score_noisy(estimate: np.ndarray, case: Case, sample_rate: int) -> Scores:
    """Scores of one cleaned case, (T,): snr, seg_snr, lsd and l1, of the input ("_input") too.

    The log-spectral distance less a tenth of the segmental SNR in dB decides.
    """
    figures = {}
    for suffix, sound in (("_input", case.degraded), ("", estimate)):
        sound, clean = sound[None], case.clean[None]
        figures[f"snr{suffix}"] = snr_db(sound, clean)
        figures[f"seg_snr{suffix}"] = seg_snr_db(sound, clean, sample_rate)
        figures[f"lsd{suffix}"] = lsd(sound, clean, sample_rate, 0, sample_rate / 2)
        figures[f"l1{suffix}"] = l1(sound, clean)
    return Scores(figures["lsd"] - 0.1 * figures["seg_snr"], figures, case.label)
