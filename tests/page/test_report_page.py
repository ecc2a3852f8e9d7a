"""A report in a browser without a network: it plays, switches and breaks no rule of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright import sync_api

from pipeline.audio.sound import Audio
from pipeline.report.report import Report, write
from tests.support.helpers import tone

pytestmark = pytest.mark.browser

LEVELS = "playing?.nodes?.map((node) => Math.round(100 * node.gain.gain.value))"


def sounds_at(page: sync_api.Page, levels: list[int]) -> None:
    """Waits for these gains in percent; the page's policy forbids what `wait_for_function` does."""
    for _ in range(1200):
        if page.evaluate(LEVELS) == levels:
            return
        page.wait_for_timeout(100)
    assert page.evaluate(LEVELS) == levels


def test_it_opens_from_disk_and_switches_in_step(browser: sync_api.Browser, tmp_path: Path) -> None:
    loud, quiet = tone(48_000), Audio(0.25 * tone(48_000).samples, 48_000)
    report = Report("a.wav", "Whole recording", loud, quiet, {"version": 1, "stages": []}, [])
    path = write(report, tmp_path / "a.report.html")
    context = browser.new_context(viewport={"width": 390, "height": 800}, offline=True)
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert not page.locator("audio").first.is_visible()
    page.keyboard.press("Space")
    sounds_at(page, [25, 0])
    page.keyboard.press("b")
    sounds_at(page, [0, 100])
    page.get_by_label("Match loudness").uncheck()
    page.get_by_role("button", name="A Input").click()
    sounds_at(page, [100, 0])
    page.get_by_role("button", name="Stop").click()
    assert page.get_by_role("button", name="Play").is_visible() and said == []
    context.close()
