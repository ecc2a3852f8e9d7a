"""Exit codes and one sentence for everything that can be wrong with a command; no noise besides."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from pipeline.__main__ import app
from pipeline.audio.encode import save
from pipeline.audio.sound import LARGEST, Audio
from tests.support.helpers import tone
from tests.support.sounds import tiny_checkpoint

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty current folder but for a.wav, and an empty folder of own checkpoints."""
    (tmp_path / "w").mkdir()
    monkeypatch.chdir(tmp_path / "w")
    monkeypatch.setenv("WAVEMEND_CHECKPOINTS", str(tmp_path / "own"))
    save(tone(seconds=0.3), "a.wav")


def ends(*arguments: str) -> tuple[int, str]:
    """Exit code and stderr; whatever is not foreseen is raised."""
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    return done.exit_code, done.stderr


RECIPES = {
    "deep": "[" * 100_000,
    "deep list": '{"version": 1, "stages": ' + "[" * 900 + "]" * 900 + "}",
    "not text": "\udcff",
    "no object": "[]",
    "no list": '{"version": 1, "stages": 5}',
    "no name": '{"version": 1, "stages": [{"stage": ["enhance"]}]}',
    "a file": '{"version": 1, "stages": [{"stage": "enhance", "checkpoint": {"path": "app.py"}}]}',
    "a text": '{"version": 1, "stages": [{"stage": "denoise", "reduction_db": "a"}]}',
    "gains": '{"version": 1, "stages": [{"stage": "per_stem", "gains_db": [1]}]}',
}


@pytest.mark.parametrize("name", RECIPES)
def test_a_wrong_recipe_is_one_sentence(name: str) -> None:
    Path("r.json").write_bytes(RECIPES[name].encode("utf-8", "surrogateescape"))
    code, said = ends("restore", "a.wav", "-o", "out", "--recipe", "r.json")
    assert code == 2 and len(said.splitlines()) == 1 and said.startswith("r.json: ")
    assert not Path("out").exists()


def card(**changes: object) -> dict[str, object]:
    document = json.loads(Path("../own/tiny/card.json").read_text())
    config = document["config"]
    return {**document, **{k: {**config, **v} if k == "config" else v for k, v in changes.items()}}


CARDS = {
    "a smaller net": {"config": {"widths": [8, 8]}},
    "no number": {"config": {"sample_rate": "x"}},
    "an unknown key": {"config": {"colour": "red"}},
    "too large": {"config": {"widths": [1 << 20] * 4}},
    "another digest": {"sha256": "00"},
    "another net": {"model": "wavenet", "config": {}},
    "no net": {"model": "abacus"},
}


@pytest.mark.parametrize("name", CARDS)
def test_a_wrong_checkpoint_is_one_sentence(name: str) -> None:
    tiny_checkpoint(Path("../own/tiny"))
    Path("../own/tiny/card.json").write_text(json.dumps(card(**CARDS[name])))
    code, said = ends("restore", "a.wav", "-o", "out", "--checkpoint", "tiny")
    assert code == 2 and len(said.splitlines()) == 1 and len(said) < 400
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("restore", "a.wav", "-o", "out", "--checkpoint", "nowhere"), 2, "got 'nowhere'"),
        (("restore", "a.wav", "-o", "a.wav"), 2, "a.wav: Not a directory"),
        (("restore", "a.wav", "-o", "b.WAV"), 2, "--out: got b.WAV, expected a folder"),
        (("separate", "a.wav", "-o", "a.wav", "--model", "mid_side"), 2, "a.wav: Not a directory"),
        (("restore", "nowhere.wav", "-o", "out"), 1, "nowhere.wav: "),
        (("diagnose", "nowhere.wav"), 1, "nowhere.wav: "),
        (("diagnose", "a.wav", "--recipe-out", "a.txt"), 2, "ends in .json"),
        (("evaluate", "a.wav", "nowhere.wav"), 1, "nowhere.wav: "),
        (("report", "a.wav", "--checkpoint", "nowhere"), 2, "got 'nowhere'"),
        (("report", "a.wav", "--keep-below-hz", "-5"), 2, "got -5"),
        (("report", "nowhere.wav"), 1, "at least one"),
        (("evaluate", "a.wav", "a.wav"), 0, ""),
        (("evaluate", "a.wav"), 1, "expected a TARGET or --no-reference"),
    ],
)
def test_the_exit_code_says_what_failed(arguments: tuple[str, ...], code: int, words: str) -> None:
    got, said = ends(*arguments)
    assert got == code and words in said and bool(said) == bool(code)


RUN_ALL = """import json, sys
from pipeline.__main__ import app
for arguments in json.loads(sys.argv[1]):
    assert not app(arguments, standalone_mode=False)
    print("END")
"""


def test_no_library_writes_on_stderr(rng: np.random.Generator) -> None:
    huge = LARGEST * rng.uniform(-1, 1, (1, 9000))
    save(Audio(huge.astype(np.float32), 16_000), "huge.wav", subtype="FLOAT")
    save(Audio(np.ones((1, 1), np.float32), 16_000), "one.wav", subtype="FLOAT")
    (Path("none.json")).write_text('{"version": 1, "stages": []}')
    commands = [
        arguments
        for name in ("huge.wav", "one.wav")
        for arguments in (
            ("diagnose", name, "--json"),
            ("evaluate", name, name, "--json"),
            ("restore", name, "-o", "out", "--recipe", "none.json", "--json"),
        )
    ]
    command = [sys.executable, "-W", "always::RuntimeWarning", "-c", RUN_ALL, json.dumps(commands)]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    outputs = done.stdout.split("END\n")
    assert outputs.pop() == "" and len(outputs) == len(commands)
    for output in outputs:
        json.loads(output)
