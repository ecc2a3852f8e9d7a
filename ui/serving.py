"""What the server hands out and takes in: its own results, uploads within limits, nothing else.

Gradio copies a file into its cache, from where anybody may fetch it, wherever a value that goes to
the page looks like its own description of a file: {"path": ..., "meta": {"_type":
"gradio.FileData"}}. A visitor can write such a description too, in a recipe for instance. `Page`
lets no description through that the server has not made itself.
"""

from __future__ import annotations

import shutil
import time
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import gradio as gr
from gradio_client.utils import is_file_obj_with_meta, is_http_url_like, traverse

from ui.session import GIB, Host, no_room, visitor_of

DAY_S = 24 * 3600.0
FREE_BYTES = 1 << 28
UPLOAD = "/gradio_api/upload"
CLOSED = (
    "/gradio_api/process_recording", "/gradio_api/proxy=", "/gradio_api/deep_link",
    "/gradio_api/file=http:", "/gradio_api/file=https:", "/gradio_api/file/http",
    "/gradio_api/vibe",
)  # fmt: skip
"""Routes of Gradio that the page never uses, and that fetch, convert or keep things for anybody."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Page(gr.Blocks):
    """Blocks that hand out no file on a visitor's word, and fetch none from an address.

    Args:
        host: what all visitors share; it ends with the page.
        settings: of `gr.Blocks`.
    """

    def __init__(self, host: Host, **settings: Any) -> None:
        super().__init__(**settings)
        self.host = host

    def close(self, *arguments: Any, **settings: Any) -> None:
        """Ends the server, all work and all sessions."""
        super().close(*arguments, **settings)
        self.host.close()

    async def preprocess_data(
        self, block_fn: Any, inputs: list[Any], state: Any, explicit_call: bool = False
    ) -> Any:
        """Takes what the browser sent; raises `gr.Error` for a file that was not uploaded."""
        traverse(inputs, _refuse_address, is_file_obj_with_meta)
        return await super().preprocess_data(block_fn, inputs, state, explicit_call)

    async def postprocess_data(self, block_fn: Any, predictions: Any, state: Any) -> Any:
        """Takes what a handler returned; raises `gr.Error` for a forged description of a file.

        The server's own are objects (`gr.FileData`) and paths, never plain dicts.
        """
        traverse(predictions, _refuse_forged, is_file_obj_with_meta)
        return await super().postprocess_data(block_fn, predictions, state)


def _refuse_address(file: dict[str, Any]) -> None:
    if is_http_url_like(file["path"]):
        raise gr.Error("Upload the file itself: addresses are not fetched.", print_exception=False)


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
        self._uploads: dict[str, deque[tuple[float, int]]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers itself what is refused, and hands the rest on."""
        path = scope.get("path", "")
        if scope["type"] == "http" and path.startswith(CLOSED):
            return await _answer(send, 404, "There is nothing here.")
        if scope["type"] == "http" and path.startswith(UPLOAD) and scope["method"] == "POST":
            headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
            visitor = visitor_of((scope.get("client") or ("",))[0], headers)
            if refusal := self._refusal(visitor, headers.get("content-length", "")):
                return await _answer(send, *refusal)
            receive = self._counted(visitor, receive)
        await self.app(scope, receive, send)

    def _refusal(self, visitor: str, length: str) -> tuple[int, str] | None:
        """Status and reason, where an upload of so many bytes is not taken."""
        if not length.isdigit():
            return 411, "The upload does not say how long it is."
        free = shutil.disk_usage(self.cache).free
        if int(length) + FREE_BYTES > free:
            return 507, no_room(self.cache)
        if self.quota is not None and self._used(visitor) + int(length) > self.quota:
            return 413, f"You may upload {self.quota / GIB:g} GB a day here. Try again tomorrow."
        return None

    def _used(self, visitor: str) -> int:
        """Bytes that a visitor has uploaded in the last day."""
        for name, uploads in list(self._uploads.items()):
            while uploads and uploads[0][0] < time.monotonic() - DAY_S:
                uploads.popleft()
            if not uploads:
                del self._uploads[name]
        return sum(n_bytes for _, n_bytes in self._uploads.get(visitor, ()))

    def _counted(self, visitor: str, receive: Receive) -> Receive:
        async def counted() -> MutableMapping[str, Any]:
            message = await receive()
            if self.quota is not None and (body := message.get("body")):
                uploads = self._uploads.setdefault(visitor, deque())
                uploads.append((time.monotonic(), len(body)))
            return message

        return counted


async def _answer(send: Send, status: int, text: str) -> None:
    body = text.encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
