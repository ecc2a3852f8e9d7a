"""The tools for assistants: described, and under the page's own rules."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from tests.support.calls import write_recordings
from tests.support.http import HttpClient, file_data
from ui import page as pages
from ui.api import mcp
from ui.serving import Page


def with_session(page: Page, use: Callable[[ClientSession], Awaitable[Any]]) -> Any:
    """What `use` returns of a client that is connected to the page's tools."""

    async def run() -> Any:
        address = f"{page.local_url.rstrip('/')}/gradio_api/mcp/"
        async with (
            streamable_http_client(address) as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            return await use(session)

    return asyncio.run(run())


def call(page: Page, tool: str, **arguments: Any) -> tuple[bool, list[str]]:
    """Whether a call went well, and its texts."""
    answer = with_session(page, lambda session: session.call_tool(tool, arguments))
    return not answer.isError, [part.text for part in answer.content]


def test_every_tool_and_argument_is_described(page: Page) -> None:
    tools = with_session(page, lambda session: session.list_tools()).tools
    names = ["diagnose", "restore", "separate", "degrade", "evaluate", "recipes", "checkpoints"]
    assert [tool.name for tool in tools] == names
    for tool in tools:
        assert len(tool.description.split()) > 10
        for argument in tool.inputSchema["properties"].values():
            assert argument["type"] in ("string", "integer") and len(argument["description"]) > 20
    assert all("upload" in tool.description for tool in tools[:5])


def test_a_recording_is_uploaded_diagnosed_restored_and_fetched(
    page: Page, client: HttpClient, tmp_path: Path
) -> None:
    content = (write_recordings(tmp_path) / "call.wav").read_bytes()
    path = client.uploaded("call.wav", content)["path"]
    reports: list[tuple[float, str | None]] = []

    async def watch(progress: float, total: float | None, message: str | None) -> None:
        reports.append((progress, message))

    async def use(session: ClientSession) -> Any:
        diagnosis = await session.call_tool("diagnose", {"recording": path})
        recipe = {"version": 1, "stages": [{"stage": "slow", "seconds": 0.5}]}
        arguments = {"recording": path, "recipe": json.dumps(recipe)}
        restored = await session.call_tool("restore", arguments, progress_callback=watch)
        address = restored.content[0].text
        scores = await session.call_tool("evaluate", {"estimate": address, "target": path})
        return diagnosis, restored, scores

    diagnosis, restored, scores = with_session(page, use)
    findings = json.loads(diagnosis.content[0].text)["findings"]
    assert {one["name"]: one["value"] for one in findings}["sample_rate"] == 8000
    address, report = (part.text for part in restored.content)
    assert json.loads(report)["guarantee"]["same_length"] is True
    status, body = client.get(address.removeprefix(client.address))
    assert status == 200 and body[:4] == b"RIFF"
    assert json.loads(scores.content[0].text)["lsd"] < 0.01
    assert reports and reports[-1][0] <= 1 and any(text for _, text in reports)


def test_lists_are_json(page: Page) -> None:
    good, texts = call(page, "recipes")
    assert good and {"name", "stages"} <= set(json.loads(texts[0])[0])
    good, texts = call(page, "checkpoints")
    assert good and "enhancer-speech-48k" in {one["name"] for one in json.loads(texts[0])}


@pytest.mark.parametrize(
    "recording",
    [
        "/etc/passwd",
        "../../etc/passwd",
        "file:///etc/passwd",
        "http://127.0.0.1:9/a.wav",
        "http://127.0.0.1/gradio_api/file=/etc/passwd",
        "http://127.0.0.1/gradio_api/file=%2Fetc%2Fpasswd",
        "data:audio/wav;base64,AAAA",
        file_data("/etc/passwd"),
        [file_data("/etc/passwd")],
        "",
    ],
    ids=str,
)
def test_no_tool_reads_what_was_not_uploaded(page: Page, recording: Any) -> None:
    good, texts = call(page, "diagnose", recording=recording)
    assert not good and "root:" not in texts[0] and "Something went wrong" not in texts[0]


def test_a_text_argument_is_no_file(page: Page, client: HttpClient, tmp_path: Path) -> None:
    content = (write_recordings(tmp_path) / "call.wav").read_bytes()
    path = client.uploaded("call.wav", content)["path"]
    for argument in ("recipe", "checkpoint", "format"):
        for value in (file_data("/etc/passwd"), "/etc/passwd", "../../etc/passwd"):
            good, texts = call(page, "restore", recording=path, **{argument: value})
            assert not good and "root:" not in texts[0]


def test_without_the_package_the_page_has_no_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pages.launch_options()["mcp_server"] is True
    monkeypatch.setattr(mcp.importlib.util, "find_spec", lambda name: None)
    assert pages.launch_options()["mcp_server"] is False


def test_work_ends_when_the_assistant_has_gone(
    page: Page, client: HttpClient, tmp_path: Path
) -> None:
    content = (write_recordings(tmp_path) / "call.wav").read_bytes()
    recipe = {"version": 1, "stages": [{"stage": "slow", "seconds": 600}]}
    arguments = {
        "recording": client.uploaded("call.wav", content)["path"],
        "recipe": json.dumps(recipe),
    }

    async def leave(session: ClientSession) -> None:
        call = asyncio.create_task(session.call_tool("restore", arguments))
        while page.host.heavy.size() != (1, 0):
            assert not call.done()
            await asyncio.sleep(0.05)
        call.cancel()

    with_session(page, leave)
    until = time.monotonic() + 100
    while page.host.heavy.size() != (0, 0):
        assert time.monotonic() < until, "the work goes on"
        time.sleep(0.05)
