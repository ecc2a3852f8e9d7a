"""The Setup tab: filled when it is opened, tests the machine, and Reset leaves a fresh page."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.page.test_accessibility_page import SMALL_TARGETS, SMALL_TEXTS

pytestmark = pytest.mark.browser


def test_setup_says_what_there_is_and_reset_forgets_the_visit(arrive, files: Path) -> None:
    visitor = arrive()
    page = visitor.page
    visitor.choose(files / "call one.wav")
    visitor.says(".wm-name", "call one.wav")
    page.get_by_role("tab", name="Setup", exact=True).click()
    visitor.says("#wms-facts", "GiB free")
    visitor.says("#wms-checkpoints", "Small random net")
    visitor.says("#wms-others", "Demucs")
    page.locator("#wms-device").get_by_text("CPU", exact=True).click()
    visitor.says("#wms-device-note", "from now on")

    assert page.evaluate(SMALL_TEXTS) == [] and page.evaluate(SMALL_TARGETS) == []
    page.once("dialog", lambda dialog: dialog.dismiss())
    visitor.button("Reset").click()
    page.wait_for_timeout(500)
    page.get_by_role("tab", name="Restore", exact=True).click()
    visitor.says("#wm-facts .wm-name", "call one.wav")

    page.get_by_role("tab", name="Setup", exact=True).click()
    page.on("dialog", lambda dialog: dialog.accept())
    with page.expect_navigation():
        visitor.button("Reset").click()
    page.wait_for_selector(".wm-empty")
    expect(page.locator("#wm-facts .wm-name")).to_have_count(0)
