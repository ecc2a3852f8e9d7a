"""A client that speaks Gradio's protocol by hand, as an attacker would."""

from __future__ import annotations

import contextlib
import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

FILE = {"_type": "gradio.FileData"}


def file_data(path: str) -> dict[str, Any]:
    """A file as Gradio's messages name it, forged or not."""
    return {"path": path, "meta": FILE}


@dataclass
class HttpClient:
    """One visitor without a browser.

    Args:
        address: of the server, without a slash at its end.
    """

    address: str
    session: str = field(default_factory=lambda: uuid.uuid4().hex)

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of a GET request; `path` is sent as it is."""
        return self._send(urllib.request.Request(self.address + path))

    def config(self) -> dict[str, Any]:
        """The page's components and dependencies."""
        return json.loads(self.get("/config")[1])

    def upload(self, name: str, content: bytes) -> tuple[int, bytes]:
        """Status and body of an upload of one file."""
        boundary = uuid.uuid4().hex
        head = f'Content-Disposition: form-data; name="files"; filename="{name}"'
        body = f"--{boundary}\r\n{head}\r\nContent-Type: text/plain\r\n\r\n".encode()
        body += content + f"\r\n--{boundary}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        url = f"{self.address}/gradio_api/upload"
        return self._send(urllib.request.Request(url, data=body, headers=kind))

    def uploaded(self, name: str, content: bytes) -> dict[str, Any]:
        """Uploads a file that is taken, and returns how messages name it."""
        status, body = self.upload(name, content)
        assert status == 200, body
        return file_data(json.loads(body)[0])

    def join(self, fn_index: int, data: list[Any]) -> str:
        """Puts a call into the queue; returns its event's name, or the refusal."""
        message = {"data": data, "fn_index": fn_index, "session_hash": self.session}
        url = f"{self.address}/gradio_api/queue/join"
        kind = {"Content-Type": "application/json"}
        request = urllib.request.Request(url, data=json.dumps(message).encode(), headers=kind)
        return self._send(request)[1].decode()

    @contextlib.contextmanager
    def listen(self, timeout_s: float = 200) -> Iterator[Iterator[dict[str, Any]]]:
        """The server's messages to this session; the connection is cut at the end."""
        url = f"{self.address}/gradio_api/queue/data?session_hash={self.session}"
        with urllib.request.urlopen(url, timeout=timeout_s) as answer:
            lines = (line for line in answer if line.startswith(b"data: "))
            yield (json.loads(line[6:]) for line in lines)

    def call(self, fn_index: int, data: list[Any]) -> list[dict[str, Any]]:
        """Every message of one call until its end."""
        self.join(fn_index, data)
        messages = []
        with self.listen() as stream:
            for message in stream:
                messages.append(message)
                if message["msg"] in ("process_completed", "close_stream"):
                    break
        return messages

    def calls(self, wanted: Iterable[tuple[int, list[Any]]]) -> None:
        """Makes calls beside each other; returns when all that were not refused have ended."""
        answers = [self.join(*one) for one in wanted]
        accepted = [json.loads(text) for text in answers if text.startswith('{"event_id"')]
        going_on = {one["event_id"] for one in accepted}
        if not going_on:
            return
        with self.listen() as stream:
            for message in stream:
                if message["msg"] == "process_completed":
                    going_on.discard(message["event_id"])
                if not going_on or message["msg"] == "close_stream":
                    return

    def _send(self, request: urllib.request.Request) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(request, timeout=200) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
