"""The one endpoint for programs: a recording and a recipe in, the restored file out."""

from __future__ import annotations

import secrets
import shutil
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import LocalContext

from pipeline import recipe as recipes
from pipeline import restoration as engine
from pipeline.audio.decode import probe
from pipeline.stage import Cancelled, Chain, expected_seconds, titled
from ui.jobs import Job
from ui.serving import Page
from ui.session import Host, check_room, plain_error, uploaded, visitor_folder, visitor_of

KEPT_S = 3600.0
"""Seconds for which a result can be fetched."""

ABOUT = """Restores a recording. `recipe` is the name of a shipped recipe, or a recipe as JSON text.
The result, a WAV file (FLAC for a FLAC) with the recording's name and length, is kept an hour."""


def build(page: Page, host: Host, default: str) -> None:
    """Adds the endpoint `/restore`; its calls wait in the same queue as the page's visitors.

    From Python: `Client(URL).predict(handle_file("in.wav"), "RECIPE", api_name="/restore")`.
    """
    with gr.Row(visible=False):
        recording = gr.File(label="recording")
        recipe = gr.Textbox(default, label="recipe")
        restored = gr.File(label="restored", interactive=False)
        gr.Button("Restore by program").click(
            _endpoint(page, host), [recording, recipe], restored,
            api_name="restore", concurrency_limit=None, api_description=ABOUT,
        )  # fmt: skip


def _endpoint(page: Page, host: Host) -> Callable[..., Awaitable[str | None]]:
    """The function that Gradio calls; its parameters' names are the endpoint's."""

    async def restore(recording: str, recipe: str, request: gr.Request) -> str | None:
        visitor = visitor_of(request.client.host if request.client else "", request.headers)
        own = visitor_folder(host.folder, visitor)
        folder = own / f"api-{secrets.token_hex(16)}"
        try:
            work = partial(_work, *_request(recording, recipe), folder, host.limits.seconds)
            job = Job(work, host.heavy, visitor=visitor, longest_s=host.limits.job_s)
            job.check_first = partial(check_room, own, host.limits.bytes_each)
            return str(await _result(page, job))
        except Cancelled:
            shutil.rmtree(folder, ignore_errors=True)
            return None
        except Exception as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise gr.Error(plain_error(error), print_exception=False) from error

    return restore


async def _result(page: Page, job: Job) -> Path:
    """What the job makes; it is stopped when the client that waits for it has gone."""
    event_id = LocalContext.event_id.get()
    async for _ in job.start().follow():
        event = page._queue.event_ids_to_events.get(event_id or "")
        if event is None or not event.alive:
            job.stop()
    result: Path = job.result()
    return result


def _request(recording: Any, recipe: Any) -> tuple[Path, Chain]:
    """File and chain that a call asks for.

    Raises:
        ValueError: either of them will not do.
    """
    path = uploaded(recording)
    if path is None:
        raise ValueError("recording: expected an uploaded sound file")
    if not isinstance(recipe, str):
        raise ValueError("recipe: expected the name of a recipe, or its JSON as a text")
    return path, recipes.load(recipe if recipe in recipes.named() else _document(recipe))


def _document(text: str) -> Any:
    try:
        return recipes.parse(text)
    except recipes.RecipeError:
        names = ", ".join(recipes.named())
        raise ValueError(f"recipe: expected JSON or one of {names}, got {text[:60]!r}") from None


def _work(path: Path, chain: Chain, folder: Path, max_seconds: float, job: Job) -> Path:
    job.tick(0.0, "Reading")
    info = probe(path)
    size = info.frames, info.rate, info.channels
    job.expect(sum(expected_seconds(stage, *size) for stage in chain.stages))
    folder.mkdir(mode=0o700, parents=True)
    tick = titled(job.tick, "Restoring")
    result = engine.restore_file(path, folder, chain, tick, max_seconds=max_seconds).path
    remover = threading.Timer(KEPT_S, shutil.rmtree, (folder,), {"ignore_errors": True})
    remover.daemon = True
    remover.start()
    return result
