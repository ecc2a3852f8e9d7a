"""Settings in a real browser: strength, undo and redo, recipes that a visitor keeps."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_strength_undo_and_own_recipes(arrive, files: Path) -> None:
    visitor = arrive()
    page = visitor.page
    visitor.upload(files / "other.flac")
    mix = page.get_by_label("Mix (%)", exact=True)
    strength = page.locator(".wmc-strength")
    expect(strength.get_by_label("normal")).to_be_checked()
    strength.get_by_label("gentle").focus()
    page.keyboard.press("Space")
    expect(mix).to_have_value("60")
    visitor.fill("Mix (%)", 30)
    strength.get_by_label("normal").check(force=True)
    expect(mix).to_have_value("50")
    page.get_by_label("Undo", exact=True).click()
    expect(mix).to_have_value("30")
    expect(strength.get_by_label("gentle")).to_be_checked()
    page.keyboard.press("Control+z")
    expect(mix).to_have_value("60")
    page.get_by_label("Redo", exact=True).press("Enter")
    expect(mix).to_have_value("30")
    visitor.button("Save as\u2026").click()
    page.keyboard.type("<b>mine</b>")
    page.keyboard.press("Enter")
    visitor.stage("Enhance").uncheck()
    page.get_by_label("Your recipes").select_option("<b>mine</b>")
    expect(mix).to_have_value("30")
    page.evaluate("sessionStorage.clear()")
    page.reload()
    visitor.upload(files / "other.flac")
    page.get_by_label("Your recipes").select_option("<b>mine</b>")
    expect(mix).to_have_value("30")
    expect(page.locator("#wm-recipe input")).to_have_value("Own settings")
