"""What the A/B player shows when it is zoomed: stretches of its sounds, drawn when asked for.

A stretch is asked for by an unguessable key, which whoever sees the player has; the sounds are
there as long as the player's value.
"""

from __future__ import annotations

import base64
import secrets
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
import numpy as np

from pipeline.audio.sound import Audio
from pipeline.plots import regions
from pipeline.plots.panels import ColourScale

PEAK = 8192
"""Full scale of the envelopes' int16."""

AT_ONCE = 3
"""Stretches that are drawn at the same time; who asks for more has to ask again."""


@dataclass(frozen=True, eq=False)
class Zoomed:
    """The sounds of a player.

    Attributes:
        tracks: in the order of the player.
        drawn: which of them have a spectrogram, the degraded one first.
        scale: of the spectrograms.
        pair: the two of which the change is drawn.
        key: what the page asks with.
    """

    tracks: tuple[Audio, ...]
    drawn: tuple[int, ...] = ()
    scale: ColourScale | None = None
    pair: tuple[int, int] = (0, 1)
    key: str = field(default_factory=lambda: secrets.token_urlsafe(24))


class Shelf:
    """The players' sounds by their keys; it keeps none of them alive."""

    def __init__(self) -> None:
        self._zoomed: weakref.WeakValueDictionary[str, Zoomed] = weakref.WeakValueDictionary()
        self._drawing = 0

    def put(self, zoomed: Zoomed) -> str:
        """Takes the sounds of a player; returns their key."""
        self._zoomed[zoomed.key] = zoomed
        return zoomed.key

    async def draw(self, request: Any) -> dict[str, Any]:
        """A stretch for the page, or {"busy": True}, or {"gone": True}.

        Args:
            request: {"key", "start", "end", "low", "high", "columns"} from a browser.
        """
        if not isinstance(request, Mapping) or not isinstance(request.get("key"), str):
            return {"gone": True}
        if (zoomed := self._zoomed.get(request["key"])) is None:
            return {"gone": True}
        if self._drawing >= AT_ONCE:
            return {"busy": True}
        self._drawing += 1
        try:
            return await anyio.to_thread.run_sync(drawn, zoomed, request)
        except (KeyError, TypeError, ValueError, OverflowError):
            return {"gone": True}
        finally:
            self._drawing -= 1


def drawn(zoomed: Zoomed, request: Mapping[str, Any]) -> dict[str, Any]:
    """Envelopes and pictures of a stretch as the page takes them.

    Raises:
        KeyError, ValueError, TypeError: the request does not hold the numbers.
    """
    start, end, low, high = (float(request[name]) for name in ("start", "end", "low", "high"))
    wanted = regions.Region(start, end, low, high, int(request["columns"]))
    rate = max(audio.rate for audio in zoomed.tracks)
    seconds = max(audio.seconds for audio in zoomed.tracks)
    region = wanted.fitted(seconds, rate / 2, rate)
    sounds = [zoomed.tracks[at] for at in zoomed.drawn]
    pictures = regions.pictures(sounds, region, zoomed.scale, zoomed.pair) if zoomed.scale else []
    return {
        "start": region.start_s,
        "end": region.end_s,
        "low": region.low_hz,
        "high": region.high_hz,
        "peaks": [packed(shape) for shape in regions.envelopes(zoomed.tracks, region)],
        "pictures": [base64.b64encode(png).decode("ascii") for png in pictures],
    }


def packed(pairs: Sequence[Any] | np.ndarray) -> str:
    """An envelope as base64 of int16 (lowest, highest) a column, PEAK is full scale."""
    numbers = np.clip(np.round(np.asarray(pairs) * PEAK), -32768, 32767).astype("<i2")
    return base64.b64encode(numbers.tobytes()).decode("ascii")
