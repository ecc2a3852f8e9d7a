"""The endpoint for programs: named as documented, plain in its errors, gone with its client."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
import soundfile

from tests.support.http import HttpClient, file_data
from tests.ui.api.conftest import served
from ui.api.endpoints import SAME
from ui.serving import Page

RATE = 16_000


@pytest.fixture
def endpoint(client: HttpClient) -> int:
    return endpoint_of(client)


def endpoint_of(client: HttpClient, name: str = "restore") -> int:
    named = [one for one in client.config()["dependencies"] if one["api_name"] == name]
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


def wait_until(condition: Any) -> None:
    """Waits; a minute or so is less than any job here takes, and enough on a busy machine."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < 100, "did not happen in time"
        time.sleep(0.05)


def test_a_program_gets_the_restored_file(client: HttpClient, endpoint: int) -> None:
    given = client.uploaded("in.wav", sound())
    said = client.call(endpoint, [given, slow(0), "", SAME])[-1]
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
    said = client.call(endpoint, [client.uploaded("in.wav", sound()), recipe_given, "", SAME])[-1]
    assert not said["success"]
    assert text in said["output"]["error"] and "&" not in said["output"]["error"]
    assert "Something went wrong" not in said["output"]["error"]


def test_work_ends_when_its_client_has_gone(page: Page, client: HttpClient, endpoint: int) -> None:
    client.join(endpoint, [client.uploaded("in.wav", sound()), slow(600), "", SAME])
    with client.listen() as stream:
        for message in stream:
            if message["msg"] == "process_starts":
                break
        wait_until(lambda: page.host.heavy._running)
    wait_until(lambda: is_idle(page))


def test_one_client_cannot_fill_the_queue(page: Page, client: HttpClient, endpoint: int) -> None:
    given = client.uploaded("in.wav", sound())
    for _ in range(4):
        client.join(endpoint, [given, slow(600), "", SAME])
    wait_until(lambda: page.host.heavy.size() == (1, 2))
    with client.listen() as stream:
        said = next(one for one in stream if one["msg"] == "process_completed")
    assert "2 jobs of yours already wait here" in said["output"]["error"]
    page.host.heavy.stop_all(wait_s=5)
    assert is_idle(page)


def test_a_job_that_would_take_too_long_is_refused(client: HttpClient, endpoint: int) -> None:
    stages = [{"stage": "slow", "seconds": 60}] * 31
    given = client.uploaded("in.wav", sound())
    said = client.call(endpoint, [given, json.dumps({"version": 1, "stages": stages}), "", SAME])[
        -1
    ]
    assert not said["success"]
    assert "This would take about 31 minutes; one job may take 30" in said["output"]["error"]


def test_a_result_and_all_files_go_with_the_page(tmp_path: Path) -> None:
    with served(tmp_path) as page:
        client = HttpClient(page.local_url.rstrip("/"))
        for given in (slow(0), "no such"):
            client.call(endpoint_of(client), [client.uploaded("in.wav", sound()), given, "", SAME])
        assert len(list(page.host.folder.glob("*/*/api-*"))) == 1  # of the call that succeeded
        page.host.close()
        assert not page.host.folder.exists()


def test_routes_that_the_page_does_not_use_are_closed(client: HttpClient) -> None:
    for path in ("file=https://example.com/", "proxy=https://example.com/", "deep_link"):
        assert client.get(f"/gradio_api/{path}")[0] == 404


def test_an_upload_has_a_largest_size(client: HttpClient) -> None:
    assert client.upload("a.bin", b"x")[0] == 200
    assert client.upload("a.bin", bytes(201 << 20))[0] == 413


def test_a_restoration_is_reported(client: HttpClient, endpoint: int) -> None:
    given = client.uploaded("in.wav", sound())
    file, report = client.call(endpoint, [given, slow(0), "", "flac"])[-1]["output"]["data"]
    assert file["path"].endswith(".flac")
    assert report["seconds"] == 1.0 and report["recipe"] == json.loads(slow(0))
    assert report["guarantee"]["same_length"] and report["guarantee"]["frames_before"] == RATE


def test_stems_are_files_that_add_up(client: HttpClient) -> None:
    given = client.uploaded("in.wav", sound())
    separate = endpoint_of(client, "separate")
    files, report = client.call(separate, [given, "mid_side", "wav32f"])[-1]["output"]["data"]
    assert report["stems"] == {"mid": "in - mid.wav", "side": "in - side.wav"}
    bodies = [client.get(f"/gradio_api/file={quote(file['path'])}")[1] for file in files]
    stems = [soundfile.read(io.BytesIO(body))[0] for body in bodies]
    np.testing.assert_allclose(sum(stems), soundfile.read(io.BytesIO(sound()))[0], atol=1e-6)


@pytest.mark.parametrize("path", ["/etc/passwd", "../in.wav", "http://127.0.0.1:9/a.wav"])
@pytest.mark.parametrize("name", ["diagnose", "restore", "separate", "degrade", "evaluate"])
def test_only_uploaded_files_are_read(client: HttpClient, name: str, path: str) -> None:
    more = {"restore": [slow(0), "", SAME], "degrade": ["telephone", 0, SAME]}
    rest = {**more, "separate": ["mid_side", SAME]}.get(name, [])
    files = [file_data(path)] * (2 if name == "evaluate" else 1)
    said = client.call(endpoint_of(client, name), [*files, *rest])[-1]
    assert not said["success"]


@pytest.mark.parametrize("checkpoint", ["no such", "../../etc", "x" * 500])
def test_a_checkpoint_is_one_of_those_here(
    client: HttpClient, endpoint: int, checkpoint: str
) -> None:
    given = client.uploaded("in.wav", sound())
    said = client.call(endpoint, [given, slow(0), checkpoint, SAME])[-1]
    assert "expected one of: " in said["output"]["error"]


def test_the_server_states_its_health(client: HttpClient) -> None:
    status, body = client.get("/health")
    state = json.loads(body)
    assert status == 200 and state["status"] == "ok" and state["free_disk_bytes"] > 0


def test_damage_is_drawn_by_its_seed(client: HttpClient) -> None:
    given, degrade = client.uploaded("in.wav", sound()), endpoint_of(client, "degrade")
    damage = json.dumps({"version": 1, "stages": [{"stage": "clicks"}]})

    def degraded(seed: int) -> bytes:
        data = client.call(degrade, [given, damage, seed, SAME])[-1]["output"]["data"]
        assert data[1]["damage"]["stages"][0]["stage"] == "clicks"
        return client.get(f"/gradio_api/file={quote(data[0]['path'])}")[1]

    assert degraded(1) == degraded(1) != degraded(2)
