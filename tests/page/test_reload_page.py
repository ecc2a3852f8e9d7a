"""A page that is reloaded: its own recording, settings and results come back, and nobody else's."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile
from playwright.sync_api import expect

from pipeline import damages

pytestmark = pytest.mark.browser

DARK = "document.body.classList.contains('dark')"
TICKET = "sessionStorage.getItem('wavemend-ticket')"


def reload(visitor) -> None:
    visitor.page.reload()
    visitor.page.wait_for_selector(".wm-head")


def answered(visitor, ticket: str) -> None:
    """Reloads the page with this ticket, and waits until it has got another."""
    visitor.page.evaluate("(value) => sessionStorage.setItem('wavemend-ticket', value)", ticket)
    reload(visitor)
    visitor.page.wait_for_function(f"{TICKET} && {TICKET} !== {ticket!r}")


def test_recording_settings_and_result_come_back(arrive, files: Path, tmp_path: Path) -> None:
    visitor = arrive()
    page = visitor.page
    visitor.upload(files / "call one.wav")
    visitor.says("#wm-status", "about")
    visitor.fill("Mix (%)", 63.5)
    expect(page.locator("#wm-recipe input")).to_have_value("Own settings")
    visitor.restore()
    before = page.evaluate(DARK)
    visitor.button("Light or dark").click()
    assert page.evaluate(DARK) is not before
    for _ in range(2):  # and once more
        ticket = page.evaluate(TICKET)
        reload(visitor)
        page.wait_for_function(f"{DARK} === {str(not before).lower()}")
        visitor.says(".wm-name", "call one.wav")
        visitor.says(".wm-made", "Whole recording")
        expect(page.locator("#wm-recipe input")).to_have_value("Own settings")
        expect(page.get_by_label("Mix (%)", exact=True)).to_have_value("63.5")
        page.wait_for_function(f"{TICKET} && {TICKET} !== {ticket!r}")
    assert page.locator("#wm-file").get_by_label("call one.wav").count() == 1
    assert soundfile.info(visitor.download("FLAC", tmp_path)).frames == 12 * 48_000
    visitor.named("band-limited-speech")
    visitor.restore()
    visitor.remove()
    page.wait_for_selector(".wm-empty")
    reload(visitor)
    page.wait_for_selector(".wm-empty")
    assert page.locator(".wm-name, .wm-made").count() == 0


def test_a_tab_that_is_chosen_before_the_session_is_back_is_filled_with_it(arrive) -> None:
    visitor = arrive()
    page = visitor.page
    tab = page.get_by_role("tab", name="Degrade", exact=True)
    tab.click()
    visitor.pick("#wmd-damage", damages.titles()["telephone"])
    page.locator(".wm-recording:visible").get_by_role("tab", name="Examples").click()
    page.locator(".wm-recording:visible").get_by_text("Telephone call 8 kHz").click()
    visitor.says("#wmd-facts .wm-name", "Telephone")
    visitor.reload(tab.click)
    visitor.says("#wmd-facts .wm-name", "Telephone")
    expect(page.locator("#wmd-damage input")).to_have_value(damages.titles()["telephone"])


def test_a_ticket_is_the_tab_s_own_and_valid_once(arrive, files: Path) -> None:
    first, second = arrive(), arrive()
    first.upload(files / "call one.wav")
    ticket = first.page.evaluate(TICKET)
    assert len(ticket) >= 43
    for wrong in ("", "x" * 43, ticket[:-1]):
        answered(second, wrong)
        assert second.page.locator(".wm-name").count() == 0
    reload(first)
    first.says(".wm-name", "call one.wav")
    answered(second, ticket)
    assert second.page.locator(".wm-name").count() == 0, "the ticket was used up"
