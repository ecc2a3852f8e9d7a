"""The command line: what it writes, says and returns, for good and bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipeline import recipe
from pipeline.__main__ import app
from pipeline.audio.decode import load, probe
from pipeline.audio.encode import save
from pipeline.cli import manifest
from tests.support.helpers import STAGES, tone

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, the gain stage, and recipes "nothing", "stop" and "break"."""
    monkeypatch.setitem(recipe.STAGES, "gain", STAGES["gain"])
    monkeypatch.setattr(recipe, "FOLDER", tmp_path / "recipes")
    (tmp_path / "recipes").mkdir()
    for name in ("nothing", "stop", "break", "louder"):
        entry = {"stage": "gain", "fails": name} if name in ("stop", "break") else {"stage": "gain"}
        document = {"version": 1, "stages": [] if name == "nothing" else [entry]}
        (tmp_path / "recipes" / f"{name}.json").write_text(json.dumps(document))
    (tmp_path / "w").mkdir()
    monkeypatch.chdir(tmp_path / "w")
    return tmp_path / "w"


def restore(*arguments: str, recipe: str = "nothing") -> Result:
    return CliRunner().invoke(app, ["restore", *arguments, "--recipe", recipe])


def files() -> list[str]:
    """All files but manifests, which have tests of their own."""
    every = (path for path in Path().rglob("*") if path.is_file() and path.name != manifest.NAME)
    return sorted(map(str, every))


def test_files_and_folders_keep_their_names_and_places() -> None:
    for path in ("a.wav", "d/b.flac", "d/e/c.wav", "d/.hidden.wav"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        save(tone(), path)
    Path("d/readme.txt").write_text("no sound")
    done = restore("a.wav", "d", "-o", "out")
    assert done.exit_code == 0 and done.stderr == ""
    assert [f for f in files() if f.startswith("out")] == ["out/a.wav", "out/b.flac", "out/e/c.wav"]
    assert [line.split("  ")[0] for line in done.stdout.splitlines()] == [
        "a.wav -> out/a.wav", "d/b.flac -> out/b.flac", "d/e/c.wav -> out/e/c.wav",
    ]  # fmt: skip


def test_a_second_run_does_not_take_the_first_runs_results() -> None:
    Path("d").mkdir()
    save(tone(), "d/a.wav")
    for _ in range(2):
        assert restore("d", "-o", "d/restored").exit_code == 0
    assert files() == ["d/a.wav", "d/restored/a.wav"]


def test_a_bad_file_is_one_line_and_the_others_are_done() -> None:
    Path("bad.wav").write_text("not a sound")
    Path("empty").mkdir()
    save(tone(), "good.wav")
    done = restore("bad.wav", "nowhere.wav", "empty", "good.wav", "-o", "out")
    assert done.exit_code == 1
    lines = done.stderr.splitlines()
    assert [line.split(":")[0] for line in lines] == ["bad.wav", "nowhere.wav", "empty"]
    assert load("out/good.wav").frames == 48_000
    assert files() == ["bad.wav", "good.wav", "out/good.wav"]


def test_a_stage_that_breaks_is_one_line_too() -> None:
    save(tone(), "a.wav")
    done = restore("a.wav", "-o", "out", recipe="break")
    assert done.exit_code == 1 and done.stderr == "a.wav: RuntimeError: out of luck\n"
    assert files() == ["a.wav"]


def test_ctrl_c_stops_cleanly() -> None:
    save(tone(), "a.wav")
    done = restore("a.wav", "-o", "out", recipe="stop")
    assert done.exit_code == 130 and done.stderr.startswith("Stopped.")
    assert files() == ["a.wav"]


def test_inputs_are_not_overwritten_and_no_two_inputs_meet() -> None:
    for path in ("a.wav", "b.flac"):
        save(tone(), path)
    (Path("sub")).mkdir()
    save(tone(), "sub/a.wav")
    before = {path: Path(path).read_bytes() for path in files()}
    done = restore("a.wav", "b.flac", "-o", ".")
    assert done.exit_code == 1 and done.stderr.count("would overwrite") == 2
    done = restore("a.wav", "sub/a.wav", "-o", "out")
    assert done.exit_code == 1 and done.stderr.startswith("sub/a.wav: would overwrite out/a.wav")
    assert files() == sorted([*before, "out/a.wav"])
    assert {path: Path(path).read_bytes() for path in before} == before


def test_the_same_file_named_twice_is_done_once() -> None:
    save(tone(), "a.wav")
    done = restore("a.wav", "a.wav", "-o", "out")
    assert done.exit_code == 0 and len(done.stdout.splitlines()) == 1


def test_json_is_one_document_with_results_and_failures() -> None:
    save(tone(), "a [bold]ü.wav")
    Path("bad.wav").touch()
    done = restore("a [bold]ü.wav", "bad.wav", "-o", "out", "--json", recipe="louder")
    document = json.loads(done.stdout)
    assert done.exit_code == 1
    assert document["recipe"]["stages"] == [{"stage": "gain", "gain": 2.0, "fails": ""}]
    (entry,) = document["files"]
    assert (entry["source"], entry["path"]) == ("a [bold]ü.wav", "out/a [bold]ü.wav")
    assert entry["seconds"] == 1 and entry["guarantee"]
    assert document["failures"] == [{"source": "bad.wav", "error": done.stderr.strip()}]


def test_notes_are_told() -> None:
    save(tone(), "a.wav")
    Path("more.json").write_text('{"version": 1, "stages": [{"stage": "gain", "gain": 8}]}')
    done = restore("a.wav", "-o", "out", recipe="more.json")
    assert "32-bit float WAV" in done.stdout and probe("out/a.wav").subtype == "FLOAT"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--recipe", "nowhere"], "got recipe 'nowhere', expected a .json file or one of break"),
        (["--format", "wma"], "wma"),
        (["--device", "abacus"], "abacus"),
        (["--colour", "red"], "No such option"),
    ],
)
def test_wrong_use_is_said_before_any_work(arguments: list[str], words: str) -> None:
    save(tone(), "a.wav")
    done = CliRunner().invoke(app, ["restore", "a.wav", "-o", "out", *arguments])
    assert done.exit_code == 2 and words in done.stderr
    assert files() == ["a.wav"]


def test_names_that_look_like_options_or_addresses() -> None:
    save(tone(), "-o.wav")
    save(tone(), "http:a.wav")
    done = CliRunner().invoke(
        app, ["restore", "-o", "out", "--recipe", "nothing", "--", "-o.wav", "http:a.wav"]
    )
    assert done.exit_code == 0
    assert [f for f in files() if f.startswith("out")] == ["out/-o.wav", "out/http:a.wav"]


def test_evaluate_measures_against_the_reference() -> None:
    save(tone(16_000, 1, 2.0), "clean.wav", subtype="FLOAT")
    quiet = tone(16_000, 1, 2.0)
    save(type(quiet)(quiet.samples * 0.9, 16_000), "quiet.wav", subtype="FLOAT")
    done = CliRunner().invoke(app, ["evaluate", "quiet.wav", "clean.wav", "--json"])
    found = json.loads(done.stdout)
    assert found["snr_db"] == pytest.approx(20, abs=1e-3)  # an error of a tenth
    assert found["mse"] == pytest.approx(0.125 * 0.01, rel=1e-3)
    table = CliRunner().invoke(app, ["evaluate", "quiet.wav", "clean.wav"])
    assert "snr_db" in table.stdout and "20.000" in table.stdout


def test_evaluate_refuses_different_recordings() -> None:
    save(tone(seconds=1), "a.wav")
    save(tone(seconds=2), "b.wav")
    save(tone(channels=2), "c.wav")
    for other, words in (("b.wav", "1.00 s and 2.00 s"), ("c.wav", "1 and 2 channels")):
        done = CliRunner().invoke(app, ["evaluate", "a.wav", other])
        assert done.exit_code == 1 and words in done.stderr and "Traceback" not in done.stderr


def test_the_module_runs_from_a_shell(work: Path) -> None:
    save(tone(), work / "a.wav")
    (work / "none.json").write_text('{"version": 1, "stages": []}')
    options = ("-o", str(work / "o"), "--recipe", str(work / "none.json"))
    command = [sys.executable, "-m", "pipeline", "restore", str(work / "a.wav"), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "") and (work / "o" / "a.wav").exists()


def test_reports_lie_beside_the_results_and_several_have_a_page_that_links_them() -> None:
    for name in "ab":
        save(tone(16_000), f"{name}.wav")
    reports = [f"out/{name}.wav.report.html" for name in "ab"]
    assert restore("a.wav", "-o", "out").exit_code == 0 and not Path(reports[0]).exists()
    assert restore("a.wav", "b.wav", "-o", "out", "--report").exit_code == 0
    page = Path("out/report.html").read_text("utf-8")
    assert all(Path(one).is_file() and f'href="{Path(one).name}"' in page for one in reports)
    written = Path(reports[0]).stat().st_mtime_ns
    Path(reports[1]).unlink()
    done = restore("a.wav", "b.wav", "-o", "out", "--report", "--json")
    assert [one["report"] for one in json.loads(done.stdout)["files"]] == reports[1:]
    assert Path(reports[0]).stat().st_mtime_ns == written and Path(reports[1]).is_file()
