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

# What each layer may import of the others.
ALLOWED = {
    "app": ("ui",),
    "models": ("models",),
    "pipeline": ("pipeline", "models"),
    "training": (
        "training",
        "models",
        *(f"pipeline.{floor}" for floor in ("audio", "dsp", "analysis", "degradation")),
        *("pipeline.evaluation", "pipeline.plots", "pipeline.stage", "pipeline.files"),
    ),
    "ui": ("ui", "pipeline", "training", "models.card", "models.checkpoint"),
}

# The floors of each layer from the ground up; a floor imports those below it only.
FLOORS = {
    "pipeline": (
        *(
            "version",
            "files",
            "audio",
            "remote",
            "knobs",
            "stage",
            "dsp",
            "analysis",
            "inference",
            "separation",
            "stages",
        ),
        *(
            "degradation",
            "recipe",
            "recipe_text",
            "damages",
            "generation",
            "diagnosis",
            "evaluation",
            "plots",
            "output",
        ),
        *("report", "restoration", "stems", "cli"),
        "__main__",
    ),
    "training": (
        *("tasks", "config", "data", "runs", "evaluation", "learn", "experiments", "tables"),
        *("commands", "__main__"),
    ),
    "ui": (
        *(
            "__init__",
            "limits",
            "memory",
            "quotas",
            "sweeper",
            "zero_gpu",
            "jobs",
            "session",
            "serving",
            "uploads",
            "server_folder",
            "wiring",
            "sending",
            "components",
            "static_files",
        ),
        *(
            "restore",
            "tab_recordings",
            "finetune",
            "degrade",
            "compare",
            "listen",
            "generate",
            "setup",
            "api",
        ),
        "page",
    ),
}
WITH_TORCH = {
    "pipeline/inference.py",
    "pipeline/separation/demucs.py",
    "pipeline/separation/demucs_apply.py",
    "pipeline/degradation/neural_codecs.py",
    "pipeline/generation/musicgen.py",
}
FILES_IN_A_FOLDER = 16
HEAVY = {
    *("torch", "torchaudio", "transformers", "demucs", "librosa", "matplotlib", "scipy", "numba"),
    "pandas",
}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def layer(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


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


def test_imports_go_downward_only() -> None:
    upward = [
        f"{name(path)}: {target}"
        for path in SOURCES
        for target in imported(path)
        if target.split(".")[0] in (*LAYERS, "app") and not within(target, ALLOWED[layer(path)])
    ]
    assert upward == []


def floor(module: str) -> int:
    """How high a module of a layer with floors lies."""
    top, part = module.split(".")[:2]
    return FLOORS[top].index(part if part in FLOORS[top] else "__init__")


def test_a_floor_imports_those_below_it_only() -> None:
    fronts = ("pipeline/__init__.py", "training/__init__.py")
    paths = [path for path in SOURCES if layer(path) in FLOORS and name(path) not in fronts]
    assert [f"{name(path)}: {target}" for path in paths for target in not_below(path)] == []


def not_below(path: Path) -> list[str]:
    """The modules of its own layer that a file imports from its height or above."""
    own = [m for m in imported(path) if m.split(".")[0] == layer(path) and "." in m]
    inside = ".".join(module(path).split(".")[:2])
    others = [m for m in own if not within(m, (inside,))]
    return [m for m in others if floor(m) >= floor(module(path))]


def imports_within(layer_name: str) -> dict[str, set[str]]:
    """Module -> the modules of its own layer that it imports when it is loaded or later."""
    files = {module(path): path for path in SOURCES if layer(path) == layer_name}
    return {
        name: {m for m in (_known(target, files) for target in imported(path)) if m and m != name}
        for name, path in files.items()
    }


def _known(target: str, files: dict[str, Path]) -> str | None:
    return next((m for m in (target, target.rpartition(".")[0]) if m in files), None)


@pytest.mark.parametrize("layer_name", LAYERS)
def test_no_import_goes_in_a_circle(layer_name: str) -> None:
    graph = imports_within(layer_name)
    while leaves := [m for m, targets in graph.items() if not targets & set(graph)]:
        graph = {m: targets for m, targets in graph.items() if m not in leaves}
    assert graph == {}


def test_folders_stay_small() -> None:
    folders = {path.parent for path in SOURCES}
    counts = {name(f): len([p for p in f.glob("*.py") if p.stem != "__init__"]) for f in folders}
    assert {f: n for f, n in counts.items() if n > FILES_IN_A_FOLDER} == {}


def test_tests_lie_where_what_they_test_lies() -> None:
    homes = {name(path.parent) for path in SOURCES} | {".", "page", "support", "bench"}
    tests = [path for path in TESTS if path.stem.startswith("test_")]
    assert {str(p.parent.relative_to(ROOT / "tests")) for p in tests} <= homes


def test_each_library_has_its_layer() -> None:
    for path in SOURCES:
        outer = {module.split(".")[0] for module in imported(path)}
        if layer(path) not in ("ui", "app"):
            assert "gradio" not in outer, name(path)
        if layer(path) == "pipeline" and name(path) not in WITH_TORCH:
            assert "torch" not in outer, name(path)
        if layer(path) == "models":
            known = {*sys.stdlib_module_names, *LAYERS, "torch", "numpy", "safetensors"}
            assert outer <= known, name(path)


def test_models_know_no_files_and_print_nothing() -> None:
    files = {"os", "io", "pathlib", "json", "shutil", "tempfile", "safetensors"}
    for path in [path for path in SOURCES if layer(path) == "models"]:
        called = {
            node.func.id
            for node in ast.walk(parsed(path))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert "print" not in called, name(path)
        if path.stem not in ("card", "checkpoint") and path.parent.name != "user_weights":
            assert not files & {module.split(".")[0] for module in imported(path)}, name(path)
            assert "open" not in called, name(path)


def test_files_and_functions_stay_short() -> None:
    for path in [*SOURCES, *TESTS]:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 300, name(path)
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
        "import models.checkpoint; models.checkpoint.available([])",
        "import pipeline.audio.sound, pipeline.restoration, pipeline.stage",
        "from pipeline import decode, diagnose, load, restore, save, separate",
        "from pipeline import recipe; recipe.stage_classes()",
        "import pipeline.__main__",
        "import training.runs.export, training.runs.quota, training.runs.run",
        "import training.__main__, training.tasks, training.config",
    ],
)
def test_heavy_libraries_wait_until_needed(code: str) -> None:
    probe = f"import sys; {code}; print(*sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def test_the_pipeline_is_imported_at_once() -> None:
    code = "import time, pipeline; print(time.process_time())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 0.3
