"""The A/B player with ten minutes of stereo: the longest task of the page's main thread.

A frame cannot be drawn while a task runs. Each figure is processor time of the thread, which does
not depend on what else the machine does; the goal is 50 ms.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.timing import Row

MINUTES, RATE = 10, 44_100
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
CATEGORIES = [
    "toplevel",
    "devtools.timeline",
    "disabled-by-default-devtools.timeline",
    "__metadata",
]
SWITCHES, WHEELS = 20, 12


def measure(row: Row) -> None:
    """Prints the longest task while the player opens, is scrolled, zoomed, switched and played."""
    import gradio as gr
    from starlette.middleware import Middleware

    from ui.components.player import ABPlayer
    from ui.static_files import StaticFiles

    with tempfile.TemporaryDirectory() as folder:
        with gr.Blocks() as page:
            ABPlayer(_value(Path(folder)), elem_id="first")
        _, address, _ = page.launch(
            prevent_thread_lock=True, quiet=True, allowed_paths=[folder], server_name="127.0.0.1",
            app_kwargs={"middleware": [Middleware(StaticFiles)]},
        )  # fmt: skip
        try:
            for name, (longest_ms, tasks) in _traced(address).items():
                note = f"{tasks} tasks above 50 ms"
                row(f"{MINUTES} min stereo, {name}", longest_ms, "ms", note)
        finally:
            page.close()


def _value(folder: Path) -> Any:
    """A player of two versions, with their spectrograms."""
    from pipeline.audio.sound import Audio
    from pipeline.plots import figures
    from ui.components.player import Sound, player_value

    rng = np.random.default_rng(0)
    second = 0.1 * rng.standard_normal((2, RATE)).astype(np.float32)
    sound = np.tile(second, 60 * MINUTES) * np.repeat(
        rng.uniform(0.1, 1, 60 * MINUTES).astype(np.float32), RATE
    )
    one, half = Audio(sound, RATE), Audio(sound / 2, RATE)
    pictures = figures.spectrograms([("One", one), ("Half", half)], folder)
    return player_value([Sound("One", one), Sound("Half", half)], folder, pictures)


@contextlib.contextmanager
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    from playwright import sync_api

    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        yield chromium
        chromium.close()


def _traced(address: str) -> dict[str, tuple[float, int]]:
    """The longest task in ms of each thing that is done, and how many took more than 50 ms."""
    with browser() as chromium:
        page = chromium.new_page(viewport={"width": 1440, "height": 600})
        page.set_default_timeout(120_000)

        def traced(deed: Callable[[], None]) -> tuple[float, int]:
            chromium.start_tracing(page=page, categories=CATEGORIES)
            deed()
            page.wait_for_timeout(1000)
            tasks = main_thread_ms(json.loads(chromium.stop_tracing())["traceEvents"])
            return max(tasks, default=0.0), sum(task > 50 for task in tasks)

        def opened() -> None:
            page.goto(address)
            page.wait_for_selector("#first .wmp-deck")

        result = {"opened": traced(opened)}
        for name, deed in DEEDS.items():
            result[name] = traced(lambda deed=deed: deed(page))
        return result


def _scroll(page: Any) -> None:
    page.mouse.move(700, 300)
    for step in range(WHEELS):
        page.mouse.wheel(0, 200 if step < WHEELS // 2 else -200)


def _zoom(page: Any) -> None:
    box = page.locator("#first .wmp-time").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.keyboard.down("Control")
    for step in range(2 * WHEELS):
        page.mouse.wheel(0, -200 if step < WHEELS else 200)
    page.keyboard.up("Control")


def _switch(page: Any) -> None:
    page.hover("#first .wmp-lane >> nth=0")
    for step in range(SWITCHES):
        page.keyboard.press("ab"[step % 2])


def _play(page: Any) -> None:
    page.hover("#first .wmp-lane >> nth=0")
    page.keyboard.press("Space")
    _switch(page)
    page.keyboard.press("Space")


DEEDS = {"scrolled": _scroll, "zoomed": _zoom, "switched": _switch, "played and switched": _play}


def main_thread_ms(events: list[dict[str, Any]]) -> list[float]:
    """The tasks of the renderers' main threads in a trace: processor time in ms each."""
    mains = {
        (one["pid"], one["tid"])
        for one in events
        if one.get("name") == "thread_name" and one["args"]["name"] == "CrRendererMain"
    }
    return [
        one.get("tdur", one["dur"]) / 1000
        for one in events
        if one.get("ph") == "X"
        and one["name"] in ("RunTask", "ThreadControllerImpl::RunTask")
        and (one["pid"], one["tid"]) in mains
    ]
