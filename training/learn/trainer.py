"""The training loop: data, net, step, validation, save."""

from __future__ import annotations

import dataclasses
import math
import time
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import (
    DataLoaderConfiguration,
    DistributedDataParallelKwargs,
    broadcast_object_list,
)
from torch import Tensor

from models.checkpoint import load_for_training, save_checkpoint
from models.registry import build
from training.config import TrainingConfig
from training.evaluation.scores import Scores, mean_scores
from training.evaluation.validation import Validator
from training.learn.batches import Batches
from training.learn.learner import Learner
from training.learn.parts import read_parts
from training.runs.run_folder import BEST, RunFolder
from training.tasks import TASKS

LOG_EVERY = 20  # steps
MOST_ROLLBACKS = 3
NO_IMPROVEMENT = "no improvement"
POSITION = (  # saved; drawn are all examples, seen are those of steps that were not undone
    *("step", "seen", "drawn", "phase", "elapsed", "best", "waited", "slowed", "rollbacks"),
)


class Trainer:
    """One run: a learner, its data, and its progress.

    Of several processes each has its share of every batch; the first process
    validates, writes and decides.

    Args:
        config: of the training.
        folders: of clean recordings.
        run: where to write.
        base: checkpoint to start from, with its own config, instead of fresh weights.

    Raises:
        ValueError: no recordings of the config's kinds, or all of them held out.
    """

    def __init__(
        self, config: TrainingConfig, folders: list[Path], run: RunFolder, base: Path | None = None
    ) -> None:
        torch.manual_seed(config.seed)
        self.config, self.run, self.task = config, run, TASKS[config.damage]
        self.accelerator = Accelerator(
            mixed_precision=config.precision,
            dataloader_config=DataLoaderConfiguration(split_batches=True),
            kwargs_handlers=[
                DistributedDataParallelKwargs(find_unused_parameters=_takes_turns(config))
            ],
        )
        net = load_for_training(base) if base else build(config.model, config.net_config())
        self.learner = Learner(net, config, self.accelerator)
        self.sample_rate = self.learner.sample_rate
        parts = read_parts(config, folders, self.sample_rate, run)
        self.clips = parts.trained
        self.batches = Batches(
            config, self.clips, self.sample_rate, self.accelerator, 2 if net.multichannel else 1,
            parts.shards,
        )  # fmt: skip
        self.validator = Validator(
            parts.held_out, self.task, self.sample_rate, run, self.learner.losses.of_case
        )
        self.step, self.seen, self.drawn, self.waited = 0, 0, 0, 0
        self.elapsed, self.best = 0.0, math.inf
        self.slowed, self.rollbacks = 1.0, 0
        self._enter(0)
        self.run_config = dataclasses.replace(
            parts.described(config, self.sample_rate),
            data=tuple(map(str, folders)),
            base=str(base.resolve()) if base else None,
            device=str(self.accelerator.device),
        )

    def resume(self) -> None:
        """Restores the last saved state; a run whose patience was used up gets it anew."""
        self._restore(self.run.load())
        if 0 < self.now.patience <= self.waited:
            self.waited = 0
        if self.accelerator.is_main_process:
            self.run.drop_unfinished(self.step)

    def save(self) -> None:
        """Keeps the state to roll back to, and writes it."""
        position = {name: getattr(self, name) for name in POSITION}
        self.good = {**self.learner.state(), **position, **self.batches.state(self.drawn)}
        if self.accelerator.is_main_process:
            self.run.save(self.good)

    def fit(self) -> None:
        """Trains until steps, minutes or patience are used up; saves however it ends."""
        if self.accelerator.is_main_process:
            self.run.write_config(self.run_config)
        self._event("start", clips=len(self.clips), cases=len(self.validator.cases))
        self.save()
        reason = "failed"
        try:
            self._validate_base()
            reason = self._train()
            if reason != "stopped" and self.step % self.now.validate_every:
                self.validate()
        finally:
            self.save()
            self._event("end", reason=reason, best=_finite(self.best), seconds=self.elapsed)

    def _train(self) -> str:
        """Phase after phase; returns why the run ended."""
        while True:
            reason = self._train_phase()
            if reason != NO_IMPROVEMENT or self.phase + 1 >= len(self.config.phases):
                return reason
            self._enter(self.phase + 1)
            self.waited, self.slowed = 0, 1.0
            self._event("phase", number=self.phase, **self.config.phases[self.phase])

    def _enter(self, phase: int) -> None:
        """Takes the settings of a phase from here on."""
        self.phase = phase
        self.now = self.learner.config = self.config.in_phase(phase)

    def _train_phase(self) -> str:
        """Step after step; returns why it ended."""
        if self._fraction() >= 1:
            return "done"
        clock = saved = time.monotonic()
        for batch in self.batches.after(self.drawn, self.now.batch):
            self.drawn += self.now.batch
            terms = self.learner.step(batch, self.step, self._rate_share())
            if terms is None:
                if not self._roll_back():
                    return "diverged"
                continue
            now = time.monotonic()
            self.step, self.seen = self.step + 1, self.seen + self.now.batch
            stop = self._agree(now - clock)
            clock = now
            self._log(terms)
            if self.step % self.now.validate_every == 0 and not stop:
                self.validate()
            if now - saved > self.config.save_every:
                self.save()
                saved = now
            if stop:
                return "stopped"
            if 0 < self.now.patience <= self.waited:
                return NO_IMPROVEMENT
            if self._fraction() >= 1:
                break
        return "done"

    def _restore(self, state: dict[str, Any]) -> None:
        self.learner.restore(state)
        state = {"seen": state["step"] * self.config.batch, "phase": 0, **state}  # of older runs
        state = {"drawn": state["seen"], **state}
        self.batches.check(state)
        for name in POSITION:
            setattr(self, name, state[name])
        self._enter(self.phase)

    def _roll_back(self) -> bool:
        """Goes back to the last good state at half the rate; False after too many attempts."""
        failed, drawn = self.step, self.drawn
        rollbacks, slowed = self.rollbacks + 1, self.slowed / 2
        self._restore(self.good)
        self.drawn, self.rollbacks, self.slowed = drawn, rollbacks, slowed
        self._event(
            "warning",
            text=f"The gradient at step {failed} was not finite. Back to step {self.step} at half "
            f"the learning rate (attempt {rollbacks} of {MOST_ROLLBACKS}).",
        )
        return rollbacks < MOST_ROLLBACKS

    def _fraction(self) -> float:
        """Share of the run that is done, in [0, 1]."""
        if self.config.minutes:
            return min(1.0, self.elapsed / (60 * self.config.minutes))
        return min(1.0, self.step / self.config.steps)

    def _rate_share(self) -> float:
        """Of the peak learning rate."""
        share = self.slowed * min(1.0, (self.step + 1) / self.config.warmup_steps)
        if self.config.schedule == "cosine":
            share *= 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * self._fraction()))
        return share

    def _agree(self, seconds: float) -> bool:
        """Adds a step's time, equal in all processes; returns whether any is asked to stop."""
        self.run.heart.beat(self.step)
        stop = self.run.heart.stop_requested()
        if self.accelerator.num_processes > 1:
            mine = torch.tensor([seconds, float(stop)], device=self.accelerator.device)
            seconds, asked = self.accelerator.reduce(mine, "mean").tolist()
            stop = asked > 0
        self.elapsed += seconds
        return stop

    def _event(self, kind: str, **values: Any) -> None:
        if self.accelerator.is_main_process:
            self.run.event(kind, step=self.step, **values)

    def _log(self, terms: dict[str, Tensor]) -> None:
        if self.step % LOG_EVERY and self.step > 5:
            return
        mine = {name: value.detach().float() for name, value in terms.items()}
        values = {n: round(float(v), 5) for n, v in self.accelerator.reduce(mine, "mean").items()}
        seconds = self.seen * self.config.seconds
        self._event(
            "step",
            **values,
            learning_rate=self.now.learning_rate * self._rate_share(),
            audio_seconds_per_second=round(seconds / max(self.elapsed, 1e-9), 2),
            fraction=round(self._fraction(), 5),
        )

    def validate(self) -> None:
        """Scores the averaged net on the held-out cases; keeps it where it is the best so far."""
        if not self.validator.cases:
            return
        if self.accelerator.is_main_process:
            self._validate()
        self.best, self.waited, self.slowed = broadcast_object_list(
            [self.best, self.waited, self.slowed]
        )

    def _validate_base(self) -> None:
        """Scores what the run starts from, which later validations are compared with."""
        if self.accelerator.is_main_process and self.step == 0:
            self.validator.write_references()
            if rows := self.validator.scores(self.learner.average, "base"):
                means = mean_scores(rows)
                means.watched(self.config.stop_on)  # raises where there is no such figure
                self._event("base", **means.as_dict())

    def _validate(self) -> None:
        rows = self.validator.scores(self.learner.average, "now")
        if not rows:
            return
        means = mean_scores(rows)
        self._event("validation", **means.as_dict())
        self.waited += 1
        watched = means.watched(self.config.stop_on)
        better = watched < self.best
        if better:
            self.best, self.waited = watched, 0
        if better or self.config.keep == "last":
            self._keep(means)
        plateau = self.config.schedule == "plateau" and self.waited % self.config.plateau == 0
        if plateau and not better:
            self.slowed /= 2

    def _keep(self, means: Scores) -> None:
        save_checkpoint(
            self.learner.average.module,
            self.run.path / BEST,
            step=self.step,
            metrics={"validation": means.as_dict()},
            training=dataclasses.asdict(self.config),
        )
        self._event("best", score=means.score)


def _takes_turns(config: TrainingConfig) -> bool:
    """Whether some discriminators have no part in a step."""
    return (config.adversary or {}).get("turns", 1) > 1


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
