"""`python -m pipeline degrade`: what it writes, says and returns."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from pipeline import damages
from pipeline.__main__ import app
from pipeline.audio.decode import load
from pipeline.audio.encode import save
from tests.support.helpers import tone


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.flac", "b.wav"):
        save(tone(rate=44_100, channels=2, seconds=0.3), name)


def degrade(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["degrade", *arguments, "-o", "out"])


def test_a_preset_and_its_seed_give_the_samples_of_the_same_chain() -> None:
    done = degrade("a.flac", "--preset", "telephone", "--seed", "7", "--format", "wav32f", "--json")
    assert done.exit_code == 0 and done.stderr == ""
    (entry,) = json.loads(done.stdout)["files"]
    clean, chain = load("a.flac"), damages.seeded(damages.load("telephone"), 7)
    assert entry["recipe"] == damages.dump(chain)
    degraded = load(entry["path"])
    assert (degraded.rate, degraded.samples.shape) == (44_100, clean.samples.shape)
    np.testing.assert_array_equal(degraded.samples, chain(clean).samples)
    other = damages.seeded(damages.load("telephone"), 8)
    assert not np.array_equal(degraded.samples, other(clean).samples)


def test_a_recipe_from_a_file_and_a_file_that_fails() -> None:
    Path("bad.wav").write_text("no sound")
    document = {"version": 1, "stages": [{"stage": "bits", "bits": 4}]}
    Path("my.json").write_text(json.dumps(document))
    done = degrade("a.flac", "bad.wav", "--recipe", "my.json")
    assert done.exit_code == 1 and done.stderr.startswith("bad.wav: ")
    assert done.stdout.endswith("out/a.flac  (bits)\n")
    assert np.unique(load("out/a.flac").samples).size <= 17


def test_a_seed_alone_draws_other_damage_for_each_file() -> None:
    first, second = (json.loads(degrade("a.flac", "b.wav", "--seed", "3", "--json").stdout)
                     for _ in range(2))  # fmt: skip
    assert first == second
    recipes = [entry["recipe"] for entry in first["files"]]
    assert recipes == [damages.dump(damages.drawn(3, number)) for number in (0, 1)]
    assert recipes[0] != recipes[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "expected --preset, --recipe, or --seed"),
        (("--preset", "telephone", "--recipe", "my.json"), "expected one of them"),
        (("--recipe", "none.json"), "expected a .json file or one of"),
        (("--preset", "nonsense"), "expected one of: codec-voice"),
    ],
)
def test_bad_use_is_said_before_anything_is_written(arguments, message) -> None:
    done = degrade("a.flac", *arguments)
    assert done.exit_code == 2
    assert message in " ".join(done.stderr.replace("│", " ").split())
    assert not Path("out").exists()
