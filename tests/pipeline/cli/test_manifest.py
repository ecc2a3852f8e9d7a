"""A run over a folder that is half done goes on where it ended; what has changed is done anew."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipeline import recipe
from pipeline import restoration as engine
from pipeline.__main__ import app
from pipeline.audio.encode import save
from pipeline.cli.manifest import NAME
from tests.support.helpers import STAGES, tone


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A current folder with d/a.wav, d/e/b.flac, and a recipe of a gain each."""
    monkeypatch.setitem(recipe.STAGES, "gain", STAGES["gain"])
    monkeypatch.setattr(recipe, "FOLDER", tmp_path)
    for name, gain in (("half", 0.5), ("third", 0.3), ("loud", 8.0)):
        document = {"version": 1, "stages": [{"stage": "gain", "gain": gain}]}
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    (tmp_path / "w/d/e").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "w")
    for path in ("d/a.wav", "d/e/b.flac"):
        save(tone(seconds=0.2), path)


def restore(*options: str, recipe: str = "half") -> Result:
    done = CliRunner().invoke(app, ["restore", "d", "-o", "out", "--recipe", recipe, *options])
    assert done.exit_code == 0, done.output
    return done


def restored(*options: str, recipe: str = "half") -> list[str]:
    """The sources that a run restores."""
    document = json.loads(restore("--json", *options, recipe=recipe).stdout)
    assert len(document["files"]) + len(document["skipped"]) == 2
    return [entry["source"] for entry in document["files"]]


BOTH = ["d/a.wav", "d/e/b.flac"]


def test_a_second_run_leaves_what_is_up_to_date_and_says_so() -> None:
    assert restored() == BOTH
    before = Path("out/a.wav").stat().st_mtime_ns
    assert restored() == []
    lines = restore().stdout.splitlines()
    assert lines[:2] == [
        "d/a.wav -> out/a.wav  (up to date)",
        "d/e/b.flac -> out/e/b.flac  (up to date)",
    ]
    assert "2 results are up to date" in lines[2] and "--again" in lines[2]
    assert Path("out/a.wav").stat().st_mtime_ns == before
    assert restored("--again") == BOTH


def test_a_run_that_was_stopped_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    decode = engine.decode

    def stop(path: Path, **options: object):
        if path.name == "b.flac":
            raise KeyboardInterrupt
        return decode(path, **options)

    monkeypatch.setattr(engine, "decode", stop)
    arguments = ["restore", "d", "-o", "out", "--recipe", "half"]
    assert CliRunner().invoke(app, arguments).exit_code == 130
    monkeypatch.setattr(engine, "decode", decode)
    assert restored() == BOTH[1:]


def test_another_recipe_format_or_input_is_done_anew() -> None:
    restore()
    assert restored(recipe="third") == BOTH
    assert restored("--format", "wav32f", recipe="third") == BOTH
    assert restored(recipe="third") == BOTH[:1]  # only out/a.wav was replaced by --format
    save(tone(seconds=0.3), "d/a.wav")
    assert restored(recipe="third") == BOTH[:1]
    os.utime("d/a.wav")
    assert restored(recipe="third") == BOTH[:1]


def test_a_result_that_is_gone_or_was_changed_is_done_anew() -> None:
    restore()
    Path("out/a.wav").unlink()
    Path("out/e/b.flac").write_bytes(b"half")
    assert restored() == BOTH
    assert restored() == []


def test_a_result_under_another_suffix_is_up_to_date_too() -> None:
    assert restored(recipe="loud") == BOTH
    assert Path("out/e/b.wav").exists() and not Path("out/e/b.flac").exists()
    assert restored(recipe="loud") == []


@pytest.mark.parametrize("damage", ["\x00\xff", "{", "[1]\n", '{"target": "a.wav", "recipe": 1}\n'])
def test_a_damaged_log_costs_at_most_what_it_lists(damage: str) -> None:
    restore()
    with Path("out", NAME).open("a") as log:
        log.write(damage)
    assert set(restored()) <= {"d/a.wav"}
    assert restored() == []


def test_results_without_a_log_are_done_anew() -> None:
    restore()
    Path("out", NAME).unlink()
    assert restored() == BOTH


def test_a_trained_checkpoint_of_the_same_name_makes_results_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support.sounds import tiny_checkpoint

    monkeypatch.setenv("WAVEMEND_CHECKPOINTS", str(tmp_path / "own"))
    document = {"version": 1, "stages": [{"stage": "enhance", "checkpoint": "tiny"}]}
    (tmp_path / "tiny.json").write_text(json.dumps(document))
    tiny_checkpoint(tmp_path / "own/tiny")
    assert restored(recipe="tiny") == BOTH and restored(recipe="tiny") == []
    tiny_checkpoint(tmp_path / "own/tiny", spectral=True)
    assert restored(recipe="tiny") == BOTH


def entries() -> list[dict]:
    return [json.loads(line) for line in Path("out", NAME).read_text().splitlines()]


def test_the_manifest_says_what_became_of_each_recording() -> None:
    Path("d/bad.wav").write_text("no sound")
    done = CliRunner().invoke(app, ["restore", "d", "-o", "out", "--recipe", "half"])
    assert done.exit_code == 1
    failed, *good = entries()
    assert failed["status"] == "failed" and failed["why"].startswith("d/bad.wav: ")
    for entry, source in zip(good, BOTH, strict=True):
        result = Path("out", entry["target"])
        assert entry["status"] == "done" and entry["source"][0] == str(Path(source).resolve())
        assert entry["source_sha256"] == hashlib.sha256(Path(source).read_bytes()).hexdigest()
        digest = hashlib.sha256(result.read_bytes()).hexdigest()
        assert entry["results"]["restored"]["sha256"] == digest
    assert len({entry["recipe"] for entry in entries()}) == 1


def test_stems_that_are_up_to_date_are_left_as_they_are() -> None:
    arguments = ["separate", "d", "-o", "out", "--model", "mid_side", "--json"]

    def separated(*options: str) -> list[str]:
        done = CliRunner().invoke(app, [*arguments, *options])
        assert done.exit_code == 0, done.output
        document = json.loads(done.stdout)
        assert len(document["files"]) + len(document["skipped"]) == 2
        return [entry["source"] for entry in document["files"]]

    assert separated() == BOTH and separated() == []
    assert separated("--zip") == BOTH and separated("--zip") == []
    assert separated() == BOTH
    Path("out/a - mid.wav").unlink()
    assert separated() == BOTH[:1]
    assert separated("--again") == BOTH
