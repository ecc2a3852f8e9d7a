"""Noise behind a voice is what a denoiser takes out, and it is sought in speech only."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline import recipe
from pipeline.audio.sound import Audio
from pipeline.diagnosis import voice_noise
from pipeline.diagnosis.content import content
from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.noise import background_noise
from pipeline.diagnosis.propose import propose
from pipeline.diagnosis.recording import Recording
from pipeline.diagnosis.voice_noise import speech_denoiser
from pipeline.stage import Chain
from tests.support.sounds import music, speech

VOICE = Audio(speech(4.0), 48_000)


def in_noise(ratio_db: float, rng: np.random.Generator) -> Audio:
    noise = rng.standard_normal(VOICE.samples.shape)
    noise *= np.sqrt(np.mean(VOICE.samples**2) / np.mean(noise**2)) * 10 ** (-ratio_db / 20)
    return Audio((VOICE.samples + noise).astype(np.float32), VOICE.rate)


@pytest.mark.parametrize(
    ("ratio_db", "is_noisy"), [(-3, True), (10, True), (20, True), (40, False)]
)
def test_a_perfect_denoiser_tells_the_ratio(
    ratio_db: float, is_noisy: bool, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice_noise, "speech_denoiser", lambda: lambda audio: VOICE)
    finding = background_noise(Recording(in_noise(ratio_db, rng), kind="speech"))
    assert finding.value == pytest.approx(ratio_db, abs=0.1)
    assert finding.trouble == is_noisy and (finding.confidence > 0.7 or ratio_db == 20)


def test_what_finds_nothing_to_remove_finds_no_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voice_noise, "speech_denoiser", lambda: Chain())
    finding = background_noise(Recording(VOICE, kind="speech"))
    assert finding.value == voice_noise.MOST_DB and not finding.trouble


@pytest.mark.parametrize("kind", ["music", "singing", "other"])
def test_a_denoiser_of_speech_is_not_asked_about_other_sound(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice_noise, "speech_denoiser", lambda: pytest.fail("was asked"))
    assert background_noise(Recording(VOICE, kind=kind)).value is None
    assert not background_noise(Recording(Audio(0 * VOICE.samples, 48_000), kind="speech")).trouble


def proposed(confidence: float) -> list[dict[str, Any]]:
    findings = [
        Finding("content", "speech", "", confidence, "A voice."),
        Finding("background_noise", 8.0, "dB", 0.9, "Noise.", True),
        Finding("snr", 12.0, "dB", 0.9, "Hiss.", True),
    ]
    document = propose(findings)
    recipe.load(document)
    return document["stages"]


def test_one_stage_is_proposed_for_noise_behind_a_voice() -> None:
    denoiser = speech_denoiser()
    assert denoiser is not None
    for confidence in (0.4, 0.9):
        (entry,) = proposed(confidence)
        assert (entry["stage"], entry["checkpoint"]) == ("denoise_speech", denoiser.checkpoint)


def test_what_is_left_of_noise_tells_that_it_is_speech(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice_noise, "speech_denoiser", lambda: lambda audio: VOICE)
    finding = content(Recording(in_noise(0.0, rng)))
    assert finding.value == "speech" and finding.confidence > 0.5


def test_music_behind_a_voice_is_no_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voice_noise, "speech_denoiser", lambda: lambda audio: VOICE)
    bed = music(5.0).samples[:1, : VOICE.samples.shape[1]] * np.float32(0.3)
    both = Audio(VOICE.samples + bed, VOICE.rate)
    finding = background_noise(Recording(both, kind="speech"))
    assert not finding.trouble and "Music behind the voice" in finding.text
