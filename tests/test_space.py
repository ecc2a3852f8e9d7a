"""The folder of a Space: settings, runtime files alone, small enough, and it starts."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.support import space


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("space")
    space.write(folder)
    return folder


def test_the_folder_has_settings_and_runtime_files_alone(folder: Path) -> None:
    settings = (folder / "README.md").read_text(encoding="utf-8").split("---")[1]
    pins = (folder / "requirements.txt").read_text(encoding="utf-8")
    version = re.search(r"^gradio\S*==(\S+)$", pins, re.M)
    assert version and f"sdk_version: {version[1]}\n" in settings
    assert "app_file: app.py\n" in settings and "sdk: gradio\n" in settings
    top = {path.name for path in folder.iterdir()}
    assert not {"tests", "docs", ".git", ".venv", "Makefile"} & top
    assert not (folder / "assets" / "screenshots").exists()
    assert list(folder.rglob("__pycache__")) == []


def test_the_folder_is_small_and_its_binaries_go_to_lfs(folder: Path) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < space.LARGEST_BYTES
    patterns = [pattern.removeprefix("*") for pattern in space.LARGE]
    binary = [path for path in files if b"\0" in path.read_bytes()[:4096]]
    assert [path.name for path in binary if path.suffix not in patterns] == []
    listed = (folder / ".gitattributes").read_text(encoding="utf-8")
    assert all(f"{pattern} filter=lfs" in listed for pattern in space.LARGE)


def test_a_folder_with_files_in_it_is_left_alone(folder: Path) -> None:
    with pytest.raises(ValueError, match="has files in it"):
        space.write(folder)


def test_the_folder_starts_as_a_space(folder: Path, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        "SPACE_ID": "someone/wavemend",
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_TEMP_DIR": str(tmp_path),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    server = subprocess.Popen(
        [sys.executable, "app.py"], cwd=folder, env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        health = answer(f"http://127.0.0.1:{port}/health", server)
        assert json.loads(health)["status"] == "ok"
        assert "Wavemend" in answer(f"http://127.0.0.1:{port}/", server)
    finally:
        server.terminate()
        server.wait(100)


def answer(url: str, server: subprocess.Popen[str]) -> str:
    """What a server says, once it is there."""
    until = time.monotonic() + 240
    while True:
        try:
            with urllib.request.urlopen(url, timeout=60) as page:
                return page.read().decode()
        except OSError:
            assert server.poll() is None, server.stdout and server.stdout.read()
            assert time.monotonic() < until, "the server does not answer"
            time.sleep(0.1)
