"""A recording in a real browser before anything is done to it: heard, seen, its findings marked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import expect

from tests.support.sounds import speech

pytestmark = pytest.mark.browser

RATE = 48_000
CLICKS_S = (0.35, 0.71, 1.1, 1.47, 1.93, 2.3, 2.84, 3.3)


@pytest.fixture(scope="module")
def clicking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clicking") / "clicks.wav"
    samples = speech(4.0)[0].copy()
    samples[(np.array(CLICKS_S) * RATE).astype(int)] += 0.6
    soundfile.write(path, samples, RATE, "PCM_24")
    return path


def position(visitor) -> float:
    return visitor.page.evaluate(
        "document.querySelector('#wm-compare .wm-player').abplayer.position"
    )


def test_a_recording_is_played_its_findings_lead_to_their_places_and_a_part_is_restored(
    arrive, clicking: Path, tmp_path: Path
) -> None:
    visitor = arrive()
    page = visitor.page
    visitor.choose(clicking)
    player = page.locator("#wm-compare .wm-player")
    player.locator(".wmp-track", has_text="Recording").wait_for()
    assert player.locator(".wmp-track").count() == 1
    page.locator("#wm-compare img").first.wait_for()
    for at_s in (*CLICKS_S[:2], *CLICKS_S[2:], CLICKS_S[0]):
        page.locator(".wm-findings [data-finding=clicks]").press("Enter")
        assert position(visitor) == pytest.approx(max(at_s - 0.5, 0), abs=0.01)
    player.get_by_text("Clicks: 1 of 8").wait_for()
    player.hover()
    page.keyboard.press("Space")
    page.wait_for_selector("#wm-compare .wm-player[data-state=playing]")
    page.keyboard.press("Space")
    restores_the_marked_part_only(visitor, clicking, tmp_path)


def restores_the_marked_part_only(visitor, clicking: Path, folder: Path) -> None:
    """The noise is taken from the part too."""
    page = visitor.page
    visitor.says("#wm-status", "about")
    assert not visitor.button("Restore the marked part only").is_visible()
    page.evaluate(
        "document.querySelector('#wm-compare .wm-player').abplayer.setLoop({start: 1, end: 2})"
    )
    visitor.button("Take the noise from the marked part").click()
    expect(page.locator("#wm-recipe input")).to_have_value("Own settings")
    visitor.button("Restore the marked part only").click()
    visitor.says(".wm-made", "Part from 1.00 to 2.00 s")
    restored, rate = soundfile.read(visitor.download("WAV 24-bit", folder))
    assert rate == RATE
    degraded, _ = soundfile.read(clicking)
    changed = np.flatnonzero(np.abs(restored - degraded) > 1e-6) / rate
    assert changed.size and changed.min() >= 1 and changed.max() <= 2
    stages = json.loads(visitor.download("Recipe", folder).read_text())["stages"]
    (denoise,) = (entry for entry in stages if entry["stage"] == "denoise")
    assert (denoise["noise_from_s"], denoise["noise_to_s"]) == (1.0, 2.0)
