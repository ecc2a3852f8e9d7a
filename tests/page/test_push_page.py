"""A result is pushed to a Hub that listens on this machine; the token is seen nowhere else."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright import sync_api
from playwright.sync_api import expect

from tests.page.conftest import Visitor
from tests.page.tuning import App, ended_run, tiny_base

pytestmark = pytest.mark.browser

TOKEN, UNKNOWN, READER = "hf_TheRightToWrite01", "hf_OfNobodyAtAll0123", "hf_TheRightToRead012"


class Hub(BaseHTTPRequestHandler):
    """The part of the Hub's interface that an upload needs; weights go as large files do."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token == UNKNOWN:
            self._answer({"error": f"Invalid user token {token}."}, 401)
        elif token == READER:
            self._answer({"error": "Forbidden: token role."}, 403)
        elif self.path == "/api/repos/create":
            self.server.made = json.loads(body)
            self._answer({"url": f"{self.server.address}/me/anna", "name": "me/anna"})
        elif self.path.endswith("/preupload/main"):
            paths = [file["path"] for file in json.loads(body)["files"]]
            ways = [("lfs" if p.endswith(".safetensors") else "regular", p) for p in paths]
            files = [{"path": p, "uploadMode": way, "shouldIgnore": False} for way, p in ways]
            self._answer({"files": files})
        elif self.path.endswith("/info/lfs/objects/batch"):
            objects = json.loads(body)["objects"]
            for one in objects:
                one["actions"] = {"upload": {"href": f"{self.server.address}/lfs/{one['oid']}"}}
            self._answer({"transfer": "basic", "objects": objects})
        elif self.path.endswith("/commit/main"):
            self.server.committed = [json.loads(line) for line in body.splitlines()]
            url = f"{self.server.address}/me/anna/commit/{'0' * 40}"
            self._answer({"success": True, "commitOid": "0" * 40, "commitUrl": url})
        else:
            self._answer({"errors": [], "warnings": []})

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.stored[self.path.rpartition("/")[2]] = body
        self._answer({})

    def _answer(self, content: dict, status: int = 200) -> None:
        self.send_response(status)
        made = json.dumps(content).encode()
        self.send_header("Content-Type", "application/vnd.git-lfs+json")
        self.send_header("Content-Length", str(len(made)))
        self.end_headers()
        self.wfile.write(made)

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def hub() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.address, server.stored = f"http://127.0.0.1:{server.server_port}", {}
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_result_is_pushed_and_the_token_is_left_nowhere(
    hub: ThreadingHTTPServer, browser: sync_api.Browser, tmp_path: Path
) -> None:
    settings = {"ENDPOINT": hub.address, "HOME": str(tmp_path / "hf"), "HUB_OFFLINE": "0"}
    settings["HUB_DISABLE_XET"] = "1"  # which has a store of its own beside the Hub
    app = App(tmp_path, **{f"HF_{name}": value for name, value in settings.items()})
    run = ended_run(app.runs / "one", tiny_base(app.checkpoints))
    app.start()
    try:
        visitor = Visitor(browser, app.address)
        opens(visitor)
        pushes(visitor, UNKNOWN, "The Hub does not know this token.")
        pushes(visitor, READER, "The token may not write there.")
        pushes(visitor, TOKEN, "expected user/name", repository="anna")
        pushes(visitor, TOKEN, f"Uploaded to {hub.address}/me/anna")
        assert hub.made["name"] == "anna" and hub.made["organization"] == "me"
        assert hub.made["visibility"] == "private"
        weights = (run / "best" / "weights.safetensors").read_bytes()
        assert list(hub.stored.values()) == [weights]
        paths = {one["value"]["path"] for one in hub.committed if one["key"] != "header"}
        assert paths == {"README.md", "card.json", "training.json", "weights.safetensors"}
        hub.shutdown()
        hub.server_close()
        pushes(visitor, TOKEN, "The Hub cannot be reached. Check the network")
        assert not visitor.errors and not visitor.foreign
    finally:
        app.kill()
    shown = visitor.page.content() + str(hub.committed) + str(visitor.context.storage_state())
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert app.log in files
    texts = [shown.encode(), *(path.read_bytes() for path in files)]
    assert not any(re.search(rb"hf_[OT][A-Za-z0-9]{15}", text) for text in texts)


def opens(visitor: Visitor) -> None:
    page = visitor.page
    page.get_by_role("tab", name="Fine-tune").click()
    visitor.says(".wmf-state", "Finished")
    page.get_by_role("button", name="Push to the Hugging Face Hub").click()


def pushes(visitor: Visitor, token: str, said: str, repository: str = "me/anna") -> None:
    page = visitor.page
    page.get_by_label("Repository").fill(repository)
    page.get_by_label("Token with the right to write").fill(token)
    visitor.button("Push").click()
    visitor.says("#wmf-pushed", said)
    expect(page.get_by_label("Token with the right to write")).to_have_value("")
