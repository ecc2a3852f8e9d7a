"""Examples of noisy speech: repeatable, at the ratio asked for, with targets that stay natural."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from training.config import TrainingConfig, config_path, read_config
from training.data import noisy_speech
from training.data.backgrounds import SOURCES, Backgrounds, group_chances
from training.data.clips import Clip
from training.data.noisy_speech import (
    SNR_DB,
    TARGET_NOISE_DB,
    NoisySpeechExamples,
    ReverberantSpeechExamples,
    VoiceOverMusicExamples,
    level_range_db,
)
from training.evaluation.noisy_speech_cases import (
    CASE_SNRS_DB,
    MUSIC_SNRS_DB,
    noisy_speech_cases,
    score_noisy_speech,
    voice_over_music_cases,
)
from training.learn.losses import Losses

RATE = 48_000
CONFIG = TrainingConfig(
    damage="noisy_speech",
    seconds=0.5,
    losses={"sdr": 1.0, "complex": 1.0},
    kinds={"speech": 0.9, "stem_vocals": 0.1, "noise": 1.0, "music": 1.0, "ir": 1.0},
)
DEGRADED_NOISE = 1 - 10 ** (TARGET_NOISE_DB / 20)  # share of the noise that the target lacks


def clips() -> list[Clip]:
    rng = np.random.default_rng(0)
    voices = [clip(f"v{n}", "speech", tone(120 + 30 * n)) for n in range(5)]
    room = rng.standard_normal(9600) * np.exp(-np.arange(9600) / 2000)
    return [
        *voices,
        clip("song", "stem_vocals", tone(120)[::-1].copy()),
        clip("hiss", "noise", 0.1 * rng.standard_normal(RATE)),
        clip("tune", "music", tone(300)[::2].copy()),
        clip("room", "ir", room),
    ]


def tone(hz: float) -> np.ndarray:
    time_s = np.arange(2 * RATE) / RATE
    wave = sum(np.sin(2 * np.pi * hz * k * time_s) / k for k in range(1, 12))
    return 0.2 * wave * np.maximum(np.sin(2 * np.pi * 2 * time_s), 1e-3)


def clip(name: str, kind: str, samples: np.ndarray) -> Clip:
    return Clip(Path(f"{name}.wav"), samples.astype(np.float32), RATE / 2, name, kind)


def examples() -> NoisySpeechExamples:
    return NoisySpeechExamples(clips(), CONFIG, RATE, 200)


def ratio_db(signal: torch.Tensor, noise: torch.Tensor) -> float:
    return 10 * float(torch.log10(signal.square().sum() / noise.square().sum()))


def test_example_number_i_is_always_the_same_and_well_formed() -> None:
    first, second = examples(), examples()
    for index in range(60):
        item, again = first[index], second[index]
        assert item["degraded"].shape == item["clean"].shape == (1, RATE // 2)
        assert item["degraded"].dtype == item["clean"].dtype == torch.float32
        assert all(value.isfinite().all() for value in item.values())
        assert item["degraded"].abs().max() < 1.1
        assert all(torch.equal(value, again[name]) for name, value in item.items())


def test_noise_comes_at_the_ratio_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    for share in ("CLEAN", "NEAR_CLEAN", "VOICELESS", "FLOOR_SHARE", "NARROW"):
        monkeypatch.setattr(noisy_speech, share, 0.0)
    monkeypatch.setattr(NoisySpeechExamples, "reverberant", 0.0)
    monkeypatch.setattr(noisy_speech, "PEAK_DB", (0.0, 0.0))
    ratios = []
    drawn = examples()
    for index in range(60):
        item = drawn[index]
        noise = (item["degraded"] - item["clean"]) / DEGRADED_NOISE
        ratios.append(ratio_db(item["degraded"] - noise, noise))
    assert SNR_DB[0] - 0.1 < min(ratios) < SNR_DB[0] + 3
    assert SNR_DB[1] - 3 < max(ratios) < SNR_DB[1] + 0.1


def test_voices_stand_in_rooms_as_often_as_the_task_says() -> None:
    shares = []
    for cls in (NoisySpeechExamples, ReverberantSpeechExamples):
        drawn = cls(clips(), CONFIG, RATE, 60)
        voices = [drawn._voice(np.random.default_rng(seed)) for seed in range(60)]
        shares.append(np.mean([not np.array_equal(v.recorded, v.target) for v in voices]))
    assert 0.02 < shares[0] < 0.25
    assert 0.7 < shares[1] < 0.99


def test_a_target_without_voice_is_the_noise_at_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noisy_speech, "VOICELESS", 1.0)
    monkeypatch.setattr(noisy_speech, "PEAK_DB", (0.0, 0.0))
    drawn = examples()
    for index in range(20):
        item = drawn[index]
        assert not item["voiced"]
        assert ratio_db(item["clean"], item["degraded"]) == pytest.approx(TARGET_NOISE_DB, abs=0.1)


def test_clean_and_voiceless_examples_are_among_them() -> None:
    drawn = examples()
    items = [drawn[index] for index in range(200)]
    assert 1 <= sum(not item["voiced"] for item in items) <= 15
    clean = [torch.equal(item["degraded"], item["clean"]) for item in items]
    assert 4 <= sum(clean) <= 40


def test_without_voices_there_are_no_examples() -> None:
    with pytest.raises(ValueError, match="got no voices"):
        NoisySpeechExamples(clips()[6:], CONFIG, RATE, 1)


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("count", [1, 9])
def test_every_background_sounds_with_and_without_recordings(name: str, count: int) -> None:
    rng = np.random.default_rng(1)
    sound = Backgrounds(clips()[:count], RATE).source(name, 9600, "v0", rng)
    assert sound.shape == (9600,) and np.isfinite(sound).all() and sound.std() > 0


def test_babble_has_no_voice_of_the_speaker() -> None:
    loud, other = clip("v0", "speech", np.ones(RATE)), clip("v1", "speech", tone(150))
    alone, both = Backgrounds([other], RATE), Backgrounds([loud, other], RATE)
    for seed in range(5):
        drawn = [
            some.source("babble", 9600, "v0", np.random.default_rng(seed)) for some in (alone, both)
        ]
        assert np.array_equal(*drawn)


def test_a_room_keeps_the_level_and_the_target_has_less_of_it() -> None:
    backgrounds, rng = Backgrounds(clips(), RATE), np.random.default_rng(3)
    dry = np.zeros(RATE, np.float32)
    dry[4800:4900] = 1
    wet, early = backgrounds.reverberant(dry, rng)
    assert np.isclose(np.mean(wet**2), np.mean(dry**2), rtol=0.05)
    assert np.sum(early[9600:] ** 2) < 0.5 * np.sum(wet[9600:] ** 2)


def test_groups_are_drawn_by_the_root_of_their_length() -> None:
    some = [clip("a", "noise", np.zeros(16 * RATE)), clip("b", "noise", np.zeros(RATE))]
    assert np.allclose(group_chances(some), (0.8, 0.2))


def test_the_level_range_leaves_digital_silence_out() -> None:
    noise = np.random.default_rng(0).standard_normal(RATE)

    def range_of(samples: np.ndarray) -> float:
        return level_range_db(clip("a", "speech", samples), RATE)

    assert range_of(np.concatenate((noise, np.zeros(RATE)))) < 3
    assert range_of(np.concatenate((noise, 0.001 * noise))) > 50
    assert range_of(np.zeros(RATE)) == 0


def test_cases_are_voices_at_each_ratio_and_the_clean_voice_scores_best() -> None:
    cases = noisy_speech_cases(clips(), RATE)
    assert [case.label for case in cases] == [f"{db:g} dB SNR" for db in CASE_SNRS_DB]
    for case, wanted_db in zip(cases, CASE_SNRS_DB, strict=True):
        scores = [score_noisy_speech(x, case, RATE) for x in (case.clean, case.degraded)]
        assert scores[1].figures["snr"] == pytest.approx(wanted_db, abs=0.1)
        assert scores[1].figures["si_sdr"] == scores[0].figures["si_sdr_input"]
        assert np.isfinite(scores[0].score) and scores[0].score < scores[1].score


def test_the_shipped_config_fits_task_and_losses() -> None:
    config = read_config(config_path("denoiser-speech"))
    assert config.damage == "noisy_speech"
    Losses(config.losses, RATE)


def test_behind_a_voice_over_music_there_is_music_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noisy_speech, "VOICELESS", 1.0)
    monkeypatch.setattr(noisy_speech, "NARROW", 0.0)
    one = clip("tune", "music", np.sin(2 * np.pi * 300 * np.arange(RATE) / RATE))
    drawn = VoiceOverMusicExamples([*clips()[:2], one], CONFIG, RATE, 20)
    for index in range(5):
        item = drawn[index]
        power = torch.fft.rfft(item["degraded"][0]).abs() ** 2
        below_hz = round(1000 * CONFIG.seconds)
        assert power[:below_hz].sum() > 0.99 * power.sum()
        ratio = ratio_db(item["clean"], item["degraded"])
        assert ratio == pytest.approx(VoiceOverMusicExamples.target_noise_db, abs=1)


def test_cases_of_a_voice_over_music_are_at_their_ratios() -> None:
    cases = voice_over_music_cases(clips(), RATE)
    wanted = [MUSIC_SNRS_DB[n % len(MUSIC_SNRS_DB)] for n in range(len(cases))]
    ratios = [score_noisy_speech(c.degraded, c, RATE).figures["snr"] for c in cases]
    assert ratios == pytest.approx(wanted, abs=0.1)
