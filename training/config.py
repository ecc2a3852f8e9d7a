"""A training config: everything that defines a run, as JSON; unknown keys are errors."""

from __future__ import annotations

import dataclasses
import importlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.registry import NETS
from training.tasks import TASKS

SCHEDULES = ("cosine", "plateau", "constant")
OPTIMIZERS = ("adamw", "adam")
PHASE_SETTINGS = ("learning_rate", "batch", "accumulation", "patience", "validate_every")
RESOLUTIONS = ((512, 240, 50), (1024, 600, 120), (2048, 1200, 240))  # Parallel WaveGAN, table 1
CONFIGS = Path(__file__).parent / "configs"  # those that come with the product


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of a training run.

    Args:
        model: key of `models.registry.NETS`.
        config: fields of the net's config; "size" names one of its sizes.
        seconds: length of an example.
        batch: examples per step.
        steps: length of the run, unless `minutes` is given.
        minutes: length of the run; the learning rate then follows the clock.
        learning_rate: peak, reached after a linear warm-up.
        schedule: "cosine" falls to a hundredth at the end; "plateau" halves the rate whenever
            `plateau` validations in a row brought no improvement; "constant" stays at the peak.
        plateau: see `schedule`.
        warmup_steps: steps until the peak.
        optimizer: "adamw", or "adam", whose weight decay is added to the gradient.
        betas: decay rates of the optimiser's two moments.
        weight_decay: of the optimiser.
        ema: decay of the moving average of the weights; the average is what is kept.
        clip: largest norm of the gradient.
        precision: "bf16" (autocast) or "no".
        accumulation: number of parts that a batch is computed in, to save memory; the result is
            the same.
        damage: key of `training.tasks.TASKS`. In "generated", recordings of kind "noise" are added
            and never restored.
        coded: share of examples that go through our neural codec instead; for band limits only.
        varied: change speed, tone and background of the recordings. Off, a net learns a few
            recordings faster.
        mixed: share of varied examples that are a mixture of two recordings.
        losses: weight of each term of `training.learn.losses.TERMS`, or of `gain_losses.TERMS`.
        resolutions: (n_fft, window, hop) in samples of each spectrum that the losses compare.
        every_resolution: compare all of them in each step, not one after the other.
        floor: power under the square root and the logarithm of a spectrum.
        adversary: settings of `training.learn.adversary.AdversaryConfig`; no adversary where None.
        data: folders of clean recordings, used where the command line names none.
        kinds: share of each kind of recording (the manifest's `kind`, else "speech").
        validation_groups: speakers or groups that are held out.
        validation_share: share of the other groups that is held out too, drawn by `seed`.
        test_groups, test_share: a third part of the split in the same way: neither trained nor
            validated on.
        validate_every: steps between two validations.
        save_every: seconds between two saves of the state.
        patience: validations without improvement after which the phase or the run ends; 0 is never.
        stop_on: name of the validation figure or loss term ("val_convergence") that decides what is
            best, lower is better; the task's score where empty.
        phases: changes of `PHASE_SETTINGS`, one after the other. Where patience is used up the next
            phase goes on from the last state.
        keep: "best" keeps the weights of the best validation, "last" those of the last one. An
            adversary makes the distance that validation measures a little worse, and the sound
            better.
        seed: of data order, damage, fresh weights and held-out groups.
    """

    model: str = "spectral_enhancer"
    config: dict[str, Any] = field(default_factory=lambda: {"size": "base"})
    seconds: float = 1.0
    batch: int = 8
    steps: int = 20_000
    minutes: float | None = None
    learning_rate: float = 8e-4
    schedule: str = "cosine"
    plateau: int = 5
    warmup_steps: int = 200
    optimizer: str = "adamw"
    betas: tuple[float, float] = (0.8, 0.99)
    weight_decay: float = 0.02
    ema: float = 0.999
    clip: float = 1.0
    precision: str = "bf16"
    accumulation: int = 1
    damage: str = "world"
    coded: float = 0.0
    varied: bool = True
    mixed: float = 0.1
    losses: dict[str, float] = field(default_factory=dict)
    resolutions: tuple[tuple[int, int, int], ...] = RESOLUTIONS
    every_resolution: bool = False
    floor: float = 1e-8
    adversary: dict[str, Any] | None = None
    data: tuple[str, ...] = ()
    kinds: dict[str, float] = field(default_factory=lambda: {"speech": 1.0})
    validation_groups: tuple[str, ...] = ()
    validation_share: float = 0.05
    test_groups: tuple[str, ...] = ()
    test_share: float = 0.0
    validate_every: int = 500
    save_every: float = 60.0
    patience: int = 0
    stop_on: str = ""
    phases: tuple[dict[str, Any], ...] = ()
    keep: str = "best"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.model not in NETS:
            raise ValueError(f"model: got {self.model!r}, expected one of {', '.join(NETS)}")
        if self.precision not in ("bf16", "no"):
            raise ValueError(f"precision: got {self.precision!r}, expected bf16 or no")
        if self.schedule not in SCHEDULES:
            known = ", ".join(SCHEDULES)
            raise ValueError(f"schedule: got {self.schedule!r}, expected one of {known}")
        if self.damage not in TASKS:
            raise ValueError(f"damage: got {self.damage!r}, expected one of {', '.join(TASKS)}")
        if self.optimizer not in OPTIMIZERS:
            known = ", ".join(OPTIMIZERS)
            raise ValueError(f"optimizer: got {self.optimizer!r}, expected one of {known}")
        for phase in self.phases:
            if unknown := sorted(set(phase) - set(PHASE_SETTINGS)):
                known = ", ".join(PHASE_SETTINGS)
                raise ValueError(f"phases: got {unknown}, expected some of {known}")
            dataclasses.replace(self, phases=(), **phase)  # checked now, not in mid-run
        if self.keep not in ("best", "last"):
            raise ValueError(f"keep: got {self.keep!r}, expected best or last")
        if self.accumulation < 1 or self.batch % self.accumulation:
            raise ValueError(
                f"accumulation: got {self.accumulation}, expected a divisor of batch {self.batch}"
            )
        for name in ("seconds", "batch", "steps", "learning_rate", "validate_every"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name}: got {getattr(self, name)}, expected more than 0")

    def in_phase(self, index: int) -> TrainingConfig:
        """The config with the changes of a phase; the config itself where there are no phases."""
        return dataclasses.replace(self, **self.phases[index]) if self.phases else self

    def net_config(self) -> dict[str, Any]:
        """All fields of the net's config, with a named size spelled out."""
        module, _, config_class = NETS[self.model]
        factory = getattr(importlib.import_module(module), config_class)
        settings = dict(self.config)
        named = factory.named(settings.pop("size"), **settings) if "size" in settings else None
        return dataclasses.asdict(named or factory(**settings))


def config_path(given: str | Path) -> Path:
    """The file of a config, given by its path or by the name of one in `training/configs`.

    Raises:
        ValueError: there is no such file and no such name.
    """
    path = Path(given)
    if path.is_file():
        return path
    shipped = CONFIGS / f"{path.stem}.json"
    if shipped.is_file() and path.parent == Path():
        return shipped
    cure = f"it is training/configs/{path.stem}.json now, or just {path.stem}"
    names = ", ".join(sorted(file.stem for file in CONFIGS.glob("*.json")))
    raise ValueError(
        f"config: {given} is not there; "
        + (cure if shipped.is_file() else f"expected a JSON file, or one of: {names}")
    )


def read_config(path: Path, **changes: Any) -> TrainingConfig:
    """The config in a JSON file, with the changes whose value is not None.

    Raises:
        ValueError: not JSON, or a key or a value that no config has.
    """
    try:
        settings = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path}: expected a training config in JSON, got {error}") from None
    if not isinstance(settings, dict):
        raise ValueError(f"{path}: expected an object, got {type(settings).__name__}")
    known = {f.name for f in dataclasses.fields(TrainingConfig)}
    if unknown := sorted(set(settings) - known):
        raise ValueError(f"{path}: unknown {unknown}; a config has {', '.join(sorted(known))}")
    given = {name: value for name, value in changes.items() if value is not None}
    if "steps" in given:
        settings.pop("minutes", None)
    try:
        return TrainingConfig(**{**settings, **given})
    except TypeError as error:  # a value of another type, such as a text for a number
        raise ValueError(f"{path}: {error}") from None
