"""The whole chain in a real browser: diagnosis, proposal, order, steps, stems."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
import soundfile
from playwright.sync_api import expect

from pipeline.diagnosis.diagnose import Diagnosis
from pipeline.diagnosis.finding import Finding

pytestmark = pytest.mark.browser

STEM = "Telephone-call-8-kHz"


def test_a_recording_is_diagnosed_restored_as_proposed_in_another_order_and_taken_apart(
    arrive, tmp_path: Path
) -> None:
    visitor = arrive()
    page = visitor.page
    visitor.example("Telephone call 8 kHz")
    visitor.says(".wm-findings li", "% sure")
    visitor.says(".wm-proposal li", "Enhance")
    assert page.locator("#wm-recipe input").input_value().startswith("Proposed: ")
    assert not page.locator("#wm-propose").is_visible()
    proposed = visitor.order()
    assert proposed == page.locator(".wm-proposal li > b").all_inner_texts()
    for title in visitor.order():
        if title != "Enhance":
            visitor.stage(title).uncheck()
    visitor.slow(0.1)
    visitor.stage("Separate into stems").check()
    card = page.locator(".wmc-on > .wmc-card", has_text="Separate into stems")
    card.get_by_label("Separator").select_option("Mid / side")
    card.get_by_label("Add a stage on each stem").select_option("Slow")
    card.get_by_label("Side (dB)", exact=True).fill("-6")
    page.keyboard.press("Tab")
    expect(page.locator("#wm-recipe input")).to_have_value("Own settings")
    before = visitor.order()
    page.get_by_label("Run Enhance later").focus()
    page.keyboard.press("Enter")
    moved = visitor.order()
    assert moved != before and moved.index("Enhance") == before.index("Enhance") + 1
    assert "Enhance is now" in page.locator(".wmc-said").inner_text()
    visitor.restore()
    hears_and_draws_a_step(visitor, moved)
    document = json.loads(visitor.download("Recipe", tmp_path).read_text())
    names = {"Separate into stems": "per_stem", "Enhance": "enhance", "Slow": "slow"}
    assert [entry["stage"] for entry in document["stages"]] == [names[title] for title in moved]
    stems = next(entry for entry in document["stages"] if entry["stage"] == "per_stem")
    assert (stems["gains_db"], stems["stages"][0]["stage"]) == ({"side": -6.0}, "slow")
    mixes_and_zips_stems(visitor, tmp_path)
    page.locator(".wm-diagnosis > summary").click()
    visitor.button("Use this recipe").first.click()
    page.wait_for_function(
        "document.querySelector('#wm-recipe input').value.startsWith('Proposed')"
    )
    assert visitor.order() == proposed


def hears_and_draws_a_step(visitor, order: list[str]) -> None:
    """Any two steps are heard, and their spectrograms drawn, at the place where one was."""
    player = visitor.page.locator("#wm-compare .wm-player")
    position = player.get_by_role("slider", name="Position")
    box = position.bounding_box()
    position.click(position={"x": 0.5 * box["width"], "y": box["height"] / 2})
    at = float(position.get_attribute("aria-valuenow"))
    assert at == pytest.approx(4.2, abs=0.3)
    visitor.pick("#wm-second", f"1  {order[0]}")
    title = player.locator(".wmp-figure .wmp-title", has_text=order[0]).first
    title.wait_for()
    visitor.button("Restore").wait_for()
    player.hover()
    visitor.page.keyboard.press("b")
    player.locator("[aria-pressed=true]", has_text=order[0]).wait_for()
    assert float(position.get_attribute("aria-valuenow")) == pytest.approx(at, abs=0.05)


def mixes_and_zips_stems(visitor, folder: Path) -> None:
    """The stems' player has what the recipe says; the zip has both stems, whole."""
    mixer = visitor.page.locator("#wm-mixer .wm-player")
    state = "document.querySelector('#wm-mixer .wm-player').abplayer.mixer"
    levels = f"[0, 1].map((i) => {state}.level(i))"
    assert visitor.page.evaluate(levels) == pytest.approx([1, 10 ** (-6 / 20)])
    mixer.get_by_label("Mute Side").click()
    assert visitor.page.evaluate(levels) == [1, 0]
    mixer.get_by_label("Solo Side").click()
    assert visitor.page.evaluate(levels) == pytest.approx([0, 10 ** (-6 / 20)])
    with zipfile.ZipFile(visitor.download("Stems (zip)", folder)) as archive:
        assert archive.namelist() == [f"{STEM} stems/mid.wav", f"{STEM} stems/side.wav"]
        archive.extractall(folder)
    for name in ("mid", "side"):
        info = soundfile.info(folder / f"{STEM} stems" / f"{name}.wav")
        assert info.subtype == "PCM_24"
        assert info.frames / info.samplerate == pytest.approx(8.475, abs=1e-3)


def test_where_nothing_is_wrong_the_answer_is_to_do_nothing(
    arrive, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fine = Finding("clipping", 0, "", 0.9, "No clipping.")
    nothing = Diagnosis((fine,), {"version": 1, "summary": "All is well.", "stages": []})
    monkeypatch.setattr("pipeline.diagnosis.diagnose.diagnose", lambda *_: nothing)
    visitor = arrive(390)
    visitor.upload(files / "other.flac", named="")
    visitor.says(".wm-proposal", "Nothing to do")
    visitor.says("#wm-status", "Nothing to do")
    assert visitor.order() == []
    expect(visitor.button("Restore")).to_be_disabled()
    expect(visitor.button("Preview 10 s")).to_be_disabled()
    visitor.named("band-limited-speech")
    visitor.says("#wm-status", "about")
    expect(visitor.button("Restore")).to_be_enabled()
    visitor.stage("Enhance").uncheck()
    visitor.says("#wm-status", "switch on at least one stage")
    expect(visitor.button("Restore")).to_be_disabled()


def test_a_new_recording_gets_its_own_proposal_and_own_settings_are_offered(
    arrive, files: Path
) -> None:
    visitor = arrive()
    page = visitor.page
    visitor.example("Telephone call 8 kHz")
    visitor.says("#wm-chain", "Nothing above")
    visitor.fill("Mix (%)", 63.5)
    recipe_list = page.locator("#wm-recipe input")
    expect(recipe_list).to_have_value("Own settings")
    visitor.example("Synthetic voice up to 4 kHz")
    visitor.says("#wm-status", "about")
    assert recipe_list.input_value().startswith("Proposed: ")
    assert visitor.order() == page.locator(".wm-proposal li > b").all_inner_texts()
    visitor.pick("#wm-recipe", "Own settings")
    expect(page.get_by_label("Mix (%)", exact=True)).to_have_value("63.5")
    assert page.locator("#wm-chain .wmc-reason").count() == 0
