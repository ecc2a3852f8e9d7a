"""Uploads: a quota for each visitor and day, and an answer in words where the disk is full."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from tests.support.http import file_data
from ui import serving
from ui.serving import FREE_BYTES, LARGEST_MESSAGE, Gate, Page, health
from ui.session import GIB, Host, Limits


def upload(
    gate: Gate, n_bytes: int | None, visitor: str = "10.0.0.1", path: str = "/gradio_api/upload"
) -> tuple[int, str]:
    """Status and text of the answer to an upload; 200 where it is handed on."""
    length = [] if n_bytes is None else [(b"content-length", str(n_bytes).encode())]
    scope = {
        "type": "http", "method": "POST", "path": path, "headers": length,
        "client": (visitor, 1),
    }  # fmt: skip
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": bytes(n_bytes or 0)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(gate(scope, receive, send))
    return sent[0]["status"], sent[1]["body"].decode()


def test_a_refused_upload_is_read_so_that_its_sender_reads_the_answer(tmp_path: Path) -> None:
    blocks = [{"type": "http.request", "body": b"ab", "more_body": more} for more in (True, False)]
    order: list[str] = []

    async def receive() -> dict[str, Any]:
        order.append("read")
        return blocks.pop(0)

    async def send(message: dict[str, Any]) -> None:
        order.append(message["type"])

    headers = [(b"content-length", b"4")]
    scope = {"type": "http", "method": "POST", "path": serving.UPLOAD, "headers": headers}
    asyncio.run(Gate(accept, tmp_path, quota=1)(scope, receive, send))
    assert order == ["read", "read", "http.response.start", "http.response.body"]


async def accept(scope: Any, receive: Any, send: Any) -> None:
    """The application behind the gate."""
    await receive()
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"taken"})


def test_a_visitor_s_uploads_have_a_quota_and_others_are_not_touched(tmp_path: Path) -> None:
    gate = Gate(accept, tmp_path, quota=1000)
    assert upload(gate, 600)[0] == upload(gate, 400)[0] == 200
    status, text = upload(gate, 1)
    assert status == 413 and "a day here" in text
    assert upload(gate, 1000, visitor="10.0.0.2")[0] == 200
    assert upload(Gate(accept, tmp_path, quota=None), 5000)[0] == 200


def test_an_upload_of_unknown_length_is_refused(tmp_path: Path) -> None:
    assert upload(Gate(accept, tmp_path, quota=1000), None)[0] == 411


def test_a_full_disk_is_said_before_the_upload(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WAVEMEND_SHARED", raising=False)
    usage = shutil.disk_usage(tmp_path)._replace(free=FREE_BYTES + 100)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    gate = Gate(accept, tmp_path, quota=GIB)
    assert upload(gate, 100)[0] == 200
    status, text = upload(gate, 101)
    assert status == 507 and str(tmp_path) in text and "set TMPDIR" in text


def test_only_uploads_may_be_large(tmp_path: Path) -> None:
    gate = Gate(accept, tmp_path, quota=None)
    assert upload(gate, LARGEST_MESSAGE + 1)[0] == 200
    status, text = upload(gate, LARGEST_MESSAGE + 1, path="/gradio_api/queue/join")
    assert status == 413 and "upload files" in text
    assert upload(gate, 100, path="/gradio_api/queue/join")[0] == 200


def test_the_health_of_a_server_is_that_of_its_disk_and_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    host = Host.open(Limits(memory_floor=1000))
    monkeypatch.setattr(serving, "free_bytes", lambda: 1000)
    status, text = health(host, tmp_path)
    assert status == 200 and json.loads(text)["status"] == "ok"
    assert json.loads(text)["running"] == json.loads(text)["waiting"] == 0
    monkeypatch.setattr(serving, "free_bytes", lambda: 999)
    assert health(host, tmp_path)[0] == 503
    monkeypatch.setattr(serving, "free_bytes", lambda: None)
    assert health(host, tmp_path)[0] == 200
    usage = shutil.disk_usage(tmp_path)._replace(free=FREE_BYTES - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    assert health(host, tmp_path)[0] == 503
    host.close()


def test_a_file_that_a_visitor_describes_never_reaches_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with Page(Host.open(Limits())) as page:
        given, shown = gr.JSON(), gr.JSON()
        page.load(lambda value: value, given, shown)
    function = next(iter(page.fns.values()))
    for value in (file_data("/etc/passwd"), [{"x": file_data("a")}], {"y": [file_data("b")]}):
        with pytest.raises(gr.Error, match="not a file"):
            asyncio.run(page.postprocess_data(function, [value], None))
    with pytest.raises(gr.Error, match="addresses are not fetched"):
        asyncio.run(page.preprocess_data(function, [file_data("http://x.org/a")], None))
