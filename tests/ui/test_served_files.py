"""What the server hands out: its own results to whoever was given their address, nothing else."""

from __future__ import annotations

import json
import socket
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.page.tuning import App
from tests.support.http import HttpClient, file_data
from tests.support.runs import wait_for

SECRET = b"nobody may read this line"
HEAD = (
    b"POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n"
    b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
    b'Content-Disposition: form-data; name="files"; filename="a.wav"\r\n\r\n'
)
"""The beginning of an upload of 10 MB."""

ROUTES = ("/gradio_api/file=", "/gradio_api/file/", "/file=", "/static/", "/assets/")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A server whose working directory, temporary folder and runs hold a secret each."""
    folder = tmp_path_factory.mktemp("served")
    places = [folder / "cwd", folder / "tmp"]
    for place in places:
        place.mkdir()
        (place / "secret.wav").write_bytes(SECRET)
    app = App(folder, cwd=places[0], TMPDIR=str(places[1]))
    data = app.runs / "of-another" / "data"
    data.mkdir(parents=True)
    (data / "secret.wav").write_bytes(SECRET)
    app.start()
    yield app
    app.kill()


@pytest.fixture
def client(app: App) -> HttpClient:
    return HttpClient(app.address.rstrip("/"))


def secrets_of(app: App) -> list[Path]:
    """One in the working directory, one in the temporary folder, one in somebody's run."""
    folder = app.runs.parent
    places = ("cwd", "tmp", "runs/of-another/data")
    return [folder / place / "secret.wav" for place in places]


def leaked(app: App) -> list[Path]:
    """Copies of a secret in what the server may hand out."""
    files = (path for path in app.cache.rglob("*") if path.is_file())
    return [path for path in files if SECRET in path.read_bytes()]


def test_no_file_outside_the_cache_is_served(app: App, client: HttpClient) -> None:
    paths = [
        *map(str, secrets_of(app)), "secret.wav", "./secret.wav", "app.py", "/etc/passwd",
        f"{app.cache}/../cwd/secret.wav", "../cwd/secret.wav", "file:///etc/passwd",
        str(app.runs / "x"), str(app.log),
    ]  # fmt: skip
    for path in paths:
        for written in (path, urllib.parse.quote(path, safe=""), path.replace("..", "%2e%2e")):
            for route in ROUTES:
                status, body = client.get(route + urllib.parse.quote(written, safe="/%:"))
                assert status in (403, 404, 500), (route, written, status)
                assert SECRET not in body and b"root:" not in body


def test_a_file_named_in_a_recipe_is_text(app: App, client: HttpClient) -> None:
    """The recipe's `checkpoint` is a file as Gradio's own messages name it."""
    calls = [one["id"] for one in client.config()["dependencies"] if len(one["inputs"]) == 3]
    for path in [*map(str, secrets_of(app)), "secret.wav"]:
        for settings in ({"checkpoint": file_data(path)}, {"mix": [file_data(path)]}):
            document = {"version": 1, "stages": [{"stage": "enhance", **settings}]}
            recipe = client.uploaded("evil.json", json.dumps(document).encode())
            client.calls((call, [None, recipe, {}]) for call in calls)
    assert leaked(app) == []


def test_forged_files_in_every_call_are_refused(app: App, client: HttpClient) -> None:
    forged = [file_data(str(path)) for path in secrets_of(app)]
    forged.append(file_data("https://example.com/x.wav"))
    for number, (call, count) in enumerate(distinct_calls(client.config())):
        file = forged[number % len(forged)]  # every call gets one of them in every form
        nested = {**file, "cards": [{"settings": file}], "own": file}
        client.calls((call, [value] * count) for value in (nested, [nested], file["path"]))
    assert leaked(app) == []


def distinct_calls(config: dict[str, Any]) -> list[tuple[int, int]]:
    """(number, count of inputs) of the calls that take a value from the visitor.

    What a page remembers (`state`) is none. Of listeners with the same inputs and outputs, such as
    those that follow every change of a recipe, the first stands for all.
    """
    kinds = {one["id"]: one["type"] for one in config["components"]}
    calls = {
        (tuple(one["inputs"]), tuple(one["outputs"])): (one["id"], len(one["inputs"]))
        for one in reversed(config["dependencies"])
        if one["backend_fn"] and any(kinds[at] != "state" for at in one["inputs"])
    }
    return list(calls.values())


def test_an_upload_that_breaks_off_leaves_nothing(app: App, client: HttpClient) -> None:
    before = {path for path in app.cache.rglob("*") if path.is_file()}
    address = urllib.parse.urlsplit(client.address)
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(HEAD + bytes(1 << 20))
        wait_for(lambda: {path for path in app.cache.rglob("*") if path.is_file()} != before)
    wait_for(lambda: {path for path in app.cache.rglob("*") if path.is_file()} == before)
    assert "ClientDisconnect" not in app.log.read_text()
