"""Handlers tied to the parts of a tab: they know the parts by name, Gradio by component."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

import gradio as gr

Updates = dict[str, Any]
Parts = dict[str, Any]

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""Events of the page only: no endpoint for others, our own progress line, not Gradio's."""

LONG: dict[str, Any] = {**QUIET, "concurrency_limit": None}
"""Events that follow a job: the job waits in our own line, its watchers need none."""

AGAIN: dict[str, Any] = {**LONG, "trigger_mode": "multiple"}
"""The same where a second one may come before the first has ended, and replaces it."""


def chosen(parts: Parts, names: Sequence[str]) -> list[Any]:
    """The parts of these names."""
    return [parts[name] for name in names]


def once(handler: Callable[..., Updates], parts: Parts) -> Callable[..., Any]:
    """The handler as Gradio wants it: keyed by component instead of by name."""

    def call(*values: Any) -> Any:
        return _keyed(handler(*values), parts)

    return call


def steps(handler: Callable[..., Iterator[Updates]], parts: Parts) -> Callable[..., Iterator[Any]]:
    """The same for a handler of a few steps."""

    def call(*values: Any) -> Iterator[Any]:
        for updates in handler(*values):
            yield _keyed(updates, parts)

    return call


def following(
    handler: Callable[..., AsyncIterator[Updates]], parts: Parts
) -> Callable[..., AsyncIterator[Any]]:
    """The same for a handler that goes on: each of its updates, as it comes."""

    async def call(*values: Any) -> AsyncIterator[Any]:
        async for updates in handler(*values):
            yield _keyed(updates, parts)

    return call


def _keyed(updates: Updates, parts: Parts) -> Any:
    return {parts[name]: new for name, new in updates.items() if name in parts} or gr.skip()
