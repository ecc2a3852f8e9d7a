"""The Listen tab: a blind ABX test by keyboard on a phone's width, over a reload, to its CSV."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Page, expect

from pipeline.evaluation.listening import answers
from tests.page.test_accessibility_page import SMALL_TARGETS, SMALL_TEXTS

pytestmark = pytest.mark.browser

NAMES = ("quokka", "velvet", "walnut")  # of the item and its two conditions


def open_tab(page: Page) -> None:
    """Opens Listen from the menu of the tabs that a phone has no room for."""
    bar = page.locator(".wm-tabs > .tab-wrapper")
    bar.locator(".overflow-menu > button").click()
    bar.locator(".overflow-dropdown button", has_text="Listen").click()


def trial(page: Page, number: int) -> None:
    """Hears A, B and X in the trial of this number, by keyboard."""
    page.locator(".wml-head", has_text=f"Trial {number} of 2").wait_for()
    for key in "abx":
        page.keyboard.press(key)
        pressed = page.locator(f".wml-sound[aria-pressed=true] >> text={key.upper()}")
        pressed.wait_for()
        page.wait_for_selector(".wm-booth[data-state=playing]")
    hidden = page.evaluate("document.querySelector('.wml-desk').outerHTML").lower()
    assert not [name for name in NAMES if name in hidden]
    urls = page.evaluate(
        "document.querySelector('.wm-booth').booth.value.stimuli.map(({ file }) => file.url)"
    )
    assert len(set(urls)) == 3 and not [name for name in NAMES if name in "".join(urls)]


def test_a_short_abx_by_keyboard(arrive, tmp_path: Path) -> None:
    item, first, second = NAMES
    noise = 0.1 * np.random.default_rng(0).standard_normal(16_000)
    for name, gain in ((first, 1.0), (second, 0.5)):
        soundfile.write(tmp_path / f"{item}__{name}.wav", gain * noise, 16_000)
    visitor = arrive(390)
    page = visitor.page
    open_tab(page)
    page.set_input_files("#wml-file input[type=file]", sorted(tmp_path.glob("*.wav")))
    visitor.says(".wml-items", f"{first}, {second}")
    page.locator("#wml-trials input").fill("2")
    page.keyboard.press("Tab")
    page.locator("#wml-begin").press("Enter")

    trial(page, 1)
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    trial(page, 2)
    visitor.reload(lambda: open_tab(page))
    page.locator(".wm-booth").focus()
    trial(page, 2)
    assert page.evaluate(SMALL_TEXTS) == [] and page.evaluate(SMALL_TARGETS) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(page.locator(".wml-hint")).to_have_text("Then answer.")
    page.keyboard.press("2")
    page.keyboard.press("Enter")

    visitor.says(".wml-results", f"ABX: {first} and {second}")
    csv = visitor.download("Download CSV", tmp_path)
    rows = answers.read([csv])
    assert [(row.item, row.order, row.planned) for row in rows] == [(item, 1, 2), (item, 2, 2)]
    n_correct = sum(row.correct == "yes" for row in rows)
    visitor.says(".wml-verdict", f"{n_correct} of 2 correct")
    assert {row.gain_db for row in rows} <= {0.0, -6.02}

    with page.expect_file_chooser() as chooser:
        page.locator("#wml-pool").click()
    chooser.value.set_files([csv, csv])
    visitor.says(".wml-results", "2 rows were there twice")
