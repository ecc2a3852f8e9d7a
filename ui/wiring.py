"""Adapters between handlers, which name the parts of a tab, and Gradio, which has components."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

import gradio as gr

Updates = dict[str, Any]
Parts = dict[str, Any]

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""Events of the page only: they are no public endpoint, and show no progress of Gradio's."""

LONG: dict[str, Any] = {**QUIET, "concurrency_limit": None}
"""Events that follow a job: the job waits in our own queue, so the event need not wait."""

AGAIN: dict[str, Any] = {**LONG, "trigger_mode": "multiple"}
"""The same where a second event may come before the first has ended, and replaces it."""

AFTER_RESUME: dict[str, Any] = {
    "js": """async (...values) => {
  const end = performance.now() + 60000;
  while (!document.body.dataset.resumed && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return values;
}"""
}
"""Events that wait until a page that was loaded again has its session of before."""


def chosen(parts: Parts, names: Sequence[str]) -> list[Any]:
    """The parts of these names."""
    return [parts[name] for name in names]


def once(handler: Callable[..., Updates], parts: Parts) -> Callable[..., Any]:
    """Adapts a handler that returns once: its updates by component instead of by name."""

    def call(*values: Any) -> Any:
        return _keyed(handler(*values), parts)

    return call


def steps(handler: Callable[..., Iterator[Updates]], parts: Parts) -> Callable[..., Iterator[Any]]:
    """The same for a handler that yields a few updates."""

    def call(*values: Any) -> Iterator[Any]:
        for updates in handler(*values):
            yield _keyed(updates, parts)

    return call


def following(
    handler: Callable[..., AsyncIterator[Updates]], parts: Parts
) -> Callable[..., AsyncIterator[Any]]:
    """The same for an asynchronous handler that yields updates as long as a job runs.

    One that yields nothing changes nothing; Gradio itself would empty every output then.
    """

    async def call(*values: Any) -> AsyncIterator[Any]:
        is_silent = True
        async for updates in handler(*values):
            is_silent = False
            yield _keyed(updates, parts)
        if is_silent:
            yield gr.skip()

    return call


def _keyed(updates: Updates, parts: Parts) -> Any:
    return {parts[name]: new for name, new in updates.items() if name in parts} or gr.skip()


EXPORT: dict[str, Any] = {"concurrency_id": "export", "concurrency_limit": 2, **QUIET}
"""Events that write a download."""


def wire_download(event: Callable[..., Any], handler: Any, inputs: list[Any], parts: Parts) -> None:
    """An event that writes a file into the hidden part "download", which then hands it out.

    Args:
        handler: yields updates of "download" and "delivery".
    """
    outputs, handed = chosen(parts, ("download", "delivery")), parts["download"].elem_id
    script = f"() => document.querySelector('#{handed}, #{handed} a, #{handed} button').click()"
    written = event(steps(handler, parts), inputs, outputs, **EXPORT)
    written.success(None, js=script, **QUIET)


def to_result(name: str) -> dict[str, Any]:
    """On a narrow screen, brings the element of a class into view; a listener's arguments."""
    script = f"""() => {{
  const result = document.querySelector(".{name}");
  if (innerWidth < 900) result?.scrollIntoView({{ behavior: "smooth" }});
}}"""
    return {"fn": None, "js": script, **QUIET}
