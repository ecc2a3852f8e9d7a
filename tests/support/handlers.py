"""Handlers of the page, run to their end without a page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any


def ran(handler: AsyncIterator[dict[str, Any]]) -> dict[str, Any]:
    """The last state of everything that a handler updates."""

    async def collect() -> dict[str, Any]:
        state: dict[str, Any] = {}
        async for updates in handler:
            state |= updates
        return state

    return asyncio.run(collect())
