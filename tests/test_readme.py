"""The README says what the code says."""

import re
from pathlib import Path

from pipeline.recipe import named
from tests.support.readme_tables import stage_table

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
