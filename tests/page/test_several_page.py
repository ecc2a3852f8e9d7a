"""Several files in the Restore tab: a row each, a bad one stops no other, all as one zip."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.page.conftest import Visitor
from tests.page.test_accessibility_page import SMALL_TARGETS, SMALL_TEXTS

pytestmark = pytest.mark.browser


def test_several_files_are_restored_heard_and_taken_home_in_one_zip(
    arrive: Callable[..., Visitor], files: Path, tmp_path: Path
) -> None:
    visitor = arrive()
    page = visitor.page
    evil = "<img src=x onerror=window.hacked=1>.wav"
    given = [files / name for name in ("text.wav", "other.flac", evil)]
    page.set_input_files("#wm-file input[type=file]", given)
    rows = page.locator("#wm-rows tbody tr")
    visitor.says("#wm-rows .wm-row-failed", "not a sound file")
    expect(rows.filter(has_text="read")).to_have_count(2)
    assert rows.count() == 3
    assert not page.locator("#wm-part").is_visible() and not page.evaluate("window.hacked")

    page.get_by_text("Your recipe for all").click()
    visitor.stage("Enhance").uncheck()
    visitor.slow(600)
    visitor.button("Restore all").click()
    visitor.says("#wm-several-status", "1 of 2, other.flac")
    visitor.button("Stop all").click()
    visitor.says("#wm-several-status", "Stopped.")
    visitor.fill("Seconds (s)", 0)
    visitor.button("Restore all").click()
    expect(page.locator("#wm-rows .wm-row-done")).to_have_count(2)

    rows.nth(1).get_by_role("button").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#wm-row-player .wmp-deck")
    expect(rows.nth(1).get_by_role("button")).to_be_focused()
    assert page.evaluate(SMALL_TEXTS) == [] and page.evaluate(SMALL_TARGETS) == []

    page.reload()
    expect(page.locator("#wm-rows .wm-row-done")).to_have_count(2)
    archive = zipfile.ZipFile(visitor.download("Download all (zip)", tmp_path))
    sounds = [name for name in archive.namelist() if name.endswith((".wav", ".flac"))]
    assert len(sounds) == 2 and sounds[0] == "other.flac"
    assert not set("<>/\\") & set("".join(archive.namelist()))
    visitor.remove()
    page.locator("#wm-empty").wait_for()
    assert not page.locator("#wm-several").is_visible()
