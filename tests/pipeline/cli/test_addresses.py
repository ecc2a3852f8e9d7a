"""restore and separate from and to addresses: the same results, noted there, and nothing left."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import fsspec
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from pipeline.__main__ import app
from pipeline.audio.encode import save
from pipeline.audio.sound import Audio
from pipeline.cli.manifest import NAME
from pipeline.remote import log, store

MEMORY = fsspec.filesystem("memory")


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    """memory://in with three recordings, also in the current folder, and an own $TMPDIR."""
    MEMORY.store.clear()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    Path("scratch").mkdir()
    Path("r.json").write_text('{"version": 1, "stages": [{"stage": "tone"}]}')
    for name in ("a.wav", "e/b.flac"):
        Path("in", name).parent.mkdir(parents=True, exist_ok=True)
        noise = 0.1 * rng.standard_normal((2, 8000)).astype(np.float32)
        save(Audio(noise, 16_000), f"in/{name}")
    Path("in/bad.wav").write_text("no sound")
    for path in Path("in").rglob("*.*"):
        MEMORY.pipe_file(f"/{path}", path.read_bytes())
    MEMORY.pipe_file("/in/.hidden/c.wav", b"")
    MEMORY.pipe_file("/in/readme.txt", b"")


def restore(source: str, out: str, *options: str) -> Result:
    return CliRunner().invoke(app, ["restore", source, "-o", out, "--recipe", "r.json", *options])


def stored(folder: str) -> dict[str, bytes]:
    names = (name for name in MEMORY.find(folder) if not name.endswith(NAME))
    return {name.removeprefix(f"{folder}/"): MEMORY.cat_file(name) for name in names}


def local(folder: str) -> dict[str, bytes]:
    files = (path for path in Path(folder).rglob("*") if path.is_file() and path.name != NAME)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def entries(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_results_are_the_same_wherever_recordings_and_results_are() -> None:
    assert restore("in", "out").exit_code == 1
    for source, out in (("memory://in", "memory://out"), ("in", "memory://out2")):
        done = restore(source, out)
        assert done.exit_code == 1 and done.stderr.startswith(f"{source}/bad.wav: ")
        assert f"{source}/a.wav -> {out}/a.wav" in done.stdout
        assert stored(out.replace("memory:/", "")) == local("out")
    assert restore("memory://in/", "back").exit_code == 1 and local("back") == local("out")
    assert [*Path("scratch").iterdir()] == []


def test_the_manifest_lies_at_the_address_and_the_next_run_does_what_is_missing() -> None:
    def restored(*options: str) -> list[str]:
        document = json.loads(restore("memory://in", "memory://out", "--json", *options).stdout)
        assert len(document["files"]) + len(document["skipped"]) == 2
        return [entry["source"] for entry in document["files"]]

    both = ["memory://in/a.wav", "memory://in/e/b.flac"]
    restore("in", "out")
    assert restored() == both and restored() == []
    remote = {e["target"]: e for e in entries(MEMORY.cat_file(f"/out/{NAME}").decode())}
    here = {e["target"]: e for e in entries(Path("out", NAME).read_text())}
    for target in ("a.wav", "e/b.flac"):
        assert remote[target]["source_sha256"] == here[target]["source_sha256"]
        assert remote[target]["recipe"] == here[target]["recipe"]
        digests = [one[target]["results"]["restored"]["sha256"] for one in (remote, here)]
        assert digests[0] == digests[1]
    MEMORY.pipe_file("/out/e/b.flac", b"changed")
    assert restored() == both[1:]
    MEMORY.pipe_file("/in/a.wav", Path("in/e/b.flac").read_bytes())
    assert restored() == both[:1] and restored("--again") == both


def test_a_run_that_is_stopped_has_noted_what_it_did(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "FLUSH_S", 3600.0)
    fetch = store.fetch

    def stop(address, folder):
        if address.name == "b.flac":
            raise KeyboardInterrupt
        return fetch(address, folder)

    monkeypatch.setattr(store, "fetch", stop)
    assert restore("memory://in", "memory://out").exit_code == 130
    noted = {e["target"]: e["status"] for e in entries(MEMORY.cat_file(f"/out/{NAME}").decode())}
    assert noted == {"a.wav": "done", "bad.wav": "failed"} and [*Path("scratch").iterdir()] == []


def test_no_input_is_overwritten_and_no_two_results_meet() -> None:
    before = stored("/in")
    done = restore("memory://in", "memory://in")
    assert done.stderr.count("would overwrite") == 3 and stored("/in") == before
    MEMORY.pipe_file("/in/b.flac", before["e/b.flac"])
    arguments = ["restore", "memory://in/b.flac", "memory://in/e", "-o", "memory://out"]
    done = CliRunner().invoke(app, [*arguments, "--recipe", "r.json"])
    assert done.exit_code == 1 and list(stored("/out")) == ["b.flac"]
    assert done.stderr.startswith("memory://in/e/b.flac: would overwrite memory://out/b.flac")


def test_reports_are_put_up_too_and_the_page_about_the_run_links_to_them() -> None:
    save(Audio(np.zeros((1, 1600), np.float32), 16_000), "in/e/c d.wav")
    assert restore("in/e", "memory://out", "--report").exit_code == 0
    names = ["b.flac", "b.flac.report.html", "c d.wav", "c d.wav.report.html", "report.html"]
    assert sorted(stored("/out")) == names
    assert 'href="c%20d.wav.report.html"' in stored("/out")["report.html"].decode()


def test_stems_are_put_up_too() -> None:
    arguments = ["separate", "memory://in/e", "-o", "memory://out", "--model", "mid_side"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert sorted(stored("/out")) == ["b - mid.flac", "b - side.flac"]
    done = CliRunner().invoke(app, [*arguments, "--json"])
    stems = {stem: f"memory://out/b - {stem}.flac" for stem in ("mid", "side")}
    assert json.loads(done.stdout)["skipped"] == [
        {"source": "memory://in/e/b.flac", "files": stems}
    ]


@pytest.mark.parametrize(
    ("source", "out", "code", "words"),
    [
        ("in", "sftp://host/out", 2, "paramiko"),
        ("in", "https://host/out", 2, "can only be read"),
        ("sftp://host/a.wav", "out", 1, "paramiko"),
        ("memory://nowhere.wav", "out", 1, "memory://nowhere.wav: there is no such file"),
    ],
)
def test_what_cannot_be_is_one_sentence(source: str, out: str, code: int, words: str) -> None:
    done = restore(source, out)
    assert done.exit_code == code and len(done.stderr.splitlines()) == 1 and words in done.stderr
