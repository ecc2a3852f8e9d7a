"""The A/B player in a real browser: what hands can do, by mouse and by key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.plots import figures
from tests.support.helpers import tone
from tests.support.player_sounds import state, until
from ui.components.player import Sound

pytestmark = pytest.mark.browser
pytest_plugins = ["tests.support.players"]


def test_play_switch_and_pause_by_mouse(page: Any, show: Any) -> None:
    show([Sound("One", tone(seconds=8)), Sound("Two", tone(seconds=8))])
    page.click("#first .wmp-play")
    until(page, "player().state.position > 0.3")
    times = "[player().transport.position(0) / 48000, player().transport.context.currentTime]"
    begun = page.evaluate(times)
    page.wait_for_timeout(700)
    ended = page.evaluate(times)
    assert ended[0] - begun[0] == pytest.approx(ended[1] - begun[1], abs=1e-3)
    page.click("#first .wmp-track:has-text('Two')")
    assert state(page)["active"] == 1 and state(page)["playing"]
    pressed = page.locator("#first .wmp-track[aria-pressed=true]")
    assert pressed.count() == 1 and "Two" in pressed.inner_text()
    assert page.evaluate("player().transport.buses.map((bus) => bus.to)") == [0, 1]
    page.click("#first .wmp-play")
    held = state(page)["position"]
    page.wait_for_timeout(200)
    assert not state(page)["playing"] and state(page)["position"] == held > 0


def test_keys_count_over_the_player_but_never_while_typing(page: Any, show: Any) -> None:
    show([Sound("One", tone(seconds=8)), Sound("Two", tone(seconds=8))])
    page.hover("#first .wmp-lane")
    for key in ("b", "End", "Home", "ArrowRight", "[", "ArrowRight", "]", "m"):
        page.keyboard.press(key)
    seen = state(page)
    assert (seen["active"], seen["matched"], seen["looping"]) == (1, False, True)
    assert seen["loop"] == {"start": 1, "end": 2}
    page.evaluate("window.before = player()")
    page.keyboard.press("Space")  # and not the button that was clicked last
    until(page, "player().state.position > 1.2")
    page.wait_for_timeout(1500)
    assert page.evaluate("player() === before")
    assert 1 <= state(page)["position"] <= 2
    page.click("#typing textarea, #typing input")
    page.hover("#first .wmp-lane")
    page.keyboard.type("a b")
    assert state(page)["active"] == 1 and state(page)["playing"]
    page.focus("#first .wmp-track:has-text('One')")
    page.keyboard.press("Space")  # a button in focus keeps its own key
    assert state(page)["active"] == 0 and state(page)["playing"]
    page.mouse.move(5, 5)
    page.focus("#load-second")
    page.keyboard.press("b")
    assert state(page)["active"] == 1, "anywhere outside a field"
    page.keyboard.press("Space")  # a button elsewhere keeps its own key
    page.wait_for_timeout(300)
    assert state(page)["playing"]
    page.focus("#typing textarea, #typing input")
    page.keyboard.press("a")
    assert state(page)["active"] == 1
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Space")
    assert not state(page)["playing"]


def test_views_are_tabs_and_pictures_say_what_they_show(
    page: Any, show: Any, tmp_path: Path
) -> None:
    sound = tone(seconds=2)
    show([Sound("One", sound)], pictures=figures.draw(sound, sound, tmp_path))
    tabs = page.locator("#first").get_by_role("tab")
    assert tabs.all_inner_texts()[0] == "Spectrogram" and tabs.count() == 5
    tabs.first.focus()
    page.keyboard.press("ArrowRight")
    selected = page.locator("#first [role=tab][aria-selected=true]")
    assert selected.all_inner_texts() == ["Change"]
    assert page.evaluate("document.activeElement.textContent") == "Change"
    assert page.locator("#first [role=tabpanel]").get_attribute("aria-label") == "Change"
    page.keyboard.press("End")
    assert selected.all_inner_texts() == ["Average spectrum"]
    assert state(page)["position"] == 0, "the arrows were the tabs'"
    texts = page.locator("#first img").evaluate_all("images => images.map((image) => image.alt)")
    assert texts and all("dB" in text or "%" in text for text in texts)


def test_clicks_seek_and_drags_loop_on_waveforms_and_pictures(
    page: Any, show: Any, tmp_path: Path
) -> None:
    sound = tone(seconds=8)
    show([Sound("One", sound)], pictures=figures.draw(sound, sound, tmp_path))
    page.wait_for_selector("#first .wmp-plot img >> visible=true")
    for part in (".wmp-time", ".wmp-plot >> nth=0"):
        box = page.locator(f"#first {part}").bounding_box()
        middle = box["y"] + 0.6 * box["height"]
        page.mouse.click(box["x"] + 0.75 * box["width"], middle)
        assert state(page)["position"] == pytest.approx(6.0, abs=8 / box["width"])
        head = page.locator(f"#first {part}").locator(".wmp-head").bounding_box()
        assert head["x"] + 0.5 == pytest.approx(box["x"] + 0.75 * box["width"], abs=1.0)
        page.mouse.move(box["x"] + 0.25 * box["width"], middle)
        page.mouse.down()
        page.mouse.move(box["x"] + 0.5 * box["width"], middle, steps=3)
        page.mouse.up()
        loop = state(page)["loop"]
        assert (loop["start"], loop["end"]) == pytest.approx((2, 4), abs=8 / box["width"])
        assert state(page)["position"] == pytest.approx(2, abs=8 / box["width"])
        page.click("#first .wmp-clear")
        assert state(page)["loop"] is None


def test_one_player_at_a_time_and_names_are_never_html(page: Any, show: Any) -> None:
    show([Sound("<img src=x onerror=alert(1)>", tone(seconds=8))])
    show([Sound("Other", tone(seconds=8))], "second")
    page.click("#first .wmp-play")
    until(page, "player().state.position > 0")
    page.click("#second .wmp-play")
    until(page, "player('second').state.position > 0")
    assert not state(page)["playing"] and state(page, "second")["playing"]
    assert page.locator("#first .wmp-label").inner_text() == "<img src=x onerror=alert(1)>"
    assert page.locator("#first .wmp-label img").count() == 0


def test_a_new_value_takes_over_and_a_lost_file_is_told(page: Any, show: Any) -> None:
    show([Sound("Old", tone(seconds=8))])
    page.click("#first .wmp-play")
    until(page, "player().state.position > 0")
    page.evaluate("window.old = player()")
    show([Sound("New", tone(seconds=30))])
    until(page, "player() && player() !== window.old")
    assert page.evaluate("[old.state.playing, player().state.playing]") == [False, False]
    assert page.locator("#first .wmp-label").inner_text() == "New"
    path = page.evaluate("player().value.tracks[0].file.path")
    Path(path).unlink()
    page.evaluate("player().seek(25)")
    page.click("#first .wmp-play")
    page.locator("#first .wmp-status", has_text="Cannot play").wait_for()
    assert not state(page)["playing"]


def test_another_player_of_the_same_goes_on_where_the_first_one_stood(page: Any, show: Any) -> None:
    show([Sound("One", tone(seconds=8)), Sound("Two", tone(seconds=8))], of="a")
    page.evaluate("player().setLoop({start: 1, end: 3}); player().seek(2); player().select(1)")
    for of, kept in (("a", (2, 1, {"start": 1, "end": 3})), ("b", (0, 0, None))):
        page.evaluate("window.old = player()")
        show([Sound("Three", tone(seconds=8)), Sound("Four", tone(seconds=8))], of=of)
        until(page, "player() && player() !== window.old")
        seen = state(page)
        assert (seen["position"], seen["active"], seen["loop"]) == kept
