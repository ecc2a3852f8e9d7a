"""`python -m tests.bench.restorers FOLDER`: the stages that clean, beside noisereduce.

The cases are those on which a cleaning net is validated: recordings of FOLDER whose groups its
training recipe holds out, damaged as generated music is, in held-out noise.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from pipeline import recipe
from pipeline.audio.sound import Audio
from pipeline.evaluation.metrics import lsd, seg_snr_db, si_sdr_db, snr_db, stoi
from pipeline.stage import Stage
from training.config import read_config
from training.data.clips import read_clips, split
from training.evaluation.cases import Case
from training.evaluation.noisy_cases import noisy_cases

RATE = 32_000
RECIPE = Path("training/configs/mask-unet.json")
SPEECH = ("speech", "validation_only_nc", "stem_vocals")
Restorer = Callable[[Audio], np.ndarray]


def restorers(names: list[str]) -> dict[str, Restorer]:
    """The damaged sound itself, noisereduce in both its ways, and those stages; see `_stage`."""
    import noisereduce

    def reduce(stationary: bool) -> Restorer:
        return lambda audio: noisereduce.reduce_noise(
            audio.samples, audio.rate, stationary=stationary, use_tqdm=False
        )

    stages = {name: _stage(name) for name in names}
    return {
        "input": lambda audio: audio.samples,
        "noisereduce": reduce(False),
        "noisereduce, stationary": reduce(True),
        **{name: lambda audio, stage=stage: stage(audio).samples for name, stage in stages.items()},
    }


def _stage(text: str) -> Stage:
    """A stage by its name, or with settings as "snmf noise_atoms=4"."""
    name, *settings = text.split()
    values = {key: float(value) for key, value in (setting.split("=") for setting in settings)}
    return recipe.load({"version": recipe.VERSION, "stages": [{"stage": name, **values}]})


def figures(made: np.ndarray, case: Case) -> dict[str, float]:
    """All figures of one restored case; STOI of speech only."""
    clean = case.clean[None]
    row = {
        "snr_db": snr_db(made, clean),
        "seg_snr_db": seg_snr_db(made, clean, RATE),
        "si_sdr_db": si_sdr_db(made, clean),
        "lsd": lsd(made, clean, RATE),
    }
    if case.kind in SPEECH:
        row["stoi"] = stoi(made, clean, RATE)
    return row


def table(cases: list[Case], methods: dict[str, Restorer]) -> dict[str, dict[str, float]]:
    """Means over the cases for each method, and its speed in seconds of sound a second."""
    means = {}
    for name, restore in methods.items():
        started = time.perf_counter()
        made = [restore(Audio(case.degraded[None], RATE)) for case in cases]
        taken = time.perf_counter() - started
        rows = [figures(sound, case) for sound, case in zip(made, cases, strict=True)]
        keys = dict.fromkeys(key for row in rows for key in row)
        means[name] = {
            key: round(float(np.mean([row[key] for row in rows if key in row])), 3) for key in keys
        }
        seconds = sum(len(case.clean) for case in cases) / RATE
        means[name]["x_real_time"] = round(seconds / taken, 1)
    return means


def main(
    folder: Annotated[list[Path], typer.Argument(help="Folders of clean recordings and noise.")],
    stage: Annotated[list[str], typer.Option(help="Stages, as snmf or 'snmf noise_atoms=4'.")] = [  # noqa: B006
        "denoise", "mask_unet", "wavenet",
    ],
    per_group: Annotated[int, typer.Option(help="Recordings of each held-out group.")] = 2,
    out: Annotated[Path | None, typer.Option(help="JSON file with the rows, for a card.")] = None,
) -> None:  # fmt: skip
    """Prints the table, all cases and then speech and music apart."""
    config = read_config(RECIPE)
    held_out = split(read_clips(folder, RATE, set(config.kinds)), config)[1]
    cases = noisy_cases(held_out, RATE, per_group)
    parts = {
        "all": cases,
        "speech": [case for case in cases if case.kind in SPEECH],
        "music": [case for case in cases if case.kind not in SPEECH],
    }
    methods = restorers(stage)
    rows = {name: table(some, methods) for name, some in parts.items() if some}
    for name, means in rows.items():
        print(f"\n{name}, {len(parts[name])} cases")
        for method, row in means.items():
            print(f"  {method:24}", "  ".join(f"{key} {value:g}" for key, value in row.items()))
    if out:
        out.write_text(json.dumps({"rows": rows}, indent=1))
    sys.stdout.flush()


if __name__ == "__main__":
    typer.run(main)
