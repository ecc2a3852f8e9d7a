"""What visitors do to the page: stop, leave, come together, bring bad files and odd names."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
import soundfile
from playwright.sync_api import expect

from tests.page import slow

pytestmark = pytest.mark.browser


def test_stop_leaves_nothing_and_a_new_recording_takes_everything_of_the_old_one_away(
    arrive, files: Path, cache: Path, tmp_path: Path
) -> None:
    visitor = arrive()
    visitor.upload(files / "call one.wav")
    visitor.slow(600)
    before = set(cache.glob("wavemend-*/*/*/*"))
    visitor.button("Restore").click()
    visitor.says(".wm-progress", "Slow")
    visitor.says(".wm-progress", "left")
    visitor.button("Stop").click()
    visitor.says("#wm-status", "Stopped.")
    assert set(cache.glob("wavemend-*/*/*/*")) <= before
    visitor.stage("Slow").uncheck()
    visitor.restore()
    visitor.remove()
    visitor.page.wait_for_selector(".wm-empty")
    assert visitor.page.locator(".wm-made, .wm-card, .wm-facts").count() == 0
    assert visitor.button("Restore").count() == 0  # the recipe waits for a recording
    visitor.upload(files / "other.flac")
    assert visitor.page.locator(".wm-made", has_text="Whole recording").count() == 0
    visitor.restore()
    visitor.says(".wm-made", "other.flac")
    info = soundfile.info(visitor.download("FLAC", tmp_path))
    assert (info.frames, info.channels) == (5 * 48_000, 2)


def test_a_bad_file_gets_a_message_a_name_is_only_text_and_the_page_lives_on(
    arrive, files: Path, tmp_path: Path
) -> None:
    visitor = arrive()
    for name in ("text.wav", "empty.wav", "nan.wav", "cut.wav"):
        visitor.choose(files / name)
        visitor.says(".wm-problem", name)
        assert "Traceback" not in visitor.page.content()
        assert not visitor.button("Restore").is_visible()
        visitor.remove()
        visitor.page.locator(".wm-problem").wait_for(state="detached")
    visitor.choose(next(files.glob("*img*")))
    visitor.page.wait_for_selector(".wm-facts")
    assert visitor.page.locator(".wm-facts img, img[src=x]").count() == 0
    assert visitor.page.evaluate("window.hacked") is None
    visitor.remove()
    visitor.page.wait_for_selector(".wm-empty")
    visitor.upload(files / "other.flac")
    visitor.restore()
    opens_a_recipe_and_refuses_a_wrong_one(visitor, tmp_path)


def opens_a_recipe_and_refuses_a_wrong_one(visitor, folder: Path) -> None:
    """A recipe from a file fills the form; a wrong one changes nothing."""
    good, bad = folder / "good.json", folder / "bad.json"
    good.write_text(json.dumps({"version": 1, "stages": [{"stage": "enhance", "mix": 40.0}]}))
    bad.write_text(json.dumps({"version": 1, "stages": [{"stage": "enhance", "<b>wet</b>": 40}]}))
    mix = visitor.page.locator("#wm-chain").get_by_label("Mix (%)", exact=True)
    visitor.page.set_input_files("input[accept='.json']", good)
    expect(mix).to_have_value("40")
    visitor.page.set_input_files("input[accept='.json']", bad)
    visitor.says(".toast-body", "<b>wet</b>")
    expect(mix).to_have_value("40")


def test_an_example_and_the_microphone_are_recordings_too(arrive) -> None:
    visitor = arrive()
    visitor.example("Telephone call 8 kHz")
    visitor.page.get_by_role("tab", name="Microphone").click()
    visitor.page.locator("#wm-microphone .record-button").first.click()
    visitor.page.wait_for_timeout(1500)
    visitor.page.locator("#wm-microphone .stop-button").first.click()
    visitor.page.wait_for_function(
        "!document.querySelector('.wm-name')?.textContent.includes('Telephone')"
        "&& document.querySelector('.wm-name')"
    )  # fmt: skip
    visitor.named("band-limited-speech")
    visitor.restore()


def test_two_visitors_are_served_in_turn_and_never_mixed(
    arrive, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow, "END", threading.Event())
    first, second = arrive(), arrive()
    first.upload(files / "call one.wav")
    second.upload(files / "other.flac")
    first.slow(600)
    first.button("Restore").click()
    first.says(".wm-progress", "%")
    second.button("Restore").click()
    second.says(".wm-progress", "Waiting: 1 job is before yours")
    second.button("Stop").click()
    second.says("#wm-status", "Stopped.")
    second.button("Restore").click()
    second.says(".wm-progress", "place 2")
    assert second.page.locator(".wm-card").count() == 0
    slow.END.set()
    first.finished()
    second.finished()
    first.says(".wm-made", "call one.wav")
    second.says(".wm-made", "other.flac")
    assert soundfile.info(first.download("FLAC", tmp_path)).frames == 12 * 48_000
    assert soundfile.info(second.download("FLAC", tmp_path)).frames == 5 * 48_000


def test_whoever_leaves_stops_working(arrive, files: Path, cache: Path) -> None:
    first, second = arrive(), arrive()
    first.upload(files / "call one.wav")
    second.upload(files / "other.flac")
    first.slow(600)
    first.button("Restore").click()
    first.says(".wm-progress", "Slow")
    first.page.close()
    second.restore()


def test_nothing_sticks_out_sideways(arrive, files: Path) -> None:
    visitor = arrive(390)
    overflow = "document.documentElement.scrollWidth - innerWidth"
    assert visitor.page.evaluate(overflow) == 0
    visitor.upload(files / "call one.wav")
    visitor.restore()
    for width in (390, 1024, 1440):
        visitor.page.set_viewport_size({"width": width, "height": 900})
        visitor.page.wait_for_timeout(500)
        assert visitor.page.evaluate(overflow) == 0
