"""`python -m training.experiments.representations FOLDER`: what discriminators see.

Three short runs from the same weights on the same examples differ in nothing but what their
spectral discriminators are shown of a spectrum.
"""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from models.checkpoint import find, search_path
from models.discriminators import REPRESENTATIONS
from training.config import CONFIGS, Recipe, read_recipe
from training.learn.trainer import Trainer
from training.runs.run import root
from training.runs.run_folder import RunFolder, read_events

RECIPE = CONFIGS / "representations.json"
FIGURES = ("lsd", "lsd_16k", "energy_db")
LAST = 100  # steps over which figures of the run are averaged


def main(
    folder: Annotated[list[Path], typer.Argument(help="Clean recordings.")],
    base: Annotated[str, typer.Option(help="Checkpoint to start from.")] = "enhancer-speech-48k",
    steps: Annotated[int | None, typer.Option(help="Of each run.")] = None,
    runs: Annotated[Path | None, typer.Option(help="Where the runs go; default: new ones.")] = None,
) -> None:
    """Prints one line a representation, and one for the weights that all of them start from."""
    from models.malloc import keep_tensors_mapped

    keep_tensors_mapped()
    recipe = read_recipe(RECIPE, steps=steps)
    where = runs or root() / f"representations-{time.strftime('%Y%m%d-%H%M%S')}"
    print(line("", "LSD", "to 16k", "energy", "apart", "feature first", "last", "fell back"))
    for index, representation in enumerate(REPRESENTATIONS):
        run = RunFolder(where / representation)
        Trainer(
            _showing(recipe, representation), folder, run, find(base, search_path()).folder
        ).fit()
        events = read_events(run.path)
        if not index:
            print(line("base", *_figures(events, "base"), "", "", "", ""))
        print(line(representation, *_figures(events, "validation"), *course(events, recipe)))


def course(events: list[dict[str, Any]], recipe: Recipe) -> tuple[str, str, str, str]:
    """How a run went: by how much real scored above restored before the generator was told of it,
    its feature loss when it was and at the end, and how often the run fell back."""
    told = (recipe.adversary or {})["start_step"]
    spans = {
        "separation": (told - LAST // 2, told),
        "feature": (told, told + LAST),
    }
    at_first = {name: _mean(events, name, *span) for name, span in spans.items()}
    last = _mean(events, "feature", recipe.steps - LAST, recipe.steps)
    falls = sum(event["event"] == "warning" for event in events)
    return f"{at_first['separation']:.2f}", f"{at_first['feature']:.3f}", f"{last:.3f}", str(falls)


def line(*cells: str) -> str:
    """A row of the table, in Markdown."""
    return "| " + " | ".join(cells) + " |"


def _showing(recipe: Recipe, representation: str) -> Recipe:
    adversary = dict(recipe.adversary or {})
    adversary["config"] = {**adversary["config"], "representation": representation}
    return dataclasses.replace(recipe, adversary=adversary)


def _figures(events: list[dict[str, Any]], kind: str) -> list[str]:
    """Of the last event of a kind."""
    found = [event for event in events if event["event"] == kind]
    return [f"{found[-1][name]:.3f}" for name in FIGURES] if found else [""] * len(FIGURES)


def _mean(events: list[dict[str, Any]], name: str, first: int, last: int) -> float:
    """Of what the steps after `first` and up to `last` say under a name."""
    values = [e[name] for e in events if name in e and first < e["step"] <= last]
    return sum(values) / len(values) if values else float("nan")


if __name__ == "__main__":
    typer.run(main)
