"""The house: imports go downward only, heavy libraries wait, files and functions stay short."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = ("models", "pipeline", "training", "ui")
SOURCES = sorted([ROOT / "app.py", *(p for layer in LAYERS for p in (ROOT / layer).rglob("*.py"))])
TESTS = sorted((ROOT / "tests").rglob("*.py"))

ALLOWED = {
    "app": ("ui",),
    "models": ("models",),
    "pipeline": ("pipeline", "models"),
    "training": (
        *("training", "models"),
        *("pipeline.audio", "pipeline.degrade", "pipeline.damage", "pipeline.metrics"),
        *("pipeline.bandwidth", "pipeline.codecs_neural"),
    ),
    "ui": ("ui", "pipeline", "training", "models.registry"),
}
WITH_TORCH = ("codecs", "enhance", "nets", "separate")  # how such files of pipeline begin
HEAVY = {"torch", "torchaudio", "demucs", "librosa", "matplotlib", "scipy", "numba", "pandas"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def layer(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> Iterator[str]:
    """Every module a file imports, also inside functions; `from a import b` gives "a.b"."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name(path)}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(module: str, allowed: tuple[str, ...]) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in allowed)


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_imports_go_downward_only(path: Path) -> None:
    inner = [m for m in imported(path) if m.split(".")[0] in (*LAYERS, "app")]
    assert [m for m in inner if not within(m, ALLOWED[layer(path)])] == []


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_each_library_has_its_layer(path: Path) -> None:
    outer = {module.split(".")[0] for module in imported(path)}
    if layer(path) not in ("ui", "app"):
        assert "gradio" not in outer
    if layer(path) == "pipeline" and path.stem.split("_")[0] not in WITH_TORCH:
        assert "torch" not in outer
    if layer(path) == "models":
        known = {*sys.stdlib_module_names, *LAYERS, "torch", "numpy", "safetensors"}
        assert outer <= known


@pytest.mark.parametrize("path", [p for p in SOURCES if layer(p) == "models"], ids=name)
def test_models_know_no_files_and_print_nothing(path: Path) -> None:
    calls = {
        node.func.id
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert "print" not in calls
    if path.stem != "registry":
        files = {"os", "io", "pathlib", "json", "shutil", "tempfile", "safetensors"}
        assert not files & {module.split(".")[0] for module in imported(path)}
        assert "open" not in calls


@pytest.mark.parametrize("path", [*SOURCES, *TESTS], ids=name)
def test_files_and_functions_stay_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300
    for node in ast.walk(parsed(path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert (node.end_lineno or 0) - node.lineno < 60, f"{node.name} in {name(path)}"


def test_code_lives_in_its_rooms_only() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "*.py"], cwd=ROOT, capture_output=True, text=True
    ).stdout.split()
    rooms = {path.split("/")[0] for path in listed}
    assert rooms <= {*LAYERS, "tests", "app.py"}


@pytest.mark.parametrize(
    "code",
    [
        "import models.registry; models.registry.available()",
        "import pipeline.audio, pipeline.restore, pipeline.stage",
        "from pipeline import recipe; recipe.stage_classes()",
        "import pipeline.__main__",
        "import ui.build",
        "import training.export, training.limits, training.runs, training.verdict",
    ],
)
def test_heavy_libraries_wait_until_needed(code: str) -> None:
    probe = f"import sys; {code}; print(*sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert loaded - ({"pandas"} if "ui" in code else set()) == set()  # Gradio itself loads pandas
