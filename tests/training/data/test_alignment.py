"""Two sides of a pair: the lag to the sample; drift, cuts and other sound are told from it."""

from __future__ import annotations

import numpy as np
import pytest
import soxr

from pipeline.audio.sound import Audio
from pipeline.degradation.codecs import Codec
from pipeline.degradation.effects import BandLimit, MuLaw, Noise
from pipeline.stage import Chain
from tests.support.sounds import RATE, speech
from training.data.alignment import (
    ALIGNED,
    DRIFT,
    ENVELOPE,
    JUMP,
    UNRELATED,
    Alignment,
    align,
    measure,
)

TELEPHONE = Chain((BandLimit(3400.0, "butterworth"), MuLaw()))
DAMAGES = {
    "none": Chain(),
    "telephone": TELEPHONE,
    "8 kHz": BandLimit(4000.0),
    "mp3": Codec("mp3", 32.0, 48_000),
    "noise as loud as the voice": Noise(-24.0),
}


@pytest.fixture(scope="module")
def clean() -> Audio:
    """Six seconds that never repeat: the voice of `speech` under a drifting pitch, and noise."""
    rng = np.random.default_rng(5)
    hiss = rng.standard_normal(6 * RATE) * np.repeat(rng.uniform(0.0, 0.1, 60), RATE // 10)
    return Audio((0.5 * speech(6.0) + hiss).astype(np.float32), RATE)


def late(audio: Audio, lag: int) -> Audio:
    """The sound `lag` samples later, or with its first samples cut off."""
    x = audio.samples
    return Audio(np.pad(x, ((0, 0), (lag, 0))) if lag >= 0 else x[:, -lag:], audio.rate)


def slower(audio: Audio, ppm: float) -> Audio:
    made = soxr.resample(audio.samples[0], audio.rate, audio.rate * (1 + ppm * 1e-6))
    return Audio(made[None], audio.rate)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("lag", [1, -37, 1234])
def test_a_lag_is_found_to_the_sample_through_damage(clean: Audio, damage, lag: int) -> None:
    assert measure(late(damage(clean), lag), clean) == Alignment(ALIGNED, lag)


def test_the_corrected_sides_are_the_same_sound(clean: Audio) -> None:
    for lag in (250, -250):
        turned = Audio(-late(clean, lag).samples, RATE)
        found = measure(turned, clean)
        assert found == Alignment(ALIGNED, lag, 0.0, inverted=True)
        degraded, target = align(turned, clean, found)
        assert np.array_equal(degraded, target)
        assert degraded.shape[1] == clean.frames - max(0, -lag)


def test_a_pair_far_apart_and_of_other_lengths_is_brought_together(clean: Audio) -> None:
    whole = late(clean, 2 * RATE + 11)
    assert measure(whole, clean) == Alignment(ALIGNED, 2 * RATE + 11)
    assert measure(clean, whole) == Alignment(ALIGNED, -2 * RATE - 11)


@pytest.mark.parametrize("ppm", [50, -200, 1000])
def test_drift_is_measured_in_parts_per_million_and_refused(clean: Audio, ppm: float) -> None:
    found = measure(late(slower(clean, ppm), 300), clean)
    assert found.verdict == DRIFT and not found.usable
    assert found.drift_ppm == pytest.approx(ppm, rel=0.12)
    assert f"{found.drift_ppm:g} ppm" in found.text(RATE)


def test_a_cut_is_a_jump(clean: Audio) -> None:
    x = clean.samples
    for at in (RATE, 3 * RATE, 5 * RATE):
        cut = Audio(np.concatenate([x[:, :at], x[:, at + 400 :]], axis=1), RATE)
        found = measure(cut, clean)
        assert found.verdict == JUMP and not found.usable


def test_other_sound_and_silence_are_unrelated(clean: Audio) -> None:
    other = np.roll(speech(6.0, seed=3)[:, ::-1], RATE // 3, axis=1)
    for samples in (other, np.zeros_like(other), other[:, :RATE]):
        found = measure(Audio(samples, RATE), clean)
        assert (found.verdict, found.usable) == (UNRELATED, False)


def test_a_side_of_another_waveform_is_placed_by_its_loudness(clean: Audio) -> None:
    from scipy import signal

    rng = np.random.default_rng(1)
    spectrum = np.abs(signal.stft(clean.samples[0], RATE, nperseg=1024)[2])
    turned = spectrum * np.exp(2j * np.pi * rng.random(spectrum.shape))
    revoiced = signal.istft(turned, RATE, nperseg=1024)[1][: clean.frames].astype(np.float32)
    for lag in (0, 4800):
        found = measure(late(Audio(revoiced[None], RATE), lag), clean)
        assert found.verdict == ENVELOPE and found.usable
        assert abs(found.lag - lag) < 0.01 * RATE


def test_rates_must_agree_and_sides_must_meet(clean: Audio) -> None:
    with pytest.raises(ValueError, match="rates: got 44100 and 48000"):
        measure(Audio(clean.samples, 44_100), clean)
    with pytest.raises(ValueError, match="more than the recordings last"):
        align(clean, clean, Alignment(ALIGNED, clean.frames))
