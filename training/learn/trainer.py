"""The training loop, read straight down: data, net, step, validation, save."""

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
from torch.utils.data import DataLoader, Dataset, Subset

from models.checkpoint import load_for_training, save_checkpoint
from models.registry import build
from training.config import Recipe
from training.data.clips import Clip, read_clips, split
from training.data.examples import Examples
from training.data.noisy_examples import NOISES, NoisyExamples
from training.evaluation.validation import Checkup, means
from training.learn.learner import Learner
from training.runs.run_folder import BEST, RunFolder

LOG_EVERY = 20  # steps
ENDLESS = 1 << 40  # examples
MOST_ROLLBACKS = 3
POSITION = ("step", "elapsed", "best", "waited", "slowed", "rollbacks")  # where a run stands


class Trainer:
    """One run: what learns, from which data, and where it stands.

    Under `accelerate launch` each process has its share of every batch; the first one validates,
    writes and decides.

    Args:
        recipe: what to do.
        folders: of clean recordings.
        run: where to write.
        base: checkpoint to start from, with its own config, instead of fresh weights.

    Raises:
        ValueError: no recordings of the kinds wanted, or all of them held out.
    """

    def __init__(
        self, recipe: Recipe, folders: list[Path], run: RunFolder, base: Path | None = None
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.run = recipe, run
        self.accelerator = Accelerator(
            mixed_precision=recipe.precision,
            dataloader_config=DataLoaderConfiguration(split_batches=True),
            kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=_rests(recipe))],
        )
        net = load_for_training(base) if base else build(recipe.model, recipe.net_config())
        self.multichannel = net.multichannel
        self.learner = Learner(net, recipe, self.accelerator)
        self.sample_rate = self.learner.sample_rate
        clips = read_clips(folders, self.sample_rate, set(recipe.kinds))
        self.clips, held_out = split(clips, recipe)
        if all(clip.kind == NOISES for clip in self.clips):
            raise ValueError("data: every recording is held out; add more, of other groups")
        self.checkup = Checkup(held_out, recipe.damage, self.sample_rate, run)
        self.step, self.elapsed, self.best, self.waited = 0, 0.0, math.inf, 0
        self.slowed, self.rollbacks = 1.0, 0
        self.config = {
            **_config(recipe, folders, self.clips, held_out, self.sample_rate),
            "base": str(base.resolve()) if base else None,
            "device": str(self.accelerator.device),
        }

    def resume(self) -> None:
        """Takes up the last saved state of the run folder, and with new patience if it had none."""
        self._take_up(self.run.load())
        if 0 < self.recipe.patience <= self.waited:
            self.waited = 0
        self.run.forget_events_after(self.step)

    def save(self) -> None:
        """Keeps the state to fall back on, and writes it."""
        self.good = {**self.learner.state(), **{name: getattr(self, name) for name in POSITION}}
        if self.accelerator.is_main_process:
            self.run.save(self.good)

    def fit(self) -> None:
        """Trains until steps, minutes or patience are used up; saves however it ends."""
        if self.accelerator.is_main_process:
            self.run.write_config(self.config)
        self._event("start", clips=len(self.clips), cases=len(self.checkup.cases))
        self.save()
        reason = "failed"
        try:
            self._look_at_base()
            reason = self._train()
            if reason != "stopped" and self.step % self.recipe.validate_every:
                self.validate()
        finally:
            self.save()
            self._event("end", reason=reason, best=_finite(self.best), seconds=self.elapsed)

    def _train(self) -> str:
        """Step after step; why it ended."""
        clock = saved = time.monotonic()
        for batch in self._loader():
            terms = self.learner.step(batch, self.step, self._rate_share())
            if terms is None:
                if not self._roll_back():
                    return "diverged"
                continue
            now = time.monotonic()
            self.step += 1
            stop = self._agree(now - clock)
            clock = now
            self._log(terms)
            if self.step % self.recipe.validate_every == 0 and not stop:
                self.validate()
            if now - saved > self.recipe.save_every:
                self.save()
                saved = now
            if stop:
                return "stopped"
            if 0 < self.recipe.patience <= self.waited:
                return "no improvement"
            if self._fraction() >= 1:
                break
        return "done"

    def _loader(self) -> DataLoader:
        """Batches without end; item numbers count on from the present step."""
        recipe = self.recipe
        rest = Subset(self._examples(ENDLESS), range(self.step * recipe.batch, ENDLESS))
        own = torch.Generator().manual_seed(recipe.seed)  # leaves dropout's random state alone
        loader = DataLoader(rest, recipe.batch, num_workers=1, prefetch_factor=4, generator=own)
        return self.accelerator.prepare(loader)

    def _examples(self, count: int) -> Dataset:
        paired = any(clip.degraded is not None for clip in self.clips)
        if self.recipe.damage == "generated" and not paired:
            channels = 2 if self.multichannel else 1
            return NoisyExamples(self.clips, self.recipe, self.sample_rate, count, channels)
        return Examples(self.clips, self.recipe, self.sample_rate, count)

    def _take_up(self, state: dict[str, Any]) -> None:
        self.learner.take_up(state)
        for name in POSITION:
            setattr(self, name, state[name])

    def _roll_back(self) -> bool:
        """Back to the last good state at half the rate; False when that has been in vain."""
        at, tried, slowed = self.step, self.rollbacks + 1, self.slowed / 2
        self._take_up(self.good)
        self.rollbacks, self.slowed = tried, slowed
        self._event(
            "warning",
            text=f"The gradient at step {at} was no number. Back to step {self.step}, at half the "
            f"learning rate; this is time {tried} of {MOST_ROLLBACKS}.",
        )
        return tried < MOST_ROLLBACKS

    def _fraction(self) -> float:
        """Share of the run that is done, in [0, 1]."""
        if self.recipe.minutes:
            return min(1.0, self.elapsed / (60 * self.recipe.minutes))
        return min(1.0, self.step / self.recipe.steps)

    def _rate_share(self) -> float:
        """Of the peak learning rate."""
        share = self.slowed * min(1.0, (self.step + 1) / self.recipe.warmup_steps)
        if self.recipe.schedule == "cosine":
            share *= 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * self._fraction()))
        return share

    def _agree(self, seconds: float) -> bool:
        """Counts the time of a step, the same for all processes; whether any is asked to stop."""
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
        heard = self.step * self.recipe.batch * self.recipe.seconds
        self._event(
            "step",
            **values,
            learning_rate=self.recipe.learning_rate * self._rate_share(),
            audio_seconds_per_second=round(heard / max(self.elapsed, 1e-9), 2),
            fraction=round(self._fraction(), 5),
        )

    def validate(self) -> None:
        """Measures the averaged net on the held-out cases; keeps it where it is the best so far."""
        if not self.checkup.cases:
            return
        if self.accelerator.is_main_process:
            self._validate()
        self.best, self.waited, self.slowed = broadcast_object_list(
            [self.best, self.waited, self.slowed]
        )

    def _look_at_base(self) -> None:
        """What the run starts from, on the held-out cases: the line to be better than."""
        if self.accelerator.is_main_process and self.step == 0:
            self.checkup.write_ends()
            if rows := self.checkup.rows(self.learner.average, "base"):
                self._event("base", **means(rows))

    def _validate(self) -> None:
        rows = self.checkup.rows(self.learner.average, "now")
        if not rows:
            return
        scores = means(rows)
        self._event("validation", **scores)
        self.waited += 1
        better = scores["score"] < self.best
        if better:
            self.best, self.waited = scores["score"], 0
        if better or self.recipe.keep == "last":
            self._keep(scores)
        plateau = self.recipe.schedule == "plateau" and self.waited % self.recipe.plateau == 0
        if plateau and not better:
            self.slowed /= 2

    def _keep(self, scores: dict[str, float]) -> None:
        save_checkpoint(
            self.learner.average.module,
            self.run.path / BEST,
            step=self.step,
            metrics={"validation": scores},
            recipe=dataclasses.asdict(self.recipe),
        )
        self._event("best", lsd=scores["lsd"])


def _config(
    recipe: Recipe, folders: list[Path], trained: list[Clip], held_out: list[Clip], rate: int
) -> dict[str, Any]:
    return {
        "recipe": dataclasses.asdict(recipe),
        "data": [str(folder) for folder in folders],
        "trained_groups": sorted({clip.group for clip in trained}),
        "validation_groups": sorted({clip.group for clip in held_out}),
        "trained_minutes": round(sum(len(c.samples) for c in trained) / rate / 60, 1),
    }


def _rests(recipe: Recipe) -> bool:
    """Whether some discriminators have no part in a step."""
    return (recipe.adversary or {}).get("turns", 1) > 1


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
