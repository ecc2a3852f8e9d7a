"""The zoom of the A/B player in a real browser: down to samples, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.audio.sound import Audio
from pipeline.plots import figures
from tests.support.helpers import tone
from tests.support.player_sounds import state, until
from ui.components.player import Sound

pytestmark = pytest.mark.browser
pytest_plugins = ["tests.support.players"]

SHARP = "#first .wmp-lane >> nth=0 >> css=svg.wmp-sharp"


def test_keys_wheel_and_buttons_zoom_to_single_samples_and_back(
    page: Any, show: Any, tmp_path: Path
) -> None:
    one = tone(seconds=8)
    half = Audio(one.samples * np.float32(0.5), one.rate)
    pictures = figures.draw(one, half, tmp_path)
    show([Sound("One", one), Sound("Two", half)], pictures=pictures, kept_hz=4000.0)
    page.hover("#first .wmp-lane >> nth=0")
    page.evaluate("player().seek(2)")
    page.keyboard.press("+")
    assert state(page)["shown"] == [1, 5], "the playhead stays where it is"
    page.wait_for_selector(SHARP)
    page.wait_for_selector("#first .wmp-plot img.wmp-sharp >> visible=true")
    box = page.locator("#first .wmp-time").bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + box["height"] / 2)
    page.keyboard.down("Control")
    for _ in range(14):
        page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    until(page, "player().state.shown[1] - player().state.shown[0] < 0.002")
    low, high = state(page)["shown"]
    assert (low + high) / 2 == pytest.approx(3, abs=8 / box["width"])
    assert high - low == pytest.approx(64 / one.rate, rel=0.1)
    page.wait_for_selector("#first .wmp-samples")
    page.get_by_label("Fewer of the frequencies").click()
    assert page.evaluate("player().zoom.frequency.high") == one.rate / 4
    page.get_by_role("button", name="Added, above 4 kHz").click()
    page.wait_for_selector("#first .wmp-shade >> visible=true")
    page.evaluate("player().transport.play()")
    assert page.evaluate("player().transport.path.map((node) => node.type)") == ["highpass"] * 4
    page.evaluate("player().transport.pause()")
    page.keyboard.press("0")
    assert state(page)["shown"] is None
    assert page.locator("#first .wmp-sharp").count() == 0
