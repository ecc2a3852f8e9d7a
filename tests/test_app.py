"""The server: it answers soon, imports nothing heavy to do so, and keeps to itself."""

from __future__ import annotations

import contextlib
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
from tests.page.tuning import App
from tests.support.http import HttpClient
from ui.finetune.rules import Rules
from ui.session import Limits

ROOT = Path(__file__).parent.parent
HEAVY = ("torch", "torchaudio", "transformers", "librosa", "matplotlib", "demucs", "scipy", "numba")
START_UP = 2.5  # seconds to the first answer, over those of importing Gradio alone; 1.5 is usual


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
    with urllib.request.urlopen(url, timeout=60) as answer:
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
                assert time.monotonic() - started < 240, "the server does not answer"
                time.sleep(0.05)
        yield address, min(time.monotonic() - started, cpu_seconds(process.pid))
    finally:
        process.terminate()
        process.wait(100)
    assert not list(cache.iterdir()), "files outlived the server"


def test_the_page_answers_soon_after_the_time_that_gradio_takes_to_be_imported(
    server: tuple[str, float],
) -> None:
    address, seconds = server
    assert "Wavemend" in get(address)
    before = os.times().children_user + os.times().children_system
    subprocess.run([sys.executable, "-c", "import gradio"], check=True)
    after = os.times().children_user + os.times().children_system
    assert seconds < START_UP * (after - before)


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
    names = {"diagnose", "restore", "separate", "degrade", "evaluate"} | {"recipes", "checkpoints"}
    assert set(named["named_endpoints"]) == {f"/{name}" for name in names}
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


@pytest.mark.parametrize("name", ["SPACE_ID", "WAVEMEND_SHARED"])
def test_a_space_and_a_shared_server_give_less(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for other in ("SPACE_ID", "WAVEMEND_SHARED"):
        monkeypatch.delenv(other, raising=False)
    own = Limits.here()
    monkeypatch.setenv(name, "1")
    shared = Limits.here()
    assert shared.seconds < own.seconds and shared.waiting < own.waiting
    assert shared.file_size == "200mb" and shared.bytes_each and shared.job_s
    assert Rules.here().shared


@pytest.mark.parametrize(
    ("given", "is_open"),
    [
        ([], False),
        (["--host", "127.0.0.2"], False),
        (["--host", "localhost"], False),
        (["--host", "0.0.0.0"], True),
        (["--host", "192.168.0.7"], True),
        (["--share"], True),
    ],
)
def test_a_page_for_other_machines_takes_visitors_for_strangers(
    monkeypatch: pytest.MonkeyPatch, given: list[str], is_open: bool
) -> None:
    for name in ("GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT"):
        monkeypatch.delenv(name, raising=False)
    assert app.is_open_to_others(app.arguments(given)) is is_open


@pytest.fixture
def own_app(tmp_path: Path) -> Iterator[App]:
    app = App(tmp_path, arguments=("--host", "0.0.0.0"))
    app.start()
    yield app
    app.kill()


def test_a_killed_server_s_files_go_at_the_next_start_and_one_that_ends_leaves_nothing(
    own_app: App,
) -> None:
    client = HttpClient(own_app.address.rstrip("/"))
    client.uploaded("in.wav", bytes(1000))
    own_app.kill()
    left = list(own_app.cache.iterdir())
    assert left
    own_app.start()
    now = list(own_app.cache.iterdir())
    assert len(now) == 1 and now != left
    with half_an_upload(own_app.port):
        client.uploaded("in.wav", bytes(1000))
        wait_for_files(own_app.cache, 2)
        own_app.process.terminate()
        own_app.process.wait(100)  # the upload itself would never end
    assert own_app.process.returncode == 0
    assert list(own_app.cache.iterdir()) == []


def test_a_folder_that_cannot_be_used_is_named_with_the_cure(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.touch()
    environment = {**os.environ, "GRADIO_TEMP_DIR": str(place)}
    done = subprocess.run(
        [sys.executable, "app.py", "--port", str(free_port())], cwd=ROOT, env=environment,
        capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert str(place) in done.stderr and "set TMPDIR" in done.stderr


@contextlib.contextmanager
def half_an_upload(port: int) -> Iterator[None]:
    """An upload that stands still in its middle."""
    head = (
        "POST /gradio_api/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
        'Content-Disposition: form-data; name="files"; filename="a.wav"\r\n\r\n'
    )
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head.encode() + bytes(1 << 20))
        yield


def wait_for_files(folder: Path, count: int) -> None:
    until = time.monotonic() + 100
    while len(list(folder.rglob("cache/*"))) < count:
        assert time.monotonic() < until
        time.sleep(0.05)
