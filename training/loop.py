"""The training loop, read straight down: data, net, step, validation, save."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader, Dataset, Subset

from models.registry import build, load_for_training, save_checkpoint
from training.clips import Clip, read_clips, split
from training.config import Recipe
from training.data import Examples
from training.losses import Losses
from training.noisy import NOISES, NoisyExamples, evaluate_noisy, noisy_cases
from training.state import BEST, RunFolder
from training.validate import Case, cases, evaluate

CASES: dict[str, tuple[Callable, Callable]] = {  # by the recipe's damage
    "world": (cases, evaluate),
    "generated": (noisy_cases, evaluate_noisy),
}
LOG_EVERY = 20  # steps
ENDLESS = 1 << 40  # steps of a run that the clock ends


class Trainer:
    """One run: net, averaged net, optimiser and where they stand.

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
        self.accelerator = Accelerator(mixed_precision=recipe.precision)
        net = load_for_training(base) if base else build(recipe.model, recipe.net_config())
        self.sample_rate = net.config.sample_rate
        clips = read_clips(folders, self.sample_rate, set(recipe.kinds))
        trained, held_out = split(clips, recipe)
        if all(clip.kind == NOISES for clip in trained):
            raise ValueError("data: every recording is held out; add more, of other groups")
        make_cases, self.evaluate = CASES[recipe.damage]
        self.clips, self.cases = trained, make_cases(held_out, self.sample_rate)
        self.average = AveragedModel(net, multi_avg_fn=_averaging(recipe.ema))
        self.average.to(self.accelerator.device)
        optimizer = torch.optim.AdamW(
            net.parameters(), recipe.learning_rate, (0.8, 0.99), weight_decay=recipe.weight_decay
        )
        self.net, self.optimizer = self.accelerator.prepare(net, optimizer)
        self.losses = Losses(recipe.losses, self.sample_rate).to(self.accelerator.device)
        self.step, self.elapsed, self.best, self.waited = 0, 0.0, math.inf, 0
        self.config = _config(recipe, folders, trained, held_out, self.sample_rate)

    def resume(self) -> None:
        """Takes up the last saved state of the run folder."""
        state = self.run.load()
        self.accelerator.unwrap_model(self.net).load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"])
        self.step, self.elapsed = state["step"], state["elapsed"]
        self.best, self.waited = state["best"], state["waited"]
        self.run.forget_events_after(self.step)

    def save(self) -> None:
        self.run.save(
            {
                "net": self.accelerator.unwrap_model(self.net).state_dict(),
                "average": self.average.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "random": torch.get_rng_state(),
                "step": self.step,
                "elapsed": self.elapsed,
                "best": self.best,
                "waited": self.waited,
            }
        )

    def fit(self) -> None:
        """Trains until steps, minutes or patience are used up; saves however it ends."""
        self.run.write_config(self.config)
        self.run.event("start", step=self.step, clips=len(self.clips), cases=len(self.cases))
        clock = saved = time.monotonic()
        self.net.train()
        try:
            for batch in self._loader():
                terms = self._train_step(batch)
                now = time.monotonic()
                self.elapsed, clock = self.elapsed + now - clock, now
                self.step += 1
                self._log(terms)
                if self.step % self.recipe.validate_every == 0:
                    self.validate()
                if now - saved > self.recipe.save_every:
                    self.save()
                    saved = now
                if self._done():
                    break
            if self.step % self.recipe.validate_every:
                self.validate()
        finally:
            self.save()
            self.run.event("end", step=self.step, best=_finite(self.best), seconds=self.elapsed)

    def _loader(self) -> DataLoader:
        """Batches from the present step on; item numbers count on from it."""
        recipe = self.recipe
        count = ENDLESS if recipe.minutes else recipe.steps * recipe.batch
        examples = self._examples(count)
        rest = Subset(examples, range(self.step * recipe.batch, count))
        own = torch.Generator().manual_seed(recipe.seed)  # leaves dropout's random state alone
        loader = DataLoader(rest, recipe.batch, num_workers=1, prefetch_factor=4, generator=own)
        return self.accelerator.prepare(loader)

    def _examples(self, count: int) -> Dataset:
        if self.recipe.damage == "generated":
            channels = 2 if getattr(self.net, "multichannel", False) else 1
            return NoisyExamples(self.clips, self.recipe, self.sample_rate, count, channels)
        return Examples(self.clips, self.recipe, self.sample_rate, count)

    def _train_step(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate()
        parts = self.recipe.accumulation
        chunks = {name: value.chunk(parts) for name, value in batch.items()}
        for index in range(parts):
            degraded, clean, trust_hz = (
                chunks[name][index] for name in ("degraded", "clean", "trust_hz")
            )
            terms = self.losses(self.net(degraded), clean, trust_hz, self.step)
            self.accelerator.backward(terms["total"] / parts)
        terms["gradient"] = self.accelerator.clip_grad_norm_(
            self.net.parameters(), self.recipe.clip
        )
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.average.update_parameters(self.accelerator.unwrap_model(self.net))
        return terms

    def _fraction(self) -> float:
        """Share of the run that is done, in [0, 1]."""
        if self.recipe.minutes:
            return min(1.0, self.elapsed / (60 * self.recipe.minutes))
        return min(1.0, self.step / self.recipe.steps)

    def _rate(self) -> float:
        warm = min(1.0, (self.step + 1) / self.recipe.warmup_steps)
        cosine = 0.5 * (1 + math.cos(math.pi * self._fraction()))
        return self.recipe.learning_rate * warm * (0.01 + 0.99 * cosine)

    def _done(self) -> bool:
        out_of_patience = 0 < self.recipe.patience <= self.waited
        return self._fraction() >= 1 or out_of_patience

    def _log(self, terms: dict[str, Tensor]) -> None:
        if self.step % LOG_EVERY and self.step > 5:
            return
        values = {name: round(float(value.detach()), 5) for name, value in terms.items()}
        heard = self.step * self.recipe.batch * self.recipe.seconds
        self.run.event(
            "step",
            step=self.step,
            **values,
            learning_rate=self._rate(),
            audio_seconds_per_second=round(heard / max(self.elapsed, 1e-9), 2),
            fraction=round(self._fraction(), 5),
        )

    def validate(self) -> None:
        """Measures the averaged net on the held-out cases; keeps it where it is the best so far."""
        if not self.cases:
            return
        self.average.eval()
        scores = self.evaluate(self._restore, self.cases, self.sample_rate)
        self.average.train()
        self.run.event("validation", step=self.step, **scores)
        self.waited += 1
        if scores["score"] < self.best:
            self.best, self.waited = scores["score"], 0
            self._keep(scores)

    def _keep(self, scores: dict[str, float]) -> None:
        recipe = dataclasses.asdict(self.recipe)
        save_checkpoint(
            self.average.module,
            self.run.path / BEST,
            step=self.step,
            metrics={"validation": scores},
            recipe=recipe,
        )
        self.run.event("best", step=self.step, lsd=scores["lsd"])
        self._write_samples(self.cases[:4])

    def _write_samples(self, some: list[Case]) -> None:
        from pipeline.audio import Audio, save

        folder = self.run.path / "samples"
        folder.mkdir(exist_ok=True)
        for case in some:
            audio = Audio(self._restore(case.degraded)[None], self.sample_rate)
            save(audio, folder / f"{case.name}.wav", subtype="FLOAT")

    @torch.inference_mode()
    def _restore(self, samples: np.ndarray) -> np.ndarray:
        """(T,) -> (T,) through the averaged net."""
        x = torch.from_numpy(samples).to(self.accelerator.device)
        return self.average(x[None, None])[0, 0].float().cpu().numpy()


def _averaging(decay: float) -> Callable[[Any, Any, Any], None]:
    """Exponential moving average that forgets the first steps sooner than `decay` would."""

    @torch.no_grad()
    def update(averaged: Any, current: Any, count: Any) -> None:
        keep = min(decay, (1 + int(count)) / (10 + int(count)))
        torch._foreach_lerp_(averaged, current, 1 - keep)

    return update


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


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
