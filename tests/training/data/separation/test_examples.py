"""Examples for separators: repeatable, additive, at the ratio asked for; a net learns from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from training.config import TrainingConfig
from training.data.clips import Clip
from training.data.separation import examples
from training.data.separation.examples import SeparationExamples
from training.data.separation.recordings import Recordings
from training.evaluation.judge import judge_run
from training.evaluation.separation_cases import score_separated, separation_cases
from training.learn.trainer import Trainer
from training.runs.events import read_events
from training.runs.run_folder import RunFolder

RATE = 8000
NET = {"levels": 2, "filters": 8, "difference": True, "sample_rate": RATE}
CONFIG = TrainingConfig(
    model="wave_unet",
    config=NET,
    damage="separation",
    seconds=0.25,
    kinds={"speech": 0.8, "stem_vocals": 0.2, "music": 0.7, "stem_bass": 0.1, "stem_drums": 0.1}
    | {"stem_other": 0.1},
    losses={"mse": 1.0},
)


def clips() -> list[Clip]:
    rng = np.random.default_rng(0)
    time_s = np.arange(2 * RATE) / RATE
    voices = [np.sin(2 * np.pi * hz * time_s) * (time_s % 1) for hz in (150, 190, 230)]
    music = np.diff(rng.standard_normal((5, 2 * RATE + 1)))  # rises with frequency
    return [
        *(_clip(f"v{n}", "speech", 0.2 * voice) for n, voice in enumerate(voices)),
        _clip("song", "stem_vocals", 0.2 * voices[0][::-1]),
        _clip("tune", "music", 0.1 * music[0]),
        _clip("tune", "music", 0.1 * music[1]),  # its other channel
        *(_clip(kind, kind, 0.1 * row) for kind, row in zip(STEMS, music[2:], strict=True)),
    ]


STEMS = ("stem_bass", "stem_drums", "stem_other")


def _clip(name: str, kind: str, samples: np.ndarray) -> Clip:
    return Clip(Path(f"{name}.wav"), samples.astype(np.float32), RATE / 2, name, kind)


def _examples(**net) -> SeparationExamples:
    config = TrainingConfig(**{**vars(CONFIG), "config": {**NET, **net}})
    return SeparationExamples(clips(), config, RATE, 1000)


@pytest.mark.parametrize("net", [{}, {"channels": 2}, {"channels": 2, "sources": 4}])
def test_sources_add_up_and_an_item_is_always_the_same(net) -> None:
    some = _examples(**net)
    for index in range(20):
        item = some[index]
        shape = (net.get("sources", 2), net.get("channels", 1), RATE // 4)
        assert item["clean"].shape == shape
        assert (item["clean"].sum(0) - item["degraded"]).abs().max() < 1e-6
        assert all(torch.equal(value, some[index][name]) for name, value in item.items())
    assert not torch.equal(some[0]["degraded"], some[1]["degraded"])


def test_a_net_with_context_gets_the_mixture_around_its_sources() -> None:
    item = _examples(context=True)[3]
    size = item["degraded"].shape[-1]
    cut = (size - item["clean"].shape[-1]) // 2
    assert item["clean"].shape[-1] >= RATE // 4
    middle = item["degraded"][..., cut : size - cut]
    assert (item["clean"].sum(0) - middle).abs().max() < 1e-6


def test_the_voice_has_the_level_that_is_drawn(monkeypatch) -> None:
    monkeypatch.setattr(examples, "VOICE_DB", (4.0, 0.0))
    monkeypatch.setattr(examples, "FAINT", 0.0)
    for index in range(5):
        rest, voice = _examples()[index]["clean"].square().mean((1, 2))
        assert float(10 * torch.log10(voice / rest)) == pytest.approx(4, abs=0.01)


def test_both_channels_of_a_recording_are_drawn_at_the_same_time() -> None:
    left = np.random.default_rng(0).standard_normal(2 * RATE)
    some = Recordings([_clip("a", "music", left), _clip("a", "music", -left)], ("music",), CONFIG)
    for seed in range(4):
        piece = some.draw(2000, RATE, np.random.default_rng(seed))
        assert piece.any()
        assert np.array_equal(piece[0], -piece[1])


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ValueError, match="sources: got 3, expected 2 or 4"):
        _examples(sources=3)
    music = [clip for clip in clips() if clip.kind == "music"]
    with pytest.raises(ValueError, match="no recording of kind speech or stem_vocals"):
        SeparationExamples(music, CONFIG, RATE, 1)


def test_a_case_has_the_voice_last_at_its_level_over_the_music() -> None:
    cases = separation_cases(clips(), RATE)
    assert [case.recording for case in cases] == ["v0", "v1", "v2", "song"]
    assert [case.label for case in cases] == ["0 dB", "-5 dB", "5 dB", "0 dB"]
    for case, level_db in zip(cases, (0, -5, 5, 0), strict=True):
        rest, voice = np.square(case.clean).mean(1)
        assert 10 * np.log10(voice / rest) == pytest.approx(level_db, abs=0.1)
        assert np.allclose(case.clean.sum(0), case.degraded, atol=1e-6)
        scores = score_separated(case.clean, case, RATE)
        assert scores.figures["si_sdr"] == 100
        assert scores.figures["si_sdr_input"] == pytest.approx(level_db, abs=1.5)
    assert separation_cases(clips()[:3], RATE) == []


def test_a_net_with_context_learns_to_separate(tmp_path) -> None:
    for clip in clips():
        if clip.kind in ("speech", "music"):
            (tmp_path / clip.kind).mkdir(exist_ok=True)
            soundfile.write(tmp_path / clip.kind / clip.path, clip.samples, RATE)
    rows = "".join(f"speech/v{n}.wav,speech,v{n}\n" for n in range(3))
    (tmp_path / "MANIFEST.csv").write_text(
        f"path,kind,speaker_or_group\n{rows}music/tune.wav,music,tune\n"
    )
    run = RunFolder(tmp_path / "run")
    config = TrainingConfig(
        model="wave_unet",
        config={**NET, "context": True},
        damage="separation",
        seconds=0.1,
        batch=4,
        steps=40,
        learning_rate=5e-3,
        warmup_steps=5,
        ema=0.8,
        kinds={"speech": 1.0, "music": 1.0},
        losses={"sdr": 1.0},
        precision="no",
        validation_groups=("v2",),
        validation_share=0.0,
        validate_every=40,
    )
    trainer = Trainer(config, [tmp_path], run)
    trainer.validator.cases = separation_cases(clips()[2:6], RATE)[:1]
    trainer.fit()
    validation = [event for event in read_events(run.path) if event.kind == "validation"][-1]
    gained = validation.number("si_sdr", 0) - validation.number("si_sdr_input", 0)
    assert gained > 3
    with pytest.raises(ValueError, match="no held-out recording"):  # no music is held out
        judge_run(run.path)
