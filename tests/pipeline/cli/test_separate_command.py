"""`python -m pipeline separate`: which files it writes, says and returns."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from pipeline import stems as stem_files
from pipeline.__main__ import app
from pipeline.audio.decode import load, probe
from pipeline.audio.encode import save
from pipeline.audio.sound import Audio
from pipeline.cli.manifest import NAME
from pipeline.separation.separators import SEPARATORS
from pipeline.stage import Cancelled
from tests.support.helpers import tone
from tests.support.separators import tiny_demucs
from tests.support.ticks import stop_beyond


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "w").mkdir()
    monkeypatch.chdir(tmp_path / "w")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.delenv("WAVEMEND_DEMUCS", raising=False)


def separate(*arguments: str, model: str = "mid_side") -> Result:
    return CliRunner().invoke(app, ["separate", *arguments, "--model", model])


def files() -> list[str]:
    """All files but manifests, which have tests of their own."""
    return sorted(str(p) for p in Path().rglob("*") if p.is_file() and p.name != NAME)


def test_every_stem_is_a_file_and_they_add_up(rng) -> None:
    sound = Audio(rng.uniform(-0.4, 0.4, (2, 9001)).astype(np.float32), 96_000)
    save(sound, "a.wav", subtype="FLOAT")
    done = separate("a.wav", "-o", ".")
    assert done.exit_code == 0 and done.stderr == ""
    assert done.stdout.startswith("a.wav -> a - mid.wav, a - side.wav  (0.1 s of sound in ")
    assert files() == ["a - mid.wav", "a - side.wav", "a.wav"]
    stems = [load(name) for name in ("a - mid.wav", "a - side.wav")]
    np.testing.assert_allclose(sum(s.samples for s in stems), sound.samples, atol=1e-6)
    assert {(s.rate, s.samples.shape) for s in stems} == {(96_000, (2, 9001))}
    assert probe("a - mid.wav").subtype == "FLOAT"


def test_demucs_runs_with_weights_from_a_folder() -> None:
    save(tone(channels=2, seconds=0.3), "a.flac")
    weights = str(tiny_demucs(Path("weights")))
    done = separate("a.flac", "-o", "out", "--weights", weights, "--shifts", "1", model="htdemucs")
    assert done.exit_code == 0 and done.stderr == ""
    made = [f"out/a - {name}.flac" for name in sorted(SEPARATORS["htdemucs"])]
    assert [name for name in files() if name.startswith("out")] == made
    total = sum(load(name).samples for name in made)
    np.testing.assert_allclose(total, load("a.flac").samples, atol=1e-5)


def test_formats_and_one_zip_a_recording() -> None:
    Path("d/e").mkdir(parents=True)
    for name in ("a.wav", "d/e/b.wav"):
        save(tone(seconds=0.2), name)
    done = separate("a.wav", "d", "-o", "out", "--format", "mp3", "--zip")
    assert done.exit_code == 0
    assert files() == ["a.wav", "d/e/b.wav", "out/a - stems.zip", "out/e/b - stems.zip"]
    with zipfile.ZipFile("out/a - stems.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["a - mid.mp3", "a - side.mp3"]


def test_json_is_one_document() -> None:
    save(tone(seconds=0.2), "a.wav")
    Path("bad.wav").touch()
    done = separate("a.wav", "bad.wav", "-o", "out", "--json")
    assert done.exit_code == 1
    document = json.loads(done.stdout)
    assert document["model"] == "mid_side"
    (entry,) = document["files"]
    assert entry["source"] == "a.wav" and entry["seconds"] == pytest.approx(0.2)
    assert entry["files"] == {"mid": "out/a - mid.wav", "side": "out/a - side.wav"}
    assert document["failures"][0]["source"] == "bad.wav"


def test_a_bad_file_is_one_line_and_the_others_are_done() -> None:
    Path("bad.wav").write_text("not a sound")
    save(tone(seconds=0.2), "good.wav")
    done = separate("bad.wav", "nowhere.wav", "good.wav", "-o", "out")
    assert done.exit_code == 1
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["bad.wav", "nowhere.wav"]
    assert files() == ["bad.wav", "good.wav", "out/good - mid.wav", "out/good - side.wav"]


def test_no_input_is_overwritten_and_no_two_inputs_meet() -> None:
    for name in ("a.wav", "a - mid.wav", "a.flac"):
        save(tone(seconds=0.2), name)
    before = Path("a - mid.wav").read_bytes()
    done = separate("a.wav", "a - mid.wav", "a.flac", "-o", ".")
    assert done.exit_code == 1
    first, second = done.stderr.splitlines()
    assert first.startswith("a.flac: its stems would overwrite those of a.wav")
    assert second.startswith("a.wav: would overwrite a - mid.wav")
    assert Path("a - mid.wav").read_bytes() == before


def test_a_stem_above_full_scale_is_kept_as_float() -> None:
    opposed = np.array([[0.9], [-0.9]]) * np.sign(np.sin(np.arange(4800)))
    save(Audio(1.2 * opposed.astype(np.float32), 48_000), "a.wav", subtype="FLOAT")
    done = separate("a.wav", "-o", "out", "--format", "flac")
    assert done.exit_code == 0 and "side: The result goes above full scale" in done.stdout
    assert [name for name in files() if "out" in name] == ["out/a - mid.flac", "out/a - side.wav"]


def test_without_weights_nothing_starts_and_the_way_out_is_told() -> None:
    save(tone(seconds=0.2), "a.wav")
    done = separate("a.wav", "-o", "out", model="htdemucs")
    assert done.exit_code == 2 and files() == ["a.wav"]
    first, second = done.stderr.splitlines()
    assert first.startswith("First use of htdemucs: downloading https://huggingface.co/")
    assert "WAVEMEND_DEMUCS" in second and "HF_HUB_OFFLINE is set" in second


@pytest.mark.parametrize("wrong", [["--overlap", "1"], ["--shifts", "11"], ["--weights", "nope"]])
def test_a_wrong_setting_ends_the_run(wrong: list[str]) -> None:
    save(tone(seconds=0.2), "a.wav")
    done = separate("a.wav", "-o", "out", *wrong, model="htdemucs")
    assert done.exit_code == 2 and len(done.stderr.splitlines()) == 1 and files() == ["a.wav"]


@pytest.mark.parametrize("stopped_at", ["separating", "writing"])
def test_ctrl_c_leaves_nothing_half_done(stopped_at: str, monkeypatch) -> None:
    save(tone(seconds=0.2), "a.wav")

    def stop(*arguments: object, **settings: object) -> None:
        raise KeyboardInterrupt

    if stopped_at == "writing":
        saved = iter((save, stop))
        monkeypatch.setattr(stem_files, "save", lambda *a, **s: next(saved)(*a, **s))
    else:
        monkeypatch.setattr(stem_files.PerStem, "stems", stop)
    done = separate("a.wav", "-o", "out")
    assert done.exit_code == 130 and done.stderr.startswith("Stopped.")
    assert files() == ["a.wav"] and list(Path("out").glob("*")) == []


def test_it_is_cancelled_between_stems(tmp_path: Path) -> None:
    save(tone(seconds=0.2), "a.wav")

    stage = stem_files.PerStem("mid_side")
    with pytest.raises(Cancelled):
        stem_files.separate_file(Path("a.wav"), Path("out"), stage, stop_beyond(0.96))
    assert list(Path("out").glob("*")) == []
