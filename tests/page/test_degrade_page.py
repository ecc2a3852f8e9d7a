"""The Degrade tab: a clean recording is damaged, heard, downloaded, and restored against itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from pipeline import damages
from pipeline.audio.decode import load
from tests.page.test_accessibility_page import SMALL_TARGETS, SMALL_TEXTS

pytestmark = pytest.mark.browser

SPIKES = '{"version": 1, "stages": [{"stage": "bits", "bits": 6}]}'


def test_from_clean_to_degraded_to_restored(arrive, files: Path, tmp_path: Path) -> None:
    visitor = arrive()
    page = visitor.page
    page.get_by_role("tab", name="Degrade", exact=True).click()
    page.set_input_files("#wmd-file input[type=file]", files / "call one.wav")
    visitor.says("#wmd-facts .wm-name", "call one.wav")
    seed = page.locator("#wmd-seed input")
    visitor.button("Randomise (MusicGen-like)").click()
    expect(seed).to_have_value("1")
    expect(page.locator("#wmd-damage input")).to_have_value(damages.RANDOM_TITLE)
    names = [entry["stage"] for entry in damages.dump(damages.drawn(1))["stages"]]
    expect(page.locator("#wmd-chain .wmc-on > li")).to_have_count(len(names))
    page.locator("#wmd-chain").get_by_label("Mains hum", exact=True).check()
    expect(page.locator("#wmd-damage input")).to_have_value("Own settings")

    (tmp_path / "mine.json").write_text(SPIKES)
    with page.expect_file_chooser() as chooser:
        page.locator(".wm-recipe:visible").get_by_role("button", name="Open").click()
    chooser.value.set_files(tmp_path / "mine.json")
    expect(page.locator("#wmd-chain .wmc-on > li")).to_have_count(1)
    page.locator("#wmd-degrade").click()
    visitor.says("#wmd-scores", "What the damage did")
    page.wait_for_selector("#wmd-player .wmp-deck")

    assert page.evaluate(SMALL_TEXTS) == [] and page.evaluate(SMALL_TARGETS) == []
    recipe = json.loads(visitor.download("Recipe", tmp_path).read_text())
    assert recipe["stages"] == [{"stage": "bits", "bits": 6}]
    clean, degraded = load(files / "call one.wav"), load(visitor.download("WAV", tmp_path))
    np.testing.assert_array_equal(degraded.samples, damages.load(recipe)(clean).samples)

    visitor.button("Send to Restore with its reference").click()
    visitor.says("#wm-facts .wm-name", "call one degraded.wav")
    visitor.says("#wm-reference", "Reference: call one.wav")
    visitor.named("band-limited-speech")
    visitor.restore()
    visitor.says("#wm-scored", "Distance from the reference")
