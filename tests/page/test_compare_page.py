"""The Compare tab: recipes and files on one recording, heard, measured, taken to Restore."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from pipeline import recipe
from tests.page.conftest import Visitor
from tests.page.test_accessibility_page import SMALL_TARGETS, SMALL_TEXTS, violations
from ui.components import chain_form

pytestmark = pytest.mark.browser

OWN = {
    "Brighter": {"version": 1, "stages": [{"stage": "tone", "tilt_db": 2.0}]},
    "Endless": {"version": 1, "stages": [{"stage": "slow", "seconds": 600.0}]},
}


def opened(visitor: Visitor, recording: Path) -> None:
    """Opens a recording, which is its own reference, in a browser that keeps two recipes."""
    page = visitor.page
    stages = recipe.stage_classes()
    shelf = {name: {"cards": chain_form.from_recipe(one, stages)} for name, one in OWN.items()}
    page.evaluate("shelf => localStorage.setItem('wavemend-recipes', shelf)", json.dumps(shelf))
    page.get_by_role("tab", name="Compare", exact=True).click()
    page.set_input_files("#wmx-file input[type=file]", recording)
    visitor.says("#wmx-facts .wm-name", "call one.wav")
    with page.expect_file_chooser() as chooser:
        page.locator("#wmx-reference").click()
    chooser.value.set_files(recording)
    visitor.says("#wmx-reference-note", "Reference: call one.wav")


def sent_on(visitor: Visitor) -> None:
    """Takes the versions to Listen, and recipe and recording to Restore and back."""
    page = visitor.page
    page.locator("#wmx-to-listen").click()
    visitor.says("#wml-items", "Input, Brighter, call one.wav, Reference")
    page.get_by_role("tab", name="Compare", exact=True).click()
    page.locator("#wmx-send").click()
    visitor.says("#wm-facts .wm-name", "call one.wav")
    visitor.says("#wm-reference", "Reference: as in Compare")
    expect(page.locator("#wm-recipe input")).to_have_value("Own settings")
    assert visitor.order() == ["Tone"]
    visitor.named("band-limited-speech")
    page.get_by_role("tab", name="Compare", exact=True).click()
    page.locator("#wmx-send").click()  # the recording is there already
    expect(page.locator("#wm-recipe input")).to_have_value("Own settings")
    page.locator("#wm-to-compare").click()
    visitor.says("#wmx-reference-note", "Reference: as in Restore")


def test_compared_heard_and_taken_to_restore(arrive, axe: str, files: Path, tmp_path: Path) -> None:
    visitor = arrive()
    page = visitor.page
    opened(visitor, files / "call one.wav")
    page.locator("#wmx-paths").click()
    tokens = page.locator("#wmx-recipes .token")
    expect(tokens).to_have_count(3)
    page.locator("#wmx-recipes").get_by_role("button", name="Clear").click()
    visitor.pick("#wmx-recipes", "Endless (yours)")
    page.keyboard.press("Escape")
    expect(tokens).to_have_count(1)
    page.locator("#wmx-compare").click()
    visitor.says("#wmx-status", "Slow")
    page.locator("#wmx-stop").click()
    visitor.says("#wmx-status", "Stopped.")

    tokens.locator(".token-remove").click()
    visitor.pick("#wmx-recipes", "Brighter (yours)")
    page.keyboard.press("Escape")
    page.set_input_files("#wmx-files input[type=file]", files / "call one.wav")
    visitor.says("#wmx-status", "Comparing the whole recording takes about")
    page.locator("#wmx-preview").click()
    visitor.says("#wmx-measures", "Against the reference")
    page.wait_for_selector("#wmx-player .wmp-deck")
    expect(page.locator("#wmx-player .wmp-track")).to_have_count(5)
    assert page.evaluate(SMALL_TEXTS) == [] and page.evaluate(SMALL_TARGETS) == []
    page.evaluate(axe)
    assert violations(page) == []
    visitor.pick("#wmx-second", "D  Reference")
    visitor.says("#wmx-player .wmp-label", "Difference D \u2212 A")
    page.locator("#wmx-player .wmp-ruler").focus()
    page.keyboard.press("c")
    expect(page.locator("#wmx-player .wmp-track[aria-pressed=true]")).to_contain_text(
        "call one.wav"
    )
    with zipfile.ZipFile(visitor.download("Download all (zip)", tmp_path)) as archive:
        assert len(archive.namelist()) == 6
    page.locator("#wmx-to-listen").click()
    visitor.says(".wml-items", "Input, Brighter")
    page.get_by_role("tab", name="Compare", exact=True).click()
    sent_on(visitor)
