"""One command line for training; short forms work, and old paths name the new ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from training.__main__ import complete
from training.config import CONFIGS, config_path, read_config


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["a.json", "--run", "r"], ["run", "a.json", "--run", "r"]),
        (["--data", "x", "--resume"], ["run", "--data", "x", "--resume"]),
        (
            ["cost", "a.json", "--data", "x", "y", "--base", "b"],
            ["cost", "a.json", "--data", "x", "--data", "y", "--base", "b"],
        ),
        (["judge", "r"], ["judge", "r"]),
        (["--help"], ["--help"]),
        ([], []),
    ],
)
def test_run_is_understood_and_several_folders_may_follow_data(given, expected) -> None:
    assert complete(given) == expected


def test_a_config_is_a_file_or_a_name_and_an_old_path_names_the_new_one(tmp_path: Path) -> None:
    assert config_path("fine-tune") == config_path("fine-tune.json") == CONFIGS / "fine-tune.json"
    own = tmp_path / "own.json"
    own.write_text("{}")
    assert config_path(own) == own
    with pytest.raises(ValueError, match="it is training/configs/fine-tune.json now"):
        config_path("training/recipes/fine-tune.json")
    with pytest.raises(ValueError, match="one of: codec-repair, "):
        config_path("no-such")


@pytest.mark.parametrize("text", ["[]", "{", "[" * 100_000, '{"batch": "8"}', '{"model": []}'])
def test_a_file_that_is_no_config_is_one_clear_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="bad.json"):
        read_config(path)


def test_wrong_use_is_one_line_and_never_a_traceback(tmp_path: Path) -> None:
    for arguments in (["ship", str(tmp_path), "x", "--title", "t", "--summary", "s"], ["gone"]):
        command = [sys.executable, "-m", "training", *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
        assert done.stderr.startswith("training: ")
