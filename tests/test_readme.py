"""The README says what the code says."""

import re
from pathlib import Path

import pytest

from pipeline.__main__ import app as pipeline
from pipeline.recipe import named
from tests.support.readme_tables import stage_table
from training.__main__ import COMMANDS

README = Path("README.md").read_text(encoding="utf-8")
RECIPES = Path("docs/RECIPES.md").read_text(encoding="utf-8")


def test_the_table_of_stages_is_the_stages_own() -> None:
    cure = "run `python -m tests.support.readme_tables` and put its table there"
    assert stage_table() in RECIPES, cure


def test_every_recipe_is_named() -> None:
    assert [name for name in named() if f"`{name}`" not in README] == []


def test_every_make_target_is_there() -> None:
    targets = Path("Makefile").read_text(encoding="utf-8")
    for word in ("app", "test", "restore", "bench", "lint"):
        assert f"make {word}" in README and f"\n{word}:" in targets


def test_every_environment_variable_is_there() -> None:
    code = "".join(
        path.read_text(encoding="utf-8")
        for room in ("models", "pipeline", "training", "ui")
        for path in Path(room).rglob("*.py")
    )
    used = set(re.findall(r"\bWAVEMEND_[A-Z]+\b", code)) - {"WAVEMEND_LOCKS"}  # between processes
    used |= {f"WAVEMEND_TRAINING_{name}" for name in ("MINUTES", "GB", "DAYS")}
    assert [name for name in sorted(used) if f"`{name}`" not in README] == []


DOCUMENTS = [Path("README.md"), Path("CONTRIBUTING.md"), *sorted(Path("docs").glob("*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_link_and_path_leads_to_a_file(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!http|#)([^)#]+)", text)
    assert [link for link in links if not (document.parent / link).exists()] == []
    rooms = r"(?:app|assets|checkpoints|docs|models|pipeline|tests|training|ui)"
    paths = re.findall(rf"`({rooms}/[\w/.-]+)`", text)
    real = [path for path in paths if not re.search(r"[A-Z]{4}", path)]  # NAME, TOPIC: to be made
    assert [path for path in real if not Path(path).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_command_is_one(document: Path) -> None:
    commands = {
        "pipeline": {c.name or c.callback.__name__ for c in pipeline.registered_commands},
        "training": {*COMMANDS, "experiment", "tables"},
    }
    text = document.read_text(encoding="utf-8")
    used = re.findall(r"-m (pipeline|training) ([a-z]+)", text)
    assert [pair for pair in used if pair[1] not in commands[pair[0]]] == []
