"""The endpoint for programs: named as documented, plain in its errors, gone with its client."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from pipeline import recipe
from tests.support.http import HttpClient
from ui.page import build, launch_options
from ui.serving import Page

RATE = 16_000


@contextmanager
def served(cache: Path) -> Iterator[Page]:
    """The page with the rules for strangers and the `Slow` stage."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(cache))
        patch.setenv("WAVEMEND_SHARED", "1")
        patch.setitem(recipe.STAGES, "slow", "tests.page.slow:Slow")
        page = build()
        page.launch(prevent_thread_lock=True, quiet=True, **launch_options())
        yield page
        page.close()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with served(tmp_path_factory.mktemp("cache")) as page:
        yield page


@pytest.fixture
def client(page: Page) -> HttpClient:
    return HttpClient(page.local_url.rstrip("/"))


@pytest.fixture
def endpoint(client: HttpClient) -> int:
    return endpoint_of(client)


def endpoint_of(client: HttpClient) -> int:
    named = [one for one in client.config()["dependencies"] if one["api_name"] == "restore"]
    return named[0]["id"]


def sound(seconds: float = 1.0) -> bytes:
    """A WAV file of noise."""
    file = io.BytesIO()
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, round(RATE * seconds))
    soundfile.write(file, noise, RATE, format="WAV")
    return file.getvalue()


def slow(seconds: float) -> str:
    return json.dumps({"version": 1, "stages": [{"stage": "slow", "seconds": seconds}]})


def is_idle(page: Page) -> bool:
    return not page.host.heavy._running and not page.host.heavy._waiting


def wait_until(condition: Any, seconds: float) -> float:
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, "did not happen in time"
        time.sleep(0.05)
    return time.monotonic() - started


def test_the_parameters_are_named_as_documented(client: HttpClient) -> None:
    info = json.loads(client.get("/gradio_api/info")[1])["named_endpoints"]
    assert set(info) == {"/restore"}
    names = [one["parameter_name"] for one in info["/restore"]["parameters"]]
    assert names == ["recording", "recipe"]


def test_a_program_gets_the_restored_file(client: HttpClient, endpoint: int) -> None:
    given = client.uploaded("in.wav", sound())
    said = client.call(endpoint, [given, slow(0)])[-1]
    assert said["success"], said
    status, body = client.get(f"/gradio_api/file={said['output']['data'][0]['path']}")
    assert status == 200 and soundfile.info(io.BytesIO(body)).frames == RATE


@pytest.mark.parametrize(
    ("recipe_given", "text"),
    [
        ("no such", "recipe: expected JSON or one of"),
        ("[" * 100_000, "recipe: "),
        ('{"version": 1, "stages": [{"stage": "it\'s <b>"}]}', "it's <b>"),
        ('{"version": 1, "stages": 5}', "stages: got 5, expected a list"),
        (5, 'got 5, expected {"version"'),
        (None, "recipe: expected the name of a recipe"),
        ({"version": 1}, "recipe: expected JSON or one of"),
    ],
)
def test_an_error_is_plain_text(
    client: HttpClient, endpoint: int, recipe_given: Any, text: str
) -> None:
    said = client.call(endpoint, [client.uploaded("in.wav", sound()), recipe_given])[-1]
    assert not said["success"]
    assert text in said["output"]["error"] and "&" not in said["output"]["error"]
    assert "Something went wrong" not in said["output"]["error"]


def test_work_ends_when_its_client_has_gone(page: Page, client: HttpClient, endpoint: int) -> None:
    client.join(endpoint, [client.uploaded("in.wav", sound()), slow(60)])
    with client.listen() as stream:
        for message in stream:
            if message["msg"] == "process_starts":
                break
        wait_until(lambda: page.host.heavy._running, 10)
    assert wait_until(lambda: is_idle(page), 15) < 12


def test_one_client_cannot_fill_the_queue(page: Page, client: HttpClient, endpoint: int) -> None:
    given = client.uploaded("in.wav", sound())
    clients = [HttpClient(client.address) for _ in range(5)]
    for one in clients:
        one.join(endpoint, [given, slow(60)])
    wait_until(lambda: len(page.host.heavy._waiting) == 2 and page.host.heavy._running, 10)
    with clients[-1].listen() as stream:
        said = next(one for one in stream if one["msg"] == "process_completed")
    assert "2 jobs of yours already wait here" in said["output"]["error"]
    page.host.heavy.stop_all(wait_s=5)
    assert is_idle(page)


def test_a_job_that_would_take_too_long_is_refused(client: HttpClient, endpoint: int) -> None:
    stages = [{"stage": "slow", "seconds": 60}] * 31
    given = client.uploaded("in.wav", sound())
    said = client.call(endpoint, [given, json.dumps({"version": 1, "stages": stages})])[-1]
    assert not said["success"]
    assert "This would take about 31 minutes; one job may take 30" in said["output"]["error"]


def test_a_result_and_all_files_go_with_the_page(tmp_path: Path) -> None:
    with served(tmp_path) as page:
        client = HttpClient(page.local_url.rstrip("/"))
        for given in (slow(0), "no such"):
            client.call(endpoint_of(client), [client.uploaded("in.wav", sound()), given])
        assert len(list(page.host.folder.glob("*/api-*"))) == 1  # of the call that succeeded
        page.host.close()
        assert not page.host.folder.exists()


def test_routes_that_the_page_does_not_use_are_closed(client: HttpClient) -> None:
    for path in ("file=https://example.com/", "proxy=https://example.com/", "deep_link"):
        assert client.get(f"/gradio_api/{path}")[0] == 404


def test_an_upload_has_a_largest_size(client: HttpClient) -> None:
    assert client.upload("a.bin", b"x")[0] == 200
    assert client.upload("a.bin", bytes(201 << 20))[0] == 413
