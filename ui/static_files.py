"""Files that never change under their name: compressed once, and kept by the browser."""

from __future__ import annotations

import gzip
import mimetypes
from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio

from ui.components.scripts import ADDRESS, FILES

SUFFIXES = (".css", ".js")
LEVEL = 6
FRONTEND = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def known_files() -> dict[str, Path]:
    """The files by their path on the server: Gradio's scripts and style sheets, and our own.

    The names hold a hash of the contents.
    """
    theirs = {f"/assets/{path.name}": path for path in FRONTEND.glob("*.*")}
    own = {f"/{ADDRESS}/{path.parent.name}/{path.name}": path for path in FILES}
    return {name: path for name, path in (theirs | own).items() if path.suffix in SUFFIXES}


@lru_cache(maxsize=1024)
def _packed(path: Path) -> bytes:
    return gzip.compress(path.read_bytes(), LEVEL, mtime=0)


class StaticFiles:
    """Answers requests for `known_files`, compressed; hands every other request on.

    Gradio would compress its hundred files anew for every page that is opened.

    Args:
        app: the next application.
    """

    def __init__(self, app: Any) -> None:
        self.app, self._files = app, known_files()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers, or hands on."""
        file = self._files.get(scope.get("path", "")) if scope["type"] == "http" else None
        if file is None or scope["method"] != "GET":
            return await self.app(scope, receive, send)
        accepted = dict(scope["headers"]).get(b"accept-encoding", b"")
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        is_packed = b"gzip" in accepted
        body = _packed(file) if is_packed else file.read_bytes()
        headers = [
            (b"content-type", f"{kind}; charset=utf-8".encode()),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"public, max-age=31536000, immutable"),
            (b"vary", b"accept-encoding"),
            *([(b"content-encoding", b"gzip")] if is_packed else []),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
