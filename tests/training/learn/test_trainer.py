"""Training: data that repeats itself, a split by group, runs that survive being killed."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import torch
from torch.utils.data import default_collate

from models.registry import build
from training.config import TrainingConfig, read_config
from training.data.clips import kept_for_test, read_clips, split
from training.data.examples import Examples, trusted_bandwidth
from training.learn.losses import Losses

RATE = 48_000
TINY = {
    "model": "spectral_enhancer",
    "config": {"widths": [16, 16], "depths": [1, 1], "n_skips": 1, "dropout": 0.1},
    "seconds": 0.2,
    "batch": 2,
    "steps": 24,
    "losses": {"mel": 1.0, "lsd": 1.0, "waveform": 1.0},
    "validation_share": 0.3,
    "validate_every": 12,
    "save_every": 0.0,
    "precision": "no",
}


def _voice(seed: int) -> np.ndarray:
    """A second of a gliding harmonic tone under syllables."""
    rng = np.random.default_rng(seed)
    at = np.arange(RATE) / RATE
    pitch = rng.uniform(100, 250) * (1 + 0.1 * np.sin(2 * np.pi * 3 * at))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    tone = sum(np.sin(k * phase) / k for k in range(1, 60))
    return (0.1 * tone * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * at))).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("voices")
    for seed in range(4):
        sf.write(path / f"voice{seed}.flac", _voice(seed), RATE)
    return path


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    path = tmp_path / "training.json"
    path.write_text(json.dumps(TINY))
    return path


def train(config: Path, folder: Path, run: Path, *more: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "training", str(config)]
    command += ["--data", str(folder), "--run", str(run), *more]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def events(run: Path, kind: str) -> list[dict]:
    lines = (run / "events.jsonl").read_text().splitlines()
    return [event for event in map(json.loads, lines) if event["event"] == kind]


def totals(run: Path) -> dict[int, float]:
    return {event["step"]: event["total"] for event in events(run, "step")}


def test_example_number_i_is_always_the_same(folder: Path) -> None:
    config = TrainingConfig(**TINY)
    clips = read_clips([folder], RATE, {"speech"})
    first, second = (Examples(clips, config, RATE, 100) for _ in range(2))
    for index in (0, 7, 99):
        for name, value in first[index].items():
            assert np.array_equal(value, second[index][name]), name
    assert not np.array_equal(first[0]["clean"], first[1]["clean"])


def test_examples_have_the_shapes_and_are_finite(folder: Path) -> None:
    config = TrainingConfig(**TINY)
    examples = Examples(read_clips([folder], RATE, {"speech"}), config, RATE, 40)
    for index in range(40):
        item = examples[index]
        assert item["degraded"].shape == item["clean"].shape == (1, 9600)
        assert item["trust_hz"].shape == (20,)
        assert all(value.isfinite().all() for value in item.values())


def test_data_never_starves_the_model(folder: Path) -> None:
    config = read_config(Path("training/configs/enhancer-speech.json"))
    examples = Examples(read_clips([folder], RATE, {"speech"}), config, RATE, 50)
    step = one_step(config, default_collate([examples[40 + i] for i in range(config.batch)]))
    step()
    step_s = processor_seconds(step)
    examples_s = processor_seconds(lambda: [examples[i] for i in range(40)]) * config.batch / 40
    assert examples_s < step_s / 3


def one_step(config: TrainingConfig, batch: dict[str, torch.Tensor]) -> Callable[[], None]:
    """Forward and backward of the config's net and losses, in its precision."""
    net = build(config.model, config.net_config())
    losses = Losses(config.losses, RATE)

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=config.precision == "bf16"):
            estimate = net(batch["degraded"])
        losses(estimate, batch["clean"], batch["trust_hz"], 0)["total"].backward()

    return step


def processor_seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def test_the_split_is_by_group_and_validation_kinds_are_never_trained_on(tmp_path: Path) -> None:
    rows = ["path,kind,effective_bandwidth_hz,speaker_or_group"]
    for number in range(12):
        sf.write(tmp_path / f"{number}.wav", _voice(number)[:4800], RATE)
        kind = "validation_only_nc" if number == 11 else "speech"
        rows.append(f"{number}.wav,{kind},20000,person{number % 6 if number < 11 else 'x'}")
    (tmp_path / "MANIFEST.csv").write_text("\n".join(rows))
    clips = read_clips([tmp_path], RATE, {"speech", "validation_only_nc"})
    config = TrainingConfig(**{**TINY, "validation_groups": ("person3",)})
    trained, held_out = split(clips, config)
    assert {clip.group for clip in trained}.isdisjoint(clip.group for clip in held_out)
    assert {"person3", "personx"} <= {clip.group for clip in held_out}
    assert len(trained) + len(held_out) == 12
    assert [c.path for c in split(clips, config)[0]] == [c.path for c in trained]
    tested = TrainingConfig(**{**TINY, "test_groups": ("person3", "personx"), "test_share": 0.2})
    parts = [{clip.group for clip in part} for part in split(clips, tested)]
    test = kept_for_test({clip.group: clip.kind for clip in clips}, tested)
    assert {"person3", "personx"} < test and len(test) == 3
    assert all(not test & part for part in parts) and len(parts[0] | parts[1] | test) == 7


def test_the_target_is_trusted_up_to_its_band_only_where_the_voice_stands_out() -> None:
    rng = np.random.default_rng(0)
    voice = np.zeros(48_000, np.float32)
    voice[:24_000] = rng.standard_normal(24_000)
    floor = 0.01 * rng.standard_normal(48_000).astype(np.float32)
    trust_hz = trusted_bandwidth(voice, floor, 16_000, RATE)
    assert (trust_hz[:45] == 16_000).all()
    assert (trust_hz[60:] == 24_000).all()
    assert (trusted_bandwidth(voice, floor, 23_500, RATE) == 24_000).all()


def test_a_config_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "training.json"
    path.write_text(json.dumps({**TINY, "colour": 1}))
    with pytest.raises(ValueError, match="unknown .*colour"):
        read_config(path)


def test_every_shipped_config_is_valid() -> None:
    found = sorted(Path("training/configs").glob("*.json"))
    assert found
    for path in found:
        assert dataclasses.is_dataclass(read_config(path))
        assert read_config(path).net_config()


@pytest.mark.slow
def test_a_killed_run_resumes_to_the_same_losses(config_file, folder, tmp_path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert train(config_file, folder, whole).wait(300) == 0
    victim = train(config_file, folder, killed)
    _wait_for(lambda: (killed / "last.pt").is_file() and len(totals(killed)) >= 3, victim)
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()
    assert train(config_file, folder, killed, "--resume").wait(300) == 0
    expected, resumed = totals(whole), totals(killed)
    assert resumed.keys() == expected.keys()
    assert [resumed[step] for step in expected] == pytest.approx(
        [expected[step] for step in expected], rel=1e-4
    )
    assert events(killed, "end")[-1]["step"] == TINY["steps"]
    assert (killed / "best" / "weights.safetensors").is_file()
    assert list((killed / "samples" / "now").glob("*.wav"))


@pytest.mark.slow
def test_a_short_run_fills_the_band_of_an_unheard_voice(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "training.json"
    settings = {**TINY, "steps": 200, "validate_every": 200, "learning_rate": 3e-3}
    path.write_text(json.dumps({**settings, "warmup_steps": 10, "ema": 0.9}))
    assert train(path, folder, tmp_path / "run").wait(300) == 0
    (scores,) = events(tmp_path / "run", "validation")
    assert scores["lsd"] < 0.85 * scores["lsd_input"]


def test_a_masker_learns_and_is_validated_in_its_own_spectrum(folder: Path, tmp_path: Path) -> None:
    net = {"width": 8, "dilations": [1], "repeats": 1}
    losses = {"sdr": 1.0, "complex": 2.0, "magnitude": 0.1}
    config = {**TINY, "model": "tcn_masker", "config": net, "damage": "noisy_speech",
              "losses": losses, "steps": 2, "validate_every": 1}  # fmt: skip
    (tmp_path / "masker.json").write_text(json.dumps(config))
    process = train(tmp_path / "masker.json", folder, tmp_path / "run")
    assert process.wait(300) == 0, process.stderr.read()
    validation = events(tmp_path / "run", "validation")[-1]
    assert {f"val_{name}" for name in losses} < set(validation)


def test_a_new_run_does_not_overwrite_an_old_one(config_file, folder, tmp_path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "last.pt").write_bytes(b"hours of work")
    run = train(config_file, folder, tmp_path / "run")
    error = run.communicate(timeout=300)[1]
    assert run.returncode != 0
    assert "holds a run; add --resume" in error
    assert [file.name for file in (tmp_path / "run").iterdir()] == ["last.pt"]


def test_a_shipped_card_names_sources_steps_and_hours(tmp_path: Path) -> None:
    from models.checkpoint import read_card, save_checkpoint
    from training.runs import ship

    (tmp_path / "data").mkdir()
    rows = ["path,kind,source_repo,licence,seconds,speaker_or_group"]
    rows += ["a.wav,speech,repo one,CC BY,60,ann", "b.wav,speech,repo one,CC BY,30,ann"]
    rows += ["c.wav,speech,repo two,GPL,60,bob", "d.wav,speech,repo two,GPL,60,held"]
    (tmp_path / "data" / "MANIFEST.csv").write_text("\n".join(rows))
    run = tmp_path / "run"
    config = TrainingConfig(**TINY)
    metrics = {"validation": {"lsd": 1.0}}
    save_checkpoint(
        build(config.model, config.net_config()), run / "best", step=40, metrics=metrics
    )
    settings = {"data": [str(tmp_path / "data")], "trained_groups": ["ann", "bob"], "recipe": TINY}
    (run / "config.json").write_text(json.dumps(settings))
    lines = [(1000, "start", 0), (2800, "step", 40), (9999, "step", 80)]
    text = [json.dumps({"time": t, "event": e, "step": s}) + "\n" for t, e, s in lines]
    (run / "events.jsonl").write_text("".join(text))
    ship.ship(run, tmp_path / "out" / "voice", title="Voice", summary="For voices.")
    made = read_card(tmp_path / "out" / "voice")
    assert (made.step, made.training["hours"], made.metrics) == (40, 0.5, metrics)
    assert made.data == [
        {"source": "repo one", "licence": "CC BY", "minutes": 1.5},
        {"source": "repo two", "licence": "GPL", "minutes": 1.0},
    ]


def test_no_data_is_one_clear_line(config_file: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    run = train(config_file, tmp_path / "empty", tmp_path / "run")
    error = run.communicate(timeout=300)[1]
    assert run.returncode != 0
    assert error.strip().splitlines()[-1].startswith("training: data: no recording of kind")
    assert "Traceback" not in error


def _wait_for(condition, process: subprocess.Popen) -> None:
    for _ in range(3000):
        if (condition_met := _try(condition)) or process.poll() is not None:
            break
        time.sleep(0.1)
    assert condition_met, process.stderr.read() if process.poll() is not None else "too slow"


def _try(condition) -> bool:
    try:
        return condition()
    except FileNotFoundError:
        return False
