"""Examples for nets that clean: repeatable, at the ratio asked for, noise never a target."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from models.registry import build
from pipeline.degradation.additions import gain_for
from training.config import TrainingConfig
from training.data.clips import Clip
from training.data.noisy_examples import NoisyExamples, recorded_noise
from training.evaluation.noisy_cases import CASE_SNRS_DB, noisy_cases, score_noisy
from training.learn.losses import Losses
from training.learn.trainer import Trainer
from training.runs.run_folder import RunFolder

RATE = 16_000
TINY = {
    "model": "mask_unet",
    "config": {
        "base": 8, "groups": 4, "n_fft": 64, "hop": 16, "dilations": [1], "sample_rate": RATE,
    },
    "damage": "generated",
    "seconds": 0.3,
    "batch": 4,
    "steps": 2,
    "losses": {"magnitude": 1.0, "waveform": 10.0},
    "kinds": {"speech": 1.0, "noise": 1.0},
    "precision": "no",
}  # fmt: skip


def clips(count: int = 4) -> list[Clip]:
    rng = np.random.default_rng(0)
    at = np.arange(5 * RATE) / RATE
    made = [
        Clip(Path(f"voice{n}.wav"), tone(at, 150 + 40 * n), RATE / 2, f"v{n}", "speech")
        for n in range(count)
    ]
    hiss = 0.3 * rng.standard_normal(RATE).astype(np.float32)
    return [*made, Clip(Path("hiss.wav"), hiss, RATE / 2, "hiss", "noise")]


def tone(at: np.ndarray, hz: float) -> np.ndarray:
    wave = sum(np.sin(2 * np.pi * hz * k * at) / k for k in range(1, 12))
    return (0.2 * wave * (1 + np.sin(2 * np.pi * 3 * at))).astype(np.float32)


@pytest.mark.parametrize("channels", [1, 2])
def test_example_number_i_is_always_the_same_and_well_formed(channels: int) -> None:
    first, second = (
        NoisyExamples(clips(), TrainingConfig(**TINY), RATE, 50, channels) for _ in range(2)
    )
    for index in range(30):
        item = first[index]
        assert item["degraded"].shape == item["clean"].shape == (channels, round(0.3 * RATE))
        assert all(value.isfinite().all() for value in item.values())
        assert torch.equal(item["degraded"], second[index]["degraded"])
    assert not torch.equal(first[0]["clean"], first[1]["clean"])


def test_two_channels_differ_in_places_and_noise() -> None:
    examples = NoisyExamples(clips(), TrainingConfig(**TINY), RATE, 50, 2)
    items = [examples[index] for index in range(30)]
    placed = [not torch.equal(*item["clean"]) for item in items]
    apart = [not torch.equal(*(item["degraded"] - item["clean"])) for item in items]
    assert 5 < sum(placed) < 30 and sum(apart) > 20


def test_noise_comes_at_its_ratio_and_is_repeated_where_too_short() -> None:
    rng = np.random.default_rng(0)
    clean, noise = rng.standard_normal((1, 4000)), 5 * rng.standard_normal((1, 4000))
    scaled = noise * gain_for(clean, noise, 10.0)
    assert 10 * np.log10(np.mean(clean**2) / np.mean(scaled**2)) == pytest.approx(10, abs=1e-3)
    short = Clip(Path("a"), np.array([0.1, -0.2, 0.05], np.float32), RATE, "a", "noise")
    looped = recorded_noise(short, 7, rng)
    assert looped.shape == (7,) and np.abs(looped).max() == 1


def test_cases_are_of_held_out_sound_in_held_out_noise_at_each_ratio() -> None:
    held_out = clips(8)
    cases = noisy_cases(held_out, RATE)
    assert [(case.recording, case.label) for case in cases[:4]] == [
        (f"voice{n}", f"{db:g} dB SNR") for n, db in zip(range(4), CASE_SNRS_DB, strict=True)
    ]
    assert len(cases) == 8
    for case in cases:
        scores = score_noisy(case.degraded, case, RATE)
        assert scores.figures["lsd"] == scores.figures["lsd_input"] > 0.3
        assert scores.figures["snr"] == scores.figures["snr_input"] < 21
        perfect = score_noisy(case.clean, case, RATE)
        assert perfect.figures["lsd"] == 0 and perfect.score < scores.score


@pytest.fixture
def voices(tmp_path: Path) -> Path:
    import soundfile as sf

    rows = ["path,kind,effective_bandwidth_hz,speaker_or_group"]
    for clip in clips():
        sf.write(tmp_path / clip.path.name, clip.samples, RATE)
        rows.append(f"{clip.path.name},{clip.kind},8000,{clip.group}")
    (tmp_path / "MANIFEST.csv").write_text("\n".join(rows))
    return tmp_path


def trainer(voices: Path, run: Path, **changes: object) -> Trainer:
    return Trainer(
        TrainingConfig(**{**TINY, "validation_groups": ("v0",), **changes}),
        [voices],
        RunFolder(run),
    )


def test_a_batch_in_parts_is_the_same_step(voices: Path, tmp_path: Path) -> None:
    weights = []
    for parts in (1, 4):
        made = trainer(voices, tmp_path / str(parts), accumulation=parts)
        made.fit()
        weights.append([p.detach().clone() for p in made.learner.net.parameters()])
    assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(*weights, strict=True))


@pytest.mark.parametrize("model", ["mask_unet", "wavenet"])
def test_one_batch_can_be_learned_by_heart(model: str) -> None:
    config = TINY["config"] if model == "mask_unet" else {"channels": 32, "layers": 5, "patch": 4}
    examples = NoisyExamples(clips(), TrainingConfig(**TINY), RATE, 4)
    items = [examples[index] for index in range(4)]
    batch = {name: torch.stack([item[name] for item in items]) for name in items[0]}
    torch.manual_seed(0)
    net, losses = build(model, config), Losses({"waveform": 1.0}, RATE)
    optimizer = torch.optim.Adam(net.parameters(), 3e-3)
    totals = []
    for turn in range(80):
        total = losses(net(batch["degraded"]), batch["clean"], batch["trust_hz"], turn)["total"]
        total.backward()
        optimizer.step()
        optimizer.zero_grad()
        totals.append(float(total.detach()))
    assert totals[-1] < 0.8 * totals[0]


def test_noise_alone_and_unknown_damage_are_refused(voices: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="every recording is held out"):
        trainer(voices, tmp_path / "run", kinds={"noise": 1.0})
    with pytest.raises(ValueError, match="damage: got 'rain'"):
        dataclasses.replace(TrainingConfig(**TINY), damage="rain")
    with pytest.raises(ValueError, match="accumulation: got 3"):
        dataclasses.replace(TrainingConfig(**TINY), accumulation=3)
