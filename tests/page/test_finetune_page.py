"""The Fine-tune tab in a real browser: from a newcomer's recordings to a result used in Restore."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import expect

from tests.page import tuning
from tests.page.conftest import served
from tests.page.test_accessibility_page import OVERFLOW
from tests.page.tuning import TITLE
from training.runs import quota
from training.runs import run as runs

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page with checkpoints and runs of its own."""
    with served(tmp_path_factory.mktemp("cache"), tmp_path_factory.mktemp("own")) as local:
        yield local


PLAYER = "document.querySelector('#wmf-heard .wm-player').abplayer"


@pytest.fixture(scope="module")
def base(address: str) -> Path:
    """Made after the page was drawn."""
    return tuning.tiny_base(Path(os.environ["WAVEMEND_CHECKPOINTS"]))


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Six short recordings, one of them with an odd name, one that is silent, one that is none."""
    folder = tmp_path_factory.mktemp("voices")
    paths = tuning.voices(folder, 6)
    paths[-1].rename(folder / "<img src=x onerror=window.hacked=1>.wav")
    soundfile.write(folder / "silent.wav", np.zeros(tuning.RATE), tuning.RATE)
    (folder / "letter.wav").write_text("dear Anna")
    return sorted(folder.glob("*.wav"))


@pytest.fixture(autouse=True)
def no_run_is_left() -> Iterator[None]:
    yield
    if run := runs.current():
        run.stop()
    quota.clean(keep_bytes=0)


def test_a_newcomer_fine_tunes_listens_stops_resumes_and_restores_with_the_result(
    arrive, base: Path, voices: list[Path], files: Path, tmp_path: Path
) -> None:
    visitor = arrive()
    page = visitor.page
    gives(visitor, voices)
    page.locator("#wmf-start").click()
    page.locator(".wmf-spot").nth(1).wait_for()  # the base's, and an evaluation
    visitor.says(".wmf-said", "the base")
    page.locator(".wmf-terms tr").nth(2).wait_for()
    hears(visitor)
    stops(visitor)
    page.locator(".wmf-verdict h3").wait_for()
    for width in (1024, 390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(f"{OVERFLOW} === 0")
    page.reload()
    page.wait_for_selector(".wm-head")
    page.get_by_role("tab", name="Fine-tune").click()
    visitor.says(".wmf-state", "Stopped")  # and found again
    before = runs.find()[0].heartbeat()["step"]
    page.locator("#wmf-resume").click()
    visitor.says(".wmf-state", "Running")
    stops(visitor)
    assert runs.find()[0].heartbeat()["step"] > before
    uses(visitor, files, tmp_path)


def test_each_network_offers_the_damage_that_it_can_undo(arrive) -> None:
    visitor = arrive()
    visitor.page.get_by_role("tab", name="Fine-tune").click()
    damage = visitor.page.locator("#wmf-damage input")
    for title, label in (
        ("Plain U-Net, 16 to 44.1 kHz, new, size small", "A sample rate of 16 kHz"),
        ("Waveform enhancer, 48 kHz, new, size small", "Low rates and codecs"),
    ):
        visitor.pick("#wmf-base", title)
        expect(damage).to_have_value(label)


def gives(visitor, voices: list[Path]) -> None:
    """Uploads, reads what was found, and chooses base and length."""
    page = visitor.page
    page.get_by_role("tab", name="Fine-tune").click()
    visitor.pick("#wmf-base", TITLE)
    page.set_input_files("#wmf-files input[type=file]", voices)
    visitor.says(".wmf-found", "6 of 8 recordings used")
    visitor.says(".wmf-report tr", "silent")
    assert page.evaluate("window.hacked") is None
    page.locator("#wmf-length label").nth(1).click()
    page.locator("#wmf-amount input").fill("1.5")
    visitor.says("#wmf-forecast", "steps here")


def hears(visitor) -> None:
    """Plays the newest version of a held-out recording, and another recording."""
    page = visitor.page
    page.locator("#wmf-heard .wmp-track").nth(3).wait_for()
    labels = page.locator("#wmf-heard .wmp-label").all_inner_texts()
    assert [labels[0], labels[1], labels[3]] == ["Damaged", "Base", "Original"]
    assert page.locator("#wmf-heard .wmp-figure").count() == 4
    page.locator("#wmf-heard .wmp-track").nth(2).click()
    page.locator("#wmf-heard .wmp-play").click()
    page.wait_for_function(f"{PLAYER}.state.playing && {PLAYER}.state.position > 0.2")
    page.locator("#wmf-heard .wmp-play").click()
    first = page.evaluate(f"{PLAYER}.value.of")
    page.locator("#wmf-case label").nth(1).click()
    page.wait_for_function(f"{PLAYER} && {PLAYER}.value.of !== {first!r}")


def stops(visitor) -> None:
    visitor.page.locator("#wmf-stop").click()
    visitor.says(".wmf-state", "Stopped")
    assert runs.current() is None
    expect(visitor.page.locator("#wmf-stop")).to_be_hidden()


def uses(visitor, files: Path, folder: Path) -> None:
    """Takes the result home as a zip, and restores a call with it."""
    page = visitor.page
    name = page.locator("#wmf-name input, #wmf-name textarea").first
    expect(name).to_have_value(f"{TITLE}, 6 recordings")
    name.fill("Anna's voice")
    with page.expect_download() as caught:
        page.locator("#wmf-pack").click()
    caught.value.save_as(folder / "net.zip")
    with zipfile.ZipFile(folder / "net.zip") as archive:
        found = {path.rpartition("/")[2] for path in archive.namelist()}
    assert {"weights.safetensors", "card.json", "training.json"} <= found
    page.locator("#wmf-use").click()
    page.wait_for_selector("#wm-chain .wmc-card", state="attached")  # shown with a recording
    checked = page.locator("#wm-chain .wmc-card select").first.locator("option:checked")
    expect(checked).to_have_text("Anna's voice")
    visitor.upload(files / "other.flac", named="")
    visitor.pick("#wm-recipe", "Own settings")  # a new recording comes with its own proposal
    checked = page.locator("#wm-chain .wmc-card select").first.locator("option:checked")
    expect(checked).to_have_text("Anna's voice")
    visitor.restore()
    assert "anna-s-voice" in page.locator(".wm-made p").inner_text()
