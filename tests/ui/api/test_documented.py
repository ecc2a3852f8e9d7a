"""docs/API.md: every example runs against a served page, and every endpoint is there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from tests.support.calls import blocks, write_recordings
from tests.support.http import HttpClient
from ui.serving import Page

DOCUMENT = Path(__file__).parents[3] / "docs" / "API.md"
ADDRESS = "http://127.0.0.1:7860"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_recordings(tmp_path)


def run(page: Page, folder: Path, command: list[str], code: str) -> str:
    """Runs an example as a program of its own, in a folder with recordings; what it prints."""
    code = code.replace(ADDRESS, page.local_url.rstrip("/"))
    done = subprocess.run([*command, code], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("code", blocks(DOCUMENT, "python"), ids=["calls", "progress", "mcp"])
def test_a_python_example_runs(page: Page, folder: Path, code: str) -> None:
    run(page, folder, [sys.executable, "-c"], code)
    if "by-mcp.wav" in code:
        assert soundfile.info(folder / "by-mcp.wav").duration == 0.5


@pytest.mark.parametrize("code", blocks(DOCUMENT, "bash"), ids=["restore", "recipes"])
def test_a_curl_example_runs(page: Page, folder: Path, code: str) -> None:
    run(page, folder, ["bash", "-euc"], code)
    if "by-curl" in code:
        assert soundfile.info(folder / "by-curl.flac").duration == 0.5
    else:
        assert "event: complete" in (folder / "recipes.txt").read_text()


def test_the_documented_endpoints_are_those_of_the_page(client: HttpClient) -> None:
    info = json.loads(client.get("/gradio_api/info")[1])["named_endpoints"]
    rows = re.findall(r"^\| `/(\w+)` \| (.*?) ?\|", DOCUMENT.read_text(encoding="utf-8"), re.M)
    documented = {f"/{name}": re.findall(r"`(\w+)`", arguments) for name, arguments in rows}
    served = {
        name: [one["parameter_name"] for one in endpoint["parameters"]]
        for name, endpoint in info.items()
    }
    assert documented == served
