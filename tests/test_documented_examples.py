"""The examples of the documentation run as they stand there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

import pipeline
from tests.support.calls import blocks, write_recordings

ROOT = Path(__file__).parent.parent
PYTHON = ROOT / "docs" / "PYTHON.md"


@pytest.fixture
def recordings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a telephone call and its clean original, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    return write_recordings(tmp_path)


def test_every_python_example_runs(recordings: Path) -> None:
    for code in blocks(PYTHON, "python"):
        exec(compile(code, str(PYTHON), "exec"), {})
    made = {"restored.wav", "restored", "harmonic.wav", "degraded.wav", "copy.flac", "copy.wav"}
    assert made <= {path.name for path in recordings.iterdir()}
    assert soundfile.info(recordings / "restored" / "call.flac").duration == 0.5


def test_the_documented_names_are_those_of_the_package() -> None:
    documented = set(re.findall(r"^\| `(\w+)\(", PYTHON.read_text(encoding="utf-8"), re.M))
    assert documented == set(pipeline.__all__) - {"Audio", "separate_file"}
    assert all(callable(getattr(pipeline, name)) for name in pipeline.__all__)
    assert set(pipeline.__all__) <= set(dir(pipeline))


def test_importing_the_package_loads_nothing() -> None:
    code = "import sys, pipeline; print('numpy' in sys.modules, 'soundfile' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "False"]


def test_a_name_that_is_none_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'restoree'"):
        pipeline.restoree  # noqa: B018
