"""Handlers and components: what a handler does not name stays as it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import gradio as gr

from ui.wiring import following


def test_a_handler_that_yields_nothing_changes_nothing() -> None:
    async def handler(*updates: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        for one in updates:
            yield one

    async def run(*updates: dict[str, Any]) -> list[Any]:
        return [one async for one in following(handler, {"part": "component"})(*updates)]

    assert asyncio.run(run()) == [gr.skip()]
    assert asyncio.run(run({"part": 1}, {"other": 2})) == [{"component": 1}, gr.skip()]
