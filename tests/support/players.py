"""Fixtures: a page with two A/B players in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright import sync_api
from starlette.middleware import Middleware

from tests.support.helpers import PATIENCE_MS
from tests.support.player_sounds import SCRIPT
from ui.components.player import ABPlayer, PlayerData, Sound, player_value
from ui.static_files import StaticFiles


@pytest.fixture(scope="module")
def shelf() -> dict[str, PlayerData]:
    """What the page's button puts into a player, by the player's id."""
    return {}


@pytest.fixture(scope="module")
def player_address(
    shelf: dict[str, PlayerData], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    import gradio as gr

    patch = pytest.MonkeyPatch()
    patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("cache")))
    with gr.Blocks() as page:
        gr.Textbox(label="Typing", elem_id="typing")
        for name in ("first", "second"):
            player = ABPlayer(elem_id=name)
            gr.Button(name, elem_id=f"load-{name}").click(
                lambda name=name: shelf[name], None, player, api_visibility="private"
            )
    local = page.launch(
        server_name="127.0.0.1", prevent_thread_lock=True, quiet=True,
        app_kwargs={"middleware": [Middleware(StaticFiles)]},
    )[1]  # fmt: skip
    yield local
    page.close()
    patch.undo()


@pytest.fixture
def page(browser: sync_api.Browser, player_address: str) -> Iterator[sync_api.Page]:
    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    page.set_default_timeout(PATIENCE_MS)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(player_address)
    page.wait_for_selector("#load-second")
    page.evaluate(SCRIPT)
    yield page
    page.close()
    assert not errors


@pytest.fixture
def show(
    page: sync_api.Page, shelf: dict[str, PlayerData], tmp_path: Path
) -> Callable[..., PlayerData]:
    def show(sounds: list[Sound] | PlayerData, name: str = "first", **kwargs: Any) -> PlayerData:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        made = isinstance(sounds, PlayerData)
        shelf[name] = sounds if made else player_value(sounds, folder, **kwargs)
        page.click(f"#load-{name}")
        page.wait_for_selector(f"#{name} .wmp-deck")
        page.wait_for_function(f"player('{name}')")
        return shelf[name]

    return show
