"""A recipe: everything that defines a run, as JSON; unknown keys are errors."""

from __future__ import annotations

import dataclasses
import importlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.registry import NETS

DAMAGES = ("world", "music", "codec", "generated", "telephone", "none")
SCHEDULES = ("cosine", "plateau")
CONFIGS = Path(__file__).parent / "configs"  # that come with the product


@dataclass(frozen=True)
class Recipe:
    """Settings of a training run.

    Args:
        model: key of `models.registry.NETS`.
        config: fields of the net's config; "size" names one of its sizes.
        seconds: of one example.
        batch: examples of a step.
        steps: of the whole run, unless minutes are given.
        minutes: of the whole run; the schedule then follows the clock.
        learning_rate: at its peak, after a linear warm-up.
        schedule: "cosine" to a hundredth at the end, or "plateau": halved whenever `plateau`
            validations have not been better.
        plateau: see there.
        warmup_steps: until the peak.
        weight_decay: AdamW's.
        ema: decay of the averaged weights, which are those that ship.
        clip: largest norm of the gradient.
        precision: "bf16" (autocast) or "no".
        accumulation: parts that a batch is computed in, to save memory; the result is the same.
        damage: "world" (band limits and codecs, for enhancers), "music" (the same, at rates that
            music is cut to), "codec" (our neural codec at 1.5 to 6 kbit/s), "generated" (steps,
            clipping, echoes and noise, for nets that clean; "noise" among the kinds is what is
            added), "telephone" (300 to 3400 Hz in mu-law: one damage, always the same), or "none"
            (for a codec, from which what enters should leave).
        coded: share of examples that go through our neural codec instead.
        varied: change speed, tone and background of what is learned from; a net that is to suit
            a few recordings learns faster from them as they are.
        mixed: share of varied examples that two recordings make together.
        losses: weight of each term of `training.learn.losses.TERMS`.
        adversary: settings of `training.learn.adversary.AdversaryRecipe`; none without.
        data: folders of clean recordings, where the command line names none.
        kinds: share of each kind of recording (the manifest's `kind`, else "speech").
        validation_groups: speakers or groups never trained on.
        validation_share: further share of the groups held out, drawn by `seed`.
        validate_every: steps.
        save_every: seconds between two saves of the state.
        patience: validations without improvement before the run stops; 0 is never.
        keep: "best", the weights of the best validation, or "last": an adversary trades a little of
            the distance that validation judges for what it does not see.
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
    adversary: dict[str, Any] | None = None
    data: tuple[str, ...] = ()
    kinds: dict[str, float] = field(default_factory=lambda: {"speech": 1.0})
    validation_groups: tuple[str, ...] = ()
    validation_share: float = 0.05
    validate_every: int = 500
    save_every: float = 60.0
    patience: int = 0
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
        if self.damage not in DAMAGES:
            raise ValueError(f"damage: got {self.damage!r}, expected one of {', '.join(DAMAGES)}")
        if self.keep not in ("best", "last"):
            raise ValueError(f"keep: got {self.keep!r}, expected best or last")
        if self.accumulation < 1 or self.batch % self.accumulation:
            raise ValueError(
                f"accumulation: got {self.accumulation}, expected a divisor of batch {self.batch}"
            )
        for name in ("seconds", "batch", "steps", "learning_rate", "validate_every"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name}: got {getattr(self, name)}, expected more than 0")

    def net_config(self) -> dict[str, Any]:
        """All fields of the net's config, with a named size spelled out."""
        module, _, config_class = NETS[self.model]
        factory = getattr(importlib.import_module(module), config_class)
        settings = dict(self.config)
        made = factory.named(settings.pop("size"), **settings) if "size" in settings else None
        return dataclasses.asdict(made or factory(**settings))


def read_recipe(path: Path, **changes: Any) -> Recipe:
    """The recipe in a JSON file, with changes whose value is not None.

    Raises:
        ValueError: not JSON, or a key that no recipe has.
    """
    try:
        settings = json.loads(path.read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}: expected a recipe in JSON, got {error}") from None
    known = {f.name for f in dataclasses.fields(Recipe)}
    unknown = sorted(set(settings) - known)
    if unknown:
        raise ValueError(f"{path}: unknown {unknown}; a recipe has {', '.join(sorted(known))}")
    wanted = {name: value for name, value in changes.items() if value is not None}
    if "steps" in wanted:
        settings.pop("minutes", None)
    return Recipe(**{**settings, **wanted})
