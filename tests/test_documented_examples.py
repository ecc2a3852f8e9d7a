"""The examples of the documentation run as they stand there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

import pipeline

ROOT = Path(__file__).parent.parent
PYTHON = ROOT / "docs" / "PYTHON.md"


def blocks(document: Path, language: str) -> list[str]:
    """The code blocks of a document that are in this language."""
    return re.findall(rf"```{language}\n(.*?)```", document.read_text(encoding="utf-8"), re.S)


@pytest.fixture
def recordings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a telephone call and its clean original, which is the working directory."""
    time_s = np.arange(24_000) / 48_000
    clean = sum(0.1 * np.sin(2 * np.pi * hz * time_s) for hz in (300, 900, 2500, 9000))
    soundfile.write(tmp_path / "clean.wav", clean, 48_000, "PCM_24")
    call = sum(0.1 * np.sin(2 * np.pi * hz * time_s[::6]) for hz in (300, 900, 2500))
    soundfile.write(tmp_path / "call.wav", call, 8_000)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_python_example_runs(recordings: Path) -> None:
    for code in blocks(PYTHON, "python"):
        exec(compile(code, str(PYTHON), "exec"), {})
    made = {"restored.wav", "restored", "harmonic.wav", "percussive.wav", "copy.flac", "copy.wav"}
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
