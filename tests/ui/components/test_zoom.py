"""Stretches for the page: only by a key, only while the player lives, never for nonsense."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import numpy as np
import pytest

from tests.support.helpers import tone
from ui.components import zoom
from ui.components.zoom import AT_ONCE, Shelf, Zoomed

WHOLE = {"start": 0.0, "end": 1.0, "low": 0.0, "high": 24_000.0, "columns": 100}


def ask(shelf: Shelf, request: Any) -> dict[str, Any]:
    return asyncio.run(shelf.draw(request))


def test_a_stretch_needs_its_key_and_ends_with_its_player() -> None:
    shelf, zoomed = Shelf(), Zoomed((tone(),))
    key = shelf.put(zoomed)
    answer = ask(shelf, {**WHOLE, "key": key})
    assert (answer["start"], answer["end"], len(answer["peaks"])) == (0.0, 1.0, 1)
    for wrong in (None, 3, [key], {}, {"key": 5}, {**WHOLE, "key": key[:-1]}):
        assert ask(shelf, wrong) == {"gone": True}
    del zoomed
    gc.collect()
    assert ask(shelf, {**WHOLE, "key": key}) == {"gone": True}


@pytest.mark.parametrize(
    "wrong",
    [{"start": "x"}, {"end": None}, {"low": [1]}, {"start": float("nan")}, {"columns": 1e400}],
)
def test_nonsense_gets_no_picture(wrong: dict[str, Any]) -> None:
    shelf, zoomed = Shelf(), Zoomed((tone(),))
    assert ask(shelf, {**WHOLE, **wrong, "key": shelf.put(zoomed)}) == {"gone": True}


def test_only_a_few_are_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf, zoomed = Shelf(), Zoomed((tone(),))
    request = {**WHOLE, "key": shelf.put(zoomed)}

    async def many() -> list[dict[str, Any]]:
        return await asyncio.gather(*(shelf.draw(request) for _ in range(AT_ONCE + 2)))

    answers = asyncio.run(many())
    assert [answer for answer in answers if "busy" in answer] == [{"busy": True}] * 2
    assert "peaks" in ask(shelf, request), "and free again"


def test_an_envelope_keeps_its_values() -> None:
    import base64

    pairs = np.array([[-0.5, 0.25], [-1.0, 1.0]])
    numbers = np.frombuffer(base64.b64decode(zoom.packed(pairs)), "<i2") / zoom.PEAK
    assert numbers.tolist() == [-0.5, 0.25, -1.0, 1.0]
