"""The Generate tab without MusicGen: it says what to do, and a stand-in goes to Restore."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from pipeline import recipe
from pipeline.generation import weights
from tests.page.test_accessibility_page import OVERFLOW, SMALL_TARGETS, SMALL_TEXTS

pytestmark = pytest.mark.browser


def test_a_stand_in_is_labelled_and_opened_in_restore(arrive, monkeypatch) -> None:
    monkeypatch.setattr(weights, "has_library", lambda: False)
    visitor = arrive()
    page = visitor.page
    page.get_by_role("tab", name="Generate", exact=True).click()
    visitor.says("#wmg-plan", "pip install -r requirements-generate.txt")
    expect(page.locator("#wmg-melody")).to_be_hidden()
    page.locator("#wmg-model").get_by_text("melody", exact=True).click()
    expect(page.locator("#wmg-melody")).to_be_visible()
    visitor.button("Make a stand-in").click()
    visitor.says("#wmg-title", "MusicGen did not make it")
    page.wait_for_selector("#wmg-player .wmp-deck")
    assert page.evaluate(SMALL_TEXTS) == [] and page.evaluate(SMALL_TARGETS) == []
    page.set_viewport_size({"width": 390, "height": 900})
    page.wait_for_function(f"{OVERFLOW} === 0")
    page.set_viewport_size({"width": 1440, "height": 900})
    visitor.button("Send to Restore").click()
    visitor.says("#wm-facts .wm-name", "Stand-in.wav")
    title = recipe.titles()["ai-generated-music"]
    expect(page.locator("#wm-recipe input")).to_have_value(title)
    visitor.says("#wm-reference", "Reference: Stand-in")
