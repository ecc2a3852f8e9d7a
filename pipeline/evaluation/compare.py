"""All metrics of one recording against its clean reference, at a common rate and length."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio, AudioError
from pipeline.evaluation import metrics

LENGTH_SLACK_S = 0.1
"""Two takes of one recording may differ by this much (a codec's padding); the rest is compared."""


@dataclass(frozen=True)
class Scores:
    """The metrics of `pipeline.evaluation.metrics`, which defines each."""

    lsd: float
    snr_db: float
    seg_snr_db: float
    si_sdr_db: float
    stoi: float
    mel_db: float
    l1: float
    mse: float


def compare(estimate: Audio, target: Audio) -> Scores:
    """Compares an estimate, resampled to the target's rate, with its target.

    Raises:
        AudioError: different numbers of channels, or lengths more than LENGTH_SLACK_S apart.
    """
    estimate = resample(estimate, target.rate)
    if estimate.channels != target.channels:
        got = f"{estimate.channels} and {target.channels} channels"
        raise AudioError(f"got {got}, expected two takes of one recording")
    if abs(estimate.frames - target.frames) > LENGTH_SLACK_S * target.rate:
        got = f"{estimate.seconds:.2f} s and {target.seconds:.2f} s"
        raise AudioError(f"got {got} of sound, expected two takes of one recording; cut them alike")
    frames, rate = min(estimate.frames, target.frames), target.rate
    pair = estimate.samples[:, :frames], target.samples[:, :frames]
    return Scores(
        lsd=metrics.lsd(*pair, rate),
        snr_db=metrics.snr_db(*pair),
        seg_snr_db=metrics.seg_snr_db(*pair, rate),
        si_sdr_db=metrics.si_sdr_db(*pair),
        stoi=metrics.stoi(*pair, rate),
        mel_db=metrics.mel_distance_db(*pair, rate),
        l1=metrics.l1(*pair),
        mse=metrics.mse(*pair),
    )
