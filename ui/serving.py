"""What the server hands out and takes in: its own results, uploads within limits, nothing else.

Gradio copies a file into its cache, from where anybody may fetch it, wherever a value that goes to
the page looks like its own description of a file: {"path": ..., "meta": {"_type":
"gradio.FileData"}}. A visitor can write such a description too, in a recipe for instance. `Page`
lets no description through that the server has not made itself.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import gradio as gr
from gradio_client.utils import is_file_obj_with_meta, is_http_url_like, traverse

from ui.memory import free_bytes
from ui.quotas import Ledger
from ui.session import GIB, Host, no_room, visitor_of

FREE_BYTES = 1 << 28
LARGEST_MESSAGE = 1 << 25
"""Bytes of a request that is not an upload."""

DISCARDED_BYTES = 1 << 28
"""Bytes of a refused request that are read all the same: who still sends reads no answer."""

HEALTH = "/health"
UPLOAD = "/gradio_api/upload"
MCP = "/gradio_api/mcp"
OWN_FILE = "/gradio_api/file="
"""What comes before the path in the address of a file that this server hands out."""

CLOSED = (
    "/gradio_api/process_recording", "/gradio_api/proxy=", "/gradio_api/deep_link",
    "/gradio_api/file=http:", "/gradio_api/file=https:", "/gradio_api/file/http",
    "/gradio_api/vibe",
)  # fmt: skip
"""Routes of Gradio that the page never uses, and that fetch, convert or keep things for anybody."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
WAITING = 64
"""Events that may wait at once; one more is told that the server is busy."""


class Page(gr.Blocks):
    """Blocks that hand out no file on a visitor's word, and fetch none from an address.

    Args:
        host: what all visitors share; it ends with the page.
        settings: of `gr.Blocks`.
    """

    tools: Callable[[Page], Any] | None = None
    """Makes the server of tools that takes the place of Gradio's own."""

    def __init__(self, host: Host, **settings: Any) -> None:
        super().__init__(**settings)
        self.host = host

    def queue(self, **settings: Any) -> Any:
        """Gradio's queue with our settings; it asks for one when the page is begun.

        To ask again would build all routes anew.
        """
        return super().queue(**{"max_size": WAITING, "api_open": False, **settings})

    def __setattr__(self, name: str, value: Any) -> None:
        own = name == "mcp_server_obj" and value is not None and self.tools is not None
        super().__setattr__(name, self.tools(self) if own and self.tools else value)

    def close(self, *arguments: Any, **settings: Any) -> None:
        """Ends the server, all work and all sessions."""
        super().close(*arguments, **settings)
        self.host.close()

    async def preprocess_data(
        self, block_fn: Any, inputs: list[Any], state: Any, explicit_call: bool = False
    ) -> Any:
        """Takes what the browser sent; raises `gr.Error` for a file that was not uploaded."""
        inputs = traverse(inputs, _as_path, is_file_obj_with_meta)
        return await super().preprocess_data(block_fn, inputs, state, explicit_call)

    async def postprocess_data(self, block_fn: Any, predictions: Any, state: Any) -> Any:
        """Takes what a handler returned; raises `gr.Error` for a forged description of a file.

        The server's own are objects (`gr.FileData`) and paths, never plain dicts.
        """
        traverse(predictions, _refuse_forged, is_file_obj_with_meta)
        return await super().postprocess_data(block_fn, predictions, state)


def file_data(path: str) -> dict[str, Any]:
    """A file as Gradio's messages name it."""
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def _as_path(file: dict[str, Any]) -> dict[str, Any]:
    """The file by its path here: the address of a file on this server is that path, at its end.

    Gradio then takes a path only if it lies where uploads and results do.
    """
    if not is_http_url_like(file["path"]):
        return file
    _, own, path = file["path"].partition(OWN_FILE)
    if not own:
        raise gr.Error("Upload the file itself: addresses are not fetched.", print_exception=False)
    return file_data(unquote(path))


def _refuse_forged(file: dict[str, Any]) -> None:
    raise gr.Error("A setting must be a number or a text, not a file.", print_exception=False)


class Gate:
    """ASGI middleware: closes routes that the page does not use, and limits uploads.

    Args:
        app: the next application.
        cache: where uploads go.
        quota: bytes that one visitor may upload a day; None is no limit.
    """

    def __init__(self, app: Any, cache: Path, quota: int | None) -> None:
        self.app, self.cache, self.quota = app, cache, quota
        self._uploads = Ledger()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers itself what is refused, and hands the rest on."""
        path = scope.get("path", "")
        if scope["type"] == "http" and path.startswith(CLOSED):
            return await _answer(send, 404, "There is nothing here.")
        if scope["type"] == "http" and path == HEALTH:
            return await _answer(send, *health(scope["app"].get_blocks().host, self.cache))
        if scope["type"] == "http" and scope["method"] == "POST":
            headers = {name.decode("latin-1").lower(): value for name, value in scope["headers"]}
            headers = {name: value.decode("latin-1") for name, value in headers.items()}
            length = headers.get("content-length", "")
            if path.startswith(UPLOAD):
                visitor = visitor_of((scope.get("client") or ("",))[0], headers)
                if refusal := self._refusal(visitor, length):
                    await _discard(receive)
                    return await _answer(send, *refusal)
                receive = self._counted(visitor, receive)
            elif length.isdigit() and int(length) > LARGEST_MESSAGE:
                await _discard(receive)
                return await _answer(send, 413, "This message is too long; upload files instead.")
        await self.app(scope, receive, send)

    def _refusal(self, visitor: str, length: str) -> tuple[int, str] | None:
        """Status and reason, where an upload of so many bytes is not taken."""
        if not length.isdigit():
            return 411, "The upload does not say how long it is."
        free = shutil.disk_usage(self.cache).free
        if int(length) + FREE_BYTES > free:
            return 507, no_room(self.cache)
        if self.quota is not None and self._uploads.used((visitor,)) + int(length) > self.quota:
            return 413, f"You may upload {self.quota / GIB:g} GB a day here. Try again tomorrow."
        return None

    def _counted(self, visitor: str, receive: Receive) -> Receive:
        async def counted() -> MutableMapping[str, Any]:
            message = await receive()
            if self.quota is not None and (body := message.get("body")):
                self._uploads.add((visitor,), len(body))
            return message

        return counted


def health(host: Host, cache: Path) -> tuple[int, str]:
    """Status and JSON text: 200 where the server can take work, 503 where disk or memory is full.

    Args:
        cache: where uploads and results go.
    """
    (running, waiting), disk, memory = (
        host.heavy.size(),
        shutil.disk_usage(cache).free,
        free_bytes(),
    )
    short = disk < FREE_BYTES or (memory or FREE_BYTES) < (host.limits.memory_floor or 0)
    state = {
        "status": "short of disk or memory" if short else "ok",
        "running": running,
        "waiting": waiting,
        "free_disk_bytes": disk,
        "free_memory_bytes": memory,
    }
    return 503 if short else 200, json.dumps(state)


async def _discard(receive: Receive) -> None:
    """Reads a request's body to its end, or to DISCARDED_BYTES."""
    n_bytes, more = 0, True
    while more and n_bytes < DISCARDED_BYTES:
        message = await receive()
        n_bytes += len(message.get("body", b""))
        more = message.get("more_body", False)


async def _answer(send: Send, status: int, text: str) -> None:
    body = text.encode()
    kind = b"application/json" if text.startswith("{") else b"text/plain"
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
