"""Scripts and style sheets: each import leads to a file that is handed out, packed once."""

from __future__ import annotations

import asyncio
import gzip
import re
from typing import Any

from ui.components.scripts import ADDRESS, FILES
from ui.static_files import FRONTEND, StaticFiles, known_files

LINK = re.compile(r'(?:from|import) "\./([\w.]+)"|styled\("([\w.]+)"\)')


def asked(
    path: str, accepted: bytes = b"", method: str = "GET"
) -> tuple[dict[bytes, bytes], bytes]:
    """Headers and body of an answer; the application behind answers "handed on"."""
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"headers": []})
        await send({"body": b"handed on"})

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"accept-encoding", accepted)]
    scope = {"type": "http", "method": method, "path": path, "headers": headers}
    asyncio.run(StaticFiles(app)(scope, None, send))  # type: ignore[arg-type]
    return dict(sent[0]["headers"]), sent[1]["body"]


def test_each_script_that_another_imports_is_handed_out() -> None:
    known, links = known_files(), 0
    for path in FILES:
        for script, sheet in LINK.findall(path.read_text("utf-8")):
            assert f"/{ADDRESS}/{f'js/{script}' if script else f'css/{sheet}'}" in known, path.name
            links += 1
    assert links > 40


def test_a_file_is_the_same_packed_and_plain_and_is_kept_by_the_browser() -> None:
    path, file = f"/{ADDRESS}/js/player.js", FILES[0].parents[1] / "js" / "player.js"
    headers, packed = asked(path, b"gzip, br")
    assert headers[b"content-encoding"] == b"gzip" and b"immutable" in headers[b"cache-control"]
    assert headers[b"content-type"].startswith(b"text/javascript")
    assert gzip.decompress(packed) == asked(path)[1] == file.read_bytes()
    assert len(packed) < len(file.read_bytes()) / 2


def test_everything_else_is_handed_on() -> None:
    name = next(FRONTEND.glob("index-*.js")).name
    assert b"content-encoding" in asked(f"/assets/{name}", b"gzip")[0]
    for path in ("/", f"/{ADDRESS}/js/../js/player.js", f"/{ADDRESS}/player.js", "/assets/none.js"):
        assert asked(path) == ({}, b"handed on")
    assert asked(f"/assets/{name}", method="POST") == ({}, b"handed on")
