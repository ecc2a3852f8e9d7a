"""What keeps a run sound: it falls back, slows down, and ends with a reason."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import torch

from models.checkpoint import read_card
from training.config import TrainingConfig
from training.evaluation.scores import Scores
from training.learn.trainer import MOST_ROLLBACKS, Trainer
from training.runs.run_folder import RunFolder

RATE = 16_000
TINY = {
    "model": "wavenet",
    "config": {"channels": 8, "stacks": 1, "layers": 3, "patch": 4, "sample_rate": RATE},
    "damage": "generated",
    "seconds": 0.1,
    "batch": 2,
    "steps": 6,
    "losses": {"waveform": 1.0},
    "precision": "no",
    "validation_groups": ["a"],
    "validate_every": 100,
}


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("voices")
    for seed, name in enumerate("abc"):
        tone = np.sin(2 * np.pi * (200 + 50 * seed) * np.arange(RATE) / RATE)
        sf.write(folder / f"{name}.wav", 0.3 * tone, RATE)
    return folder


def trainer(voices: Path, run: Path, **changes: object) -> Trainer:
    return Trainer(TrainingConfig(**{**TINY, **changes}), [voices], RunFolder(run))


def events(run: Path, kind: str) -> list[dict]:
    lines = (run / "events.jsonl").read_text().splitlines()
    return [event for event in map(json.loads, lines) if event["event"] == kind]


def poison(made: Trainer, when: set[int]) -> None:
    """Makes the loss no number at the steps of those numbers, counted as they are tried."""
    losses, tried = made.learner.losses, []

    def spoiled(*args: object) -> dict[str, torch.Tensor]:
        tried.append(1)
        terms = losses(*args)
        return {n: v * float("nan") for n, v in terms.items()} if len(tried) in when else terms

    made.learner.losses = spoiled


def test_a_gradient_that_is_no_number_takes_the_run_back_at_half_the_rate(voices, tmp_path) -> None:
    made = trainer(voices, tmp_path)
    poison(made, {4})
    made.fit()
    assert made.step == 6 and made.slowed == 0.5
    assert all(p.isfinite().all() for p in made.learner.net.parameters())
    (warning,) = events(tmp_path, "warning")
    assert "step 3" in warning["text"] and "Back to step 0" in warning["text"]
    assert events(tmp_path, "end")[-1]["reason"] == "done"


def test_after_the_third_time_the_run_ends_and_says_so(voices, tmp_path) -> None:
    made = trainer(voices, tmp_path, save_every=0.0)
    poison(made, set(range(3, 100)))
    made.fit()
    assert len(events(tmp_path, "warning")) == MOST_ROLLBACKS
    assert events(tmp_path, "end")[-1]["reason"] == "diverged"
    assert made.step == 2  # the last good one
    assert made.drawn > made.seen  # what was undone is not drawn again
    assert all(p.isfinite().all() for p in made.learner.net.parameters())


def test_falling_back_twice_finds_the_same_state(voices, tmp_path) -> None:
    made = trainer(voices, tmp_path, steps=3)
    made.save()
    first = [p.detach().clone() for p in made.learner.net.parameters()]
    moments = []
    for _ in range(2):
        made._roll_back()
        state = made.learner.optimizer.state_dict()["state"]
        moments.append([v["exp_avg"].clone() for v in state.values()])
        batch = next(iter(made.batches.after(0, made.now.batch)))
        made.learner.step(batch, 0, 1.0)
    made._roll_back()
    now = made.learner.net.parameters()
    assert all(torch.equal(p, q) for p, q in zip(first, now, strict=True))
    assert all(torch.equal(p, q) for p, q in zip(*moments, strict=True))


def test_on_a_plateau_the_rate_is_halved_and_patience_ends_the_run(voices, tmp_path) -> None:
    changes = {"schedule": "plateau", "plateau": 2, "patience": 5, "validate_every": 1}
    made = trainer(voices, tmp_path, **changes, steps=50, warmup_steps=1)
    scores = iter([5.0, 4.0, 6.0, 6.0, 6.0, 6.0, 6.0, 6.0])
    made.validator.scores = lambda net, version: [Scores(next(scores), {})]
    made.fit()
    assert made.best == 4.0  # 5.0 was the base
    assert made.slowed == 0.25
    assert made.step == 6
    assert events(tmp_path, "end")[-1]["reason"] == "no improvement"
    (tmp_path / ".last.pt.1").touch()  # of a process that was killed while it wrote
    again = trainer(voices, tmp_path, **changes, steps=50, warmup_steps=1)
    again.run.load()
    assert (tmp_path / ".last.pt.1").exists()  # it may be another process's of the same run
    again.resume()
    assert again.waited == 0 and again.slowed == 0.25
    assert not (tmp_path / ".last.pt.1").exists()


def test_phases_follow_each_other_with_their_own_rate_and_batch(voices, tmp_path) -> None:
    """As Stoller et al. 2018: a smaller rate and a larger batch once the first has settled."""
    phases = [
        {"learning_rate": 1e-3, "batch": 2, "patience": 2},
        {"learning_rate": 1e-4, "batch": 4, "patience": 1},
    ]
    changes = {"phases": phases, "validate_every": 1, "steps": 50, "warmup_steps": 1}
    made = trainer(voices, tmp_path, **changes, schedule="plateau")
    scores = iter([9.0, 5.0, 6.0, 6.0, 4.0, 6.0])  # the base; phase one; phase two
    made.validator.scores = lambda net, version: [Scores(next(scores), {})]
    made.fit()
    assert (made.step, made.seen, made.best, made.phase) == (5, 3 * 2 + 2 * 4, 4.0, 1)
    (begun,) = events(tmp_path, "phase")
    assert (begun["step"], begun["number"], begun["batch"]) == (3, 1, 4)
    assert [event["learning_rate"] for event in events(tmp_path, "step")] == [1e-3] * 3 + [1e-4] * 2
    again = trainer(voices, tmp_path, **changes, schedule="plateau")
    again.resume()
    assert (again.phase, again.now.batch, again.seen) == (1, 4, 14)


def test_a_phase_changes_nothing_but_the_pace() -> None:
    with pytest.raises(ValueError, match=r"phases: got \['model'\]"):
        TrainingConfig(**{**TINY, "phases": [{"model": "wavenet"}]})
    with pytest.raises(ValueError, match="accumulation: got 2, expected a divisor of batch 3"):
        TrainingConfig(**{**TINY, "accumulation": 2, "phases": [{"batch": 3}]})


def test_a_loss_term_can_decide_what_is_best(voices, tmp_path) -> None:
    made = trainer(voices, tmp_path, stop_on="val_waveform", patience=2, validate_every=1, steps=50)
    rows = iter([(9.0, 9.0), (5.0, 3.0), (4.0, 3.5), (3.0, 3.5)])  # score, loss

    def scores(net: object, version: str) -> list[Scores]:
        score, loss = next(rows)
        return [Scores(score, {}, losses={"waveform": loss})]

    made.validator.scores = scores
    made.fit()
    assert (made.best, made.step) == (3.0, 3)
    assert read_card(tmp_path / "best").step == 1
    assert events(tmp_path, "validation")[0]["val_waveform"] == 3.0


def test_a_figure_that_no_validation_has_is_refused_before_the_first_step(voices, tmp_path) -> None:
    made = trainer(voices, tmp_path, stop_on="beauty")
    with pytest.raises(ValueError, match="stop_on: got 'beauty', expected one of .*val_waveform"):
        made.fit()
    assert made.step == 0


def test_validation_has_the_loss_terms_of_the_held_out_recordings(voices, tmp_path) -> None:
    trainer(voices, tmp_path, steps=1, losses={"waveform": 2.0, "mse": 1.0}).fit()
    (base,) = events(tmp_path, "base")
    assert base["val_waveform"] == pytest.approx(base["l1"], rel=1e-3)
    assert base["val_total"] == pytest.approx(2 * base["val_waveform"] + base["val_mse"], rel=1e-3)


def test_a_resumed_run_keeps_its_split_whatever_was_added(voices, tmp_path) -> None:
    folder, run = tmp_path / "voices", tmp_path / "run"
    shutil.copytree(voices, folder)
    changes = {"validation_groups": (), "validation_share": 0.34, "test_share": 0.34, "steps": 1}
    first = trainer(folder, run, **changes)
    first.fit()
    before = first.run_config
    assert len(before.validation_groups) == len(before.test_groups) == 1
    assert not set(before.test_groups) & {*before.validation_groups, *before.trained_groups}
    for name in "defghij":
        shutil.copyfile(folder / "a.wav", folder / f"{name}.wav")
    after = trainer(folder, run, **changes).run_config
    assert after.validation_groups == before.validation_groups
    assert after.test_groups == before.test_groups
    assert len(after.trained_groups) == 8


def test_the_last_weights_are_kept_where_a_config_says_so(voices, tmp_path) -> None:
    made = trainer(voices, tmp_path, keep="last", validate_every=2, steps=4, warmup_steps=1)
    scores = iter([5.0, 4.0, 6.0])
    made.validator.scores = lambda net, version: [Scores(next(scores), {})]
    made.fit()
    assert made.best == 4.0 and read_card(tmp_path / "best").step == 4


def test_the_file_stop_ends_a_run_that_goes_on_where_it_was(voices, tmp_path) -> None:
    made = trainer(voices, tmp_path, steps=1000)
    step = made.learner.step

    def stepping(*args: object) -> object:
        if made.step == 3:
            (tmp_path / "stop").touch()
        return step(*args)

    made.learner.step = stepping
    made.fit()
    assert made.step == 4 and events(tmp_path, "end")[-1]["reason"] == "stopped"
    (tmp_path / "stop").unlink()
    again = trainer(voices, tmp_path, steps=6)
    again.resume()
    again.fit()
    assert [event["step"] for event in events(tmp_path, "step")] == [1, 2, 3, 4, 5]
    assert again.step == 6


def test_a_run_that_is_done_does_not_go_a_step_further_when_resumed(voices, tmp_path) -> None:
    trainer(voices, tmp_path, steps=3).fit()
    again = trainer(voices, tmp_path, steps=3)
    again.resume()
    again.fit()
    assert again.step == 3
    assert [event["step"] for event in events(tmp_path, "end")] == [3, 3]


def test_the_adversary_joins_after_its_start_and_survives_a_resume(voices, tmp_path) -> None:
    tiny = {"periods": [2], "period_widths": [8, 8], "n_ffts": [128], "channels": 8}
    adversary = {"config": tiny, "start_step": 2}
    made = trainer(voices, tmp_path, adversary=adversary, steps=4)
    made.fit()
    steps = events(tmp_path, "step")
    assert all("discriminator" in event for event in steps)
    assert ["feature" in event for event in steps] == [False, False, True, True]
    again = trainer(voices, tmp_path, adversary=adversary, steps=5)
    again.resume()
    expected = made.learner.adversary.nets.state_dict()
    resumed = again.learner.adversary.nets.state_dict()
    assert all(torch.equal(expected[name], resumed[name]) for name in expected)
