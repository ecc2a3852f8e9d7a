"""One call of an endpoint: a job in the visitor's turn, gone with its client."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import LocalContext

from pipeline.stage import Cancelled
from ui.api import mcp
from ui.jobs import Job, JobQueue
from ui.serving import Page
from ui.session import Host, page_folder, plain_error, restrict, visitor_of
from ui.sweeper import PREFIX


@dataclass(frozen=True)
class Calls:
    """Runs the calls of the endpoints of one page."""

    page: Page
    host: Host

    async def run(
        self,
        task: Callable[[Path, Job], Any],
        request: gr.Request,
        progress: gr.Progress,
        queue: JobQueue,
    ) -> Any:
        """What a task returns; its folder, whose name nobody can guess, goes if it fails.

        Args:
            task: gets a folder for its files, which is not there yet, and its job.
            progress: shows the job's progress to the client.
            queue: where the job waits for its turn.

        Raises:
            gr.Error: it failed, in plain words; or its client has gone.
        """
        visitor = visitor_of(request.client.host if request.client else "", request.headers)
        page = page_folder(self.host.folder, visitor, getattr(request, "session_hash", "") or "")
        folder = page / f"{PREFIX}{secrets.token_hex(16)}"
        job = Job(partial(task, folder), queue, visitor=visitor, page=page.name)
        restrict(job, self.host.limits, page)
        try:
            await self._follow(job, request, progress)
            return job.result()
        except Exception as error:
            shutil.rmtree(folder, ignore_errors=True)
            text = "Stopped." if isinstance(error, Cancelled) else plain_error(error)
            raise gr.Error(text, print_exception=False) from error

    async def _follow(self, job: Job, request: gr.Request, progress: gr.Progress) -> None:
        """Shows the job's progress until it has ended; stops it when its client has gone."""
        event_id, shown = LocalContext.event_id.get(), None
        async for state in job.start().follow():
            text = f"{state.ahead} jobs come first" if state.ahead else state.stage
            if shown != (state.fraction, text):
                shown = (state.fraction, text)
                progress(state.fraction, desc=text)
                if event_id is None:
                    await mcp.report(state.fraction, text)
            if await self._has_gone(event_id, request):
                job.stop()

    async def _has_gone(self, event_id: str | None, request: gr.Request) -> bool:
        """Whether nobody waits for a call any more: of an event in the queue, or of a request."""
        if event_id is None:
            return bool(await request.is_disconnected())
        event = self.page._queue.event_ids_to_events.get(event_id)
        return event is None or not event.alive
