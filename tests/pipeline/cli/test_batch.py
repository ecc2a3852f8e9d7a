"""One bad file never ends a batch; it is one line on stderr, and the others are done."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipeline import recipe
from pipeline import restoration as engine
from pipeline.__main__ import app
from pipeline.audio.encode import save
from pipeline.cli import batch
from tests.support.helpers import tone

COMMANDS = (("restore", "--recipe", "nothing"), ("separate", "--model", "mid_side"))


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty current folder and the recipe "nothing"."""
    monkeypatch.setattr(recipe, "FOLDER", tmp_path)
    (tmp_path / "nothing.json").write_text(json.dumps({"version": 1, "stages": []}))
    (tmp_path / "w").mkdir()
    monkeypatch.chdir(tmp_path / "w")


def run(command: tuple[str, ...], *arguments: str) -> Result:
    name, *options = command
    return CliRunner().invoke(app, [name, *arguments, "-o", "out", *options])


def results() -> list[str]:
    return sorted(path.name for path in Path("out").glob("[!.]*"))


def expected(command: tuple[str, ...]) -> list[str]:
    return ["good.wav"] if command[0] == "restore" else ["good - mid.wav", "good - side.wav"]


def fails_for(name: str, number: int):
    """Wraps a function of a path so that it fails for one name, as a bad disk lets it."""

    def wrap(function):
        def wrapped(path, *arguments, **options):
            if Path(str(path)).name == name:
                raise OSError(number, os.strerror(number), str(path))
            return function(path, *arguments, **options)

        return wrapped

    return wrap


@pytest.mark.parametrize("command", COMMANDS)
def test_links_in_a_circle_are_that_files_failure(command: tuple[str, ...]) -> None:
    Path("d").mkdir()
    Path("d/a.wav").symlink_to("b.wav")
    Path("d/b.wav").symlink_to("a.wav")
    save(tone(seconds=0.2), "d/good.wav")
    for given in (("d",), ("d/a.wav", "d/b.wav", "d/good.wav")):
        done = run(command, *given)
        assert done.exit_code == 1 and results() == expected(command)
        said = "Too many levels of symbolic links"
        assert done.stderr == f"d/a.wav: {said}\nd/b.wav: {said}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_an_error_of_the_disk_is_that_files_failure(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("bad.wav", "good.wav"):
        save(tone(seconds=0.2), name)
    monkeypatch.setattr(batch, "probe", fails_for("bad.wav", errno.EIO)(batch.probe))
    done = run(command, "bad.wav", "good.wav")
    assert (done.exit_code, done.stderr) == (1, "bad.wav: Input/output error\n")
    assert results() == expected(command)


def test_an_error_of_the_disk_while_reading_is_that_files_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("bad.wav", "good.wav"):
        save(tone(seconds=0.2), name)
    monkeypatch.setattr(engine, "decode", fails_for("bad.wav", errno.EIO)(engine.decode))
    done = run(COMMANDS[0], "bad.wav", "good.wav")
    assert (done.exit_code, done.stderr) == (1, "bad.wav: Input/output error\n")
    assert results() == ["good.wav"]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_that_cannot_be_read_is_a_failure_of_its_own(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("d/bad").mkdir(parents=True)
    save(tone(seconds=0.2), "d/good.wav")
    monkeypatch.setattr(os, "scandir", fails_for("bad", errno.EIO)(os.scandir))
    done = run(command, "d")
    assert (done.exit_code, done.stderr) == (1, "d/bad: Input/output error\n")
    assert results() == expected(command)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_results_folder_of_links_in_a_circle_is_wrong_use(command: tuple[str, ...]) -> None:
    save(tone(seconds=0.2), "good.wav")
    Path("out").symlink_to("out")
    done = run(command, "good.wav")
    assert (done.exit_code, done.stderr) == (2, "out: Too many levels of symbolic links\n")


NAMES = {"a\nb.wav": "a\\nb.wav", "\x1b[2J.wav": "\\x1b[2J.wav", "\udcff.wav": "\\udcff.wav"}
"""Names that break a line, clear the terminal, or are no UTF-8, and how they are shown."""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_name_is_shown_in_one_line_that_any_terminal_can_show(
    command: tuple[str, ...], name: str
) -> None:
    Path(name).write_bytes(b"no sound")
    done = run(command, name)
    assert done.exit_code == 1 and len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(f"{NAMES[name]}: not a sound file")
    save(tone(seconds=0.2), name)
    done = run(command, name)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{NAMES[name]} -> ")
