"""MusicGen's weights: one commit each, verified, and clear words where they are missing."""

from __future__ import annotations

import hashlib
import http.server
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pipeline.generation import weights
from pipeline.generation.weights import MODELS, GeneratorMissing, fetch, folder, missing
from pipeline.stage import Cancelled
from tests.support.ticks import Recorder

COMMIT = {name: known.commit.ljust(40, "0") for name, known in MODELS.items()}


class _Usage(NamedTuple):
    """What is free on a disk, in bytes."""

    free: float


class Hub(http.server.BaseHTTPRequestHandler):
    """Gives every file its own address as content: large ones by SHA-256, small ones by git's."""

    commit = ""
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        data = self.path.encode()
        is_large = self.path.endswith(".safetensors")
        git = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        checksum = hashlib.sha256(data).hexdigest() if is_large else git
        self.send_response(200)
        self.send_header("X-Repo-Commit", self.commit)
        self.send_header("X-Linked-ETag" if is_large else "ETag", f'"{checksum}"')
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hub]]:
    handler = type("Own", (Hub,), {"asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("WAVEMEND_MUSICGEN", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(weights, "has_library", lambda: True)
    monkeypatch.setattr(weights.shutil, "disk_usage", lambda path: _Usage(free=1e12))
    yield handler
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("name", ["medium", "melody"])
def test_every_file_comes_from_the_pinned_commit_once(hub, tmp_path: Path, name: str) -> None:
    hub.commit, tick = COMMIT[name], Recorder()
    assert "hf download facebook/musicgen-" in str(missing(name))
    (tmp_path / name).mkdir()
    (tmp_path / name / "config.json").write_text("{}")  # is here already
    fetch(name, tick)
    assert missing(name) is None and folder(name) == tmp_path / name
    known = MODELS[name]
    assert {path.name for path in (tmp_path / name).iterdir()} == set(known.files)
    revision = known.revision.replace("/", "%2F")
    wanted = [f"/{known.repository}/resolve/{revision}/{file}" for file in known.files]
    assert hub.asked == wanted[1:]
    assert tick.fractions == sorted(tick.fractions) and tick.fractions[-1] == pytest.approx(1)


def test_another_commit_is_refused_and_nothing_is_left(hub, tmp_path: Path) -> None:
    hub.commit = "f" * 40
    with pytest.raises(GeneratorMissing, match="commit ffffffff, not e5d0b04e"):
        fetch("small")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_download_can_be_stopped_and_a_full_disk_is_named(hub, tmp_path, monkeypatch) -> None:
    hub.commit = COMMIT["small"]

    def stop(fraction: float, what: str = "") -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        fetch("small", stop)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    monkeypatch.setattr(weights.shutil, "disk_usage", lambda path: _Usage(free=1e9))
    with pytest.raises(GeneratorMissing, match=r"1\.0 GB free, it needs 2\.4 GB"):
        fetch("small")
    assert len(hub.asked) == 1


def test_without_the_library_the_message_names_the_command(hub, monkeypatch) -> None:
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "transformers", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: sys.modules.get(name))
    assert missing("small").command == "pip install -r requirements-generate.txt"
    assert str(missing("small")).endswith(f": {missing('small').command}")


def test_a_folder_that_is_not_there_is_named(hub, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("WAVEMEND_MUSICGEN", str(tmp_path / "none"))
    assert "expected an existing folder" in str(missing("small"))
