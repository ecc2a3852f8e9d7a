"""The one endpoint for programs: a recording and a recipe in, the restored file out."""

from __future__ import annotations

import secrets
import shutil
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from pipeline import recipe
from pipeline import restore as engine
from pipeline.stage import Chain, titled
from ui.jobs import Job, Line
from ui.session import Limits, plain_error, uploaded


def build(room: Path, line: Line, limits: Limits, default: str) -> None:
    """Adds the endpoint `/restore`; it waits in the same line as the page's visitors.

    From Python: `Client(URL).predict(handle_file("in.wav"), "RECIPE", api_name="/restore")`.
    """
    with gr.Row(visible=False):
        recording = gr.File(label="recording")
        chosen = gr.Textbox(default, label="recipe")
        restored = gr.File(label="restored", interactive=False)
        gr.Button("Restore by program").click(
            partial(_restore, room, line, limits), [recording, chosen], restored,
            api_name="restore", concurrency_limit=None, api_description=_ABOUT,
        )  # fmt: skip


_ABOUT = """Restores a recording. `recipe` is the name of a shipped recipe or a recipe's JSON text;
the result is a WAV file (FLAC for a FLAC) with the recording's name and length."""


async def _restore(
    room: Path, line: Line, limits: Limits, recording: str | None, chosen: str
) -> str:
    path, folder = uploaded(recording), room / secrets.token_hex(16)
    try:
        if path is None:
            raise ValueError("recording: expected an uploaded sound file")
        chain = recipe.load(chosen if chosen in recipe.named() else _document(chosen))
        work = partial(_work, path, folder, chain, limits.seconds)
        job = Job(work, line).start()
        async for _ in job.follow():
            pass
        return str(job.result())
    except Exception as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise gr.Error(escape(plain_error(error)), print_exception=False) from error


def _document(text: str) -> Any:
    try:
        return recipe.parse(text)
    except recipe.RecipeError:
        names = ", ".join(recipe.named())
        raise ValueError(f"recipe: expected JSON or one of {names}, got {text[:60]!r}") from None


def _work(path: Path, folder: Path, chain: Chain, max_seconds: float, job: Job) -> Path:
    folder.mkdir(mode=0o700)
    tick = titled(job.tick, "Restoring")
    return engine.restore_file(path, folder, chain, tick, max_seconds=max_seconds).path
