"""The page by keys alone: from an example to a result, its download, and a listening test of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import soundfile
from playwright.sync_api import Locator, Page, expect

from pipeline import recipe

pytestmark = pytest.mark.browser

FOCUSED = "(node) => node === document.activeElement || node.contains(document.activeElement)"
MOST_STOPS = 130
ACTIVE = re.compile(r"\bactive\b")
PLAYER = "document.querySelector('#wm-compare .wm-player').abplayer"


def reach(page: Page, part: Locator, key: str = "Tab") -> None:
    """Presses Tab until a part has the focus."""
    part.wait_for()
    for _ in range(MOST_STOPS):
        if part.evaluate(FOCUSED):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{part}: the focus never comes there")


def pick(page: Page, part: str, title: str) -> None:
    """Chooses from one of the page's lists."""
    reach(page, page.locator(f"{part} input"))
    options = page.locator(f"{part} [role=option]")
    page.keyboard.press("ArrowDown")
    page.locator(f"{part} [role=option].active").wait_for()
    texts = options.all_inner_texts()
    at = options.evaluate_all("(all) => all.findIndex((one) => one.classList.contains('active'))")
    while not texts[at].strip().endswith(title):
        page.keyboard.press("ArrowDown")
        at = (at + 1) % len(texts)
        expect(options.nth(at)).to_have_class(ACTIVE)
    page.keyboard.press("Enter")
    expect(page.locator(f"{part} input")).to_have_value(title)


def test_from_an_example_to_a_listening_test(arrive, tmp_path: Path) -> None:
    visitor = arrive()
    page = visitor.page
    reach(page, page.locator(".wm-open", has_text="Telephone call 8 kHz"))
    page.keyboard.press("Enter")
    visitor.says(".wm-name", "Telephone-call-8-kHz")
    reach(page, page.locator("#wm-compare .wmp-play"))
    page.keyboard.press("Enter")
    page.wait_for_function(f"{PLAYER}.position > 0.1")
    page.keyboard.press("Enter")
    pick(page, "#wm-recipe", recipe.titles()["band-limited-speech"])
    reach(page, visitor.button("Restore"))
    page.keyboard.press("Enter")
    visitor.finished()

    page.wait_for_function("document.activeElement?.classList.contains('wm-player')")
    for key, track in (("b", 1), ("c", 2), ("a", 0)):
        page.keyboard.press(key)
        page.wait_for_function(f"{PLAYER}.state.active === {track}")
    for key in ("Home", "ArrowRight", "[", "ArrowRight", "]"):
        page.keyboard.press(key)
    page.wait_for_function(f"Math.abs({PLAYER}.loop.end - 2) < 0.1")
    reach(page, visitor.button("FLAC"))
    with page.expect_download() as caught:
        page.keyboard.press("Enter")
    caught.value.save_as(tmp_path / "result.flac")
    assert soundfile.info(tmp_path / "result.flac").samplerate == 48_000
    reach(page, page.locator("#wm-chain").get_by_label("Mix (%)", exact=True), "Shift+Tab")
    page.keyboard.press("b")
    assert page.evaluate(f"{PLAYER}.state.active") == 0, "a field keeps its keys"

    reach(page, page.get_by_role("tab", name="Listen", exact=True), "Shift+Tab")
    page.keyboard.press("Enter")
    reach(page, page.locator(".wml-desk").get_by_role("tab", name="Restore"))
    page.keyboard.press("Enter")
    reach(page, page.locator("#wml-restored"))
    page.keyboard.press("Enter")
    visitor.says(".wml-items", "restored")
    reach(page, page.locator("#wml-begin"))
    page.keyboard.press("Enter")
    visitor.says(".wml-head", "Trial 1 of 16")
