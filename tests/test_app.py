"""The server: it answers soon, imports nothing heavy to do so, and keeps to itself."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import app
from ui.session import Limits

ROOT = Path(__file__).parent.parent
HEAVY = ("torch", "librosa", "matplotlib", "demucs", "scipy", "numba", "torchaudio")
START_UP_S = 6.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pid: int) -> float:
    """What a process has used of all cores so far; infinity where /proc is not there to tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return float("inf")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=2) as answer:
        return answer.read().decode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, float]]:
    """(address, seconds until the first answer) of `python app.py` in a process of its own.

    On a machine that is busy with other things the process's own seconds count.
    """
    port = free_port()
    cache = tmp_path_factory.mktemp("cache")
    environment = {**os.environ, "GRADIO_TEMP_DIR": str(cache)}
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "app.py", "--port", str(port)], cwd=ROOT, env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        while True:
            try:
                get(address)
                break
            except OSError:
                assert process.poll() is None, process.stdout and process.stdout.read()
                assert time.monotonic() - started < 60, "the server does not answer"
                time.sleep(0.05)
        yield address, min(time.monotonic() - started, cpu_seconds(process.pid))
    finally:
        process.terminate()
        process.wait(10)
    assert not list(cache.glob("wavemend-*")), "the sessions' folder outlived the server"


def test_the_page_answers_within_the_promised_time(server: tuple[str, float]) -> None:
    address, seconds = server
    assert "Wavemend" in get(address)
    assert seconds < START_UP_S


def test_nothing_heavy_is_imported_to_build_the_page() -> None:
    code = (
        "import sys; from ui.page import build; build();"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_gradio_reports_nothing_and_records_nothing(server: tuple[str, float]) -> None:
    config = json.loads(get(server[0] + "/config"))
    assert config["analytics_enabled"] is False
    assert config.get("run_history", False) is False
    with pytest.raises(urllib.error.HTTPError):
        get(server[0] + "/monitoring/summary")


def test_only_named_endpoints_are_public(server: tuple[str, float]) -> None:
    named = json.loads(get(server[0] + "/gradio_api/info"))
    assert set(named["named_endpoints"]) == {"/restore"}
    assert named["unnamed_endpoints"] == {}


def test_the_page_fetches_nothing_from_elsewhere(server: tuple[str, float]) -> None:
    config = json.loads(get(server[0] + "/config"))
    assert config["stylesheets"] == []
    assert "googleapis" not in get(server[0] + "/theme.css")


def test_the_command_line_and_a_space_s_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT"):
        monkeypatch.delenv(name, raising=False)
    given = app.arguments([])
    assert (given.host, given.port, given.share) == ("127.0.0.1", 7860, False)
    given = app.arguments(["--host", "0.0.0.0", "--port", "80", "--share"])
    assert (given.host, given.port, given.share) == ("0.0.0.0", 80, True)
    monkeypatch.setenv("GRADIO_SERVER_NAME", "0.0.0.0")
    assert app.arguments([]).host == "0.0.0.0"


def test_a_space_gives_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPACE_ID", raising=False)
    own = Limits.here()
    monkeypatch.setenv("SPACE_ID", "someone/wavemend")
    space = Limits.here()
    assert space.seconds < own.seconds and space.waiting < own.waiting
    assert space.file_size == "200mb"
