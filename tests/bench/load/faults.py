"""What goes wrong around a server: it is killed, its disk is full, clients are slow or go away."""

from __future__ import annotations

import hashlib
import json
import socket
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from gradio_client import handle_file

from tests.bench.load.server import Server
from tests.bench.load.visitors import Recording, Tally, connect, restore
from tests.support.http import HttpClient

SLOW = '{"version": 1, "stages": [{"stage": "snmf"}]}'
HEAD = (
    "POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n"
    "Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
    'Content-Disposition: form-data; name="files"; filename="a.wav"\r\n\r\n'
)


def killed(server: Server, recording: Recording) -> str:
    """The server is killed while it restores, and started again."""
    (server.runs / "run").mkdir()
    (server.runs / "run/events.jsonl").write_text('{"event": "start"}\n')
    before = _digest(server.runs)
    with tempfile.TemporaryDirectory() as folder:
        client = connect(server, folder)
        client.submit(handle_file(recording.path), SLOW, "", "flac", api_name="/restore")
        until = time.monotonic() + 30
        while _health(server)["running"] == 0 and time.monotonic() < until:
            time.sleep(0.05)
        running, old = _health(server)["running"], server.folders()
        server.kill()
    server.start()
    left = [name for name in server.folders() if name in old]
    health, tally = _health(server), Tally()
    with tempfile.TemporaryDirectory() as folder:
        restore(connect(server, folder), recording, tally)
    same = _digest(server.runs) == before
    return (
        f"{running} job ran when it was killed; then {health['running']} run, {health['waiting']} "
        f"wait, {len(left)} old folders are left, runs are {'unchanged' if same else 'changed'}, "
        f"{_outcome(tally)}"
    )


def full_disk(server: Server) -> str:
    """Uploads fill the server's disk; what cannot be taken is refused, and the page goes on."""
    client, refusal = HttpClient(server.address), ""
    n_taken = 0
    while not refusal and n_taken < 100:
        status, body = client.upload("a.wav", n_taken.to_bytes(4, "big") * (2 << 20))
        n_taken += status == 200
        refusal = "" if status == 200 else f"{status} {body.decode()}"
    health = client.get("/health")[0]
    return (
        f'{n_taken} uploads of 8 MB taken, the next refused: "{refusal}"; /health {health}, '
        f"/ in {server.answer_s() or 60:.2f} s"
    )


def slow_clients(server: Server, recording: Recording, count: int = 32) -> str:
    """Clients that send a byte of their upload a second, while another visitor restores."""
    tally, started_s = Tally(), time.monotonic()
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        connections = [stack.enter_context(_upload(server, 1 << 20)) for _ in range(count)]
        client = connect(server, folder)
        answers = []
        while time.monotonic() - started_s < 10:
            for connection in connections:
                connection.send(b"x")
            answers.append(server.answer_s() or 60.0)
            time.sleep(1)
        restore(client, recording, tally)
    return f"{count} uploads of a byte a second: / in {max(answers):.2f} s, {_outcome(tally)}"


def abandoned(server: Server, count: int = 8) -> str:
    """Uploads that are cut off after 4 of 8 MB."""
    before = server.n_files()
    for _ in range(count):
        with _upload(server, 8 << 20) as connection:
            connection.sendall(bytes(4 << 20))
    until = time.monotonic() + 10
    while server.n_files() > before and time.monotonic() < until:
        time.sleep(0.1)
    return f"{count} uploads cut off after 4 MB: {server.n_files() - before} files are left"


def _upload(server: Server, length: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall(HEAD.format(length=length).encode())
    return connection


def _health(server: Server) -> dict[str, int]:
    with urllib.request.urlopen(server.address + "/health", timeout=60) as answer:
        state: dict[str, int] = json.loads(answer.read())
    return state


def _outcome(tally: Tally) -> str:
    if tally.errors:
        return f"a restoration fails: {tally.errors[0]}"
    return "a restoration is wrong" if tally.n_wrong else "a restoration is right"


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(str(path).encode() + (path.read_bytes() if path.is_file() else b""))
    return digest.hexdigest()
