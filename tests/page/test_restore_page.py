"""The Restore tab in a real browser: from the upload to the download."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import expect

from pipeline import recipe

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parent.parent.parent
POSITION = "document.querySelector('#wm-compare [role=slider][aria-label=Position]').ariaValueNow"


FORMATS = {
    "WAV 16-bit": ("WAV", "PCM_16", "call one restored 16-bit.wav"),
    "WAV 24-bit": ("WAV", "PCM_24", "call one restored 24-bit.wav"),
    "WAV 32-bit float": ("WAV", "FLOAT", "call one restored 32-bit float.wav"),
    "FLAC": ("FLAC", "PCM_24", "call one restored.flac"),
    "MP3": ("MP3", "MPEG_LAYER_III", "call one restored.mp3"),
}
"""Downloads: name -> (container, subtype, file name)."""


def test_a_recording_is_restored_heard_and_taken_home(arrive, files: Path, tmp_path: Path) -> None:
    visitor = arrive()
    page = visitor.page
    visitor.upload(files / "call one.wav")
    for text in ("12.0 s", "16 kHz", "mono"):
        visitor.says(".wm-details", text)
    visitor.fill("Mix (%)", 63.5)
    expect(page.locator("#wm-recipe input")).to_have_value("Own settings")
    visitor.says("#wm-status", "about")
    page.mouse.move(5, 5)
    visitor.button("Restore").focus()
    page.keyboard.press("Enter")
    visitor.finished()
    visitor.says(".wm-made", "call one.wav")
    keys_reach_the_player_but_never_a_field(visitor)
    seeks(visitor)
    takes_every_format_home(visitor, tmp_path)
    restores_to_the_same_samples_on_the_command_line(visitor, files, tmp_path)
    previews_ten_seconds_beside_the_whole(visitor, tmp_path)


def keys_reach_the_player_but_never_a_field(visitor) -> None:
    """Right after a restoration, and from anywhere on the page."""
    page = visitor.page
    page.wait_for_function("document.activeElement?.classList.contains('wm-player')")
    pressed = page.locator("#wm-compare [aria-pressed=true]")
    page.keyboard.press("b")
    pressed.locator("text=Restored").wait_for()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("c")
    pressed.locator("text=Difference").wait_for()
    page.keyboard.press("Space")
    page.wait_for_selector("#wm-compare .wm-player[data-state=playing]")
    page.wait_for_function(f"{POSITION} > 0.5")
    page.keyboard.press("Space")
    page.wait_for_selector("#wm-compare .wm-player[data-state=paused]")
    page.locator("#wm-chain").get_by_label("Mix (%)", exact=True).focus()
    page.keyboard.press("a")
    assert "Difference" in pressed.filter(has_text="Difference").inner_text()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("a")
    pressed.locator("text=Degraded").wait_for()


def seeks(visitor) -> None:
    """A click on the ruler leads to its place."""
    slider = visitor.page.locator("#wm-compare .wm-player").get_by_role("slider", name="Position")
    box = slider.bounding_box()
    slider.click(position={"x": 0.75 * box["width"], "y": box["height"] / 2})
    visitor.page.wait_for_function(f"Math.abs({POSITION} - 9) < 0.3")


def takes_every_format_home(visitor, folder: Path) -> None:
    """Each download has its name, its container and every sample."""
    for name, (container, subtype, file_name) in FORMATS.items():
        path = visitor.download(name, folder)
        info = soundfile.info(path)
        assert path.name == file_name
        assert (info.format, info.subtype, info.samplerate) == (container, subtype, 48_000)
        if container != "MP3":
            assert info.frames == 12 * 48_000


def restores_to_the_same_samples_on_the_command_line(visitor, files: Path, folder: Path) -> None:
    """The downloaded recipe does there what it did on the page."""
    document = visitor.download("Recipe", folder)
    settings = json.loads(document.read_text())
    assert settings["stages"][0]["mix"] == 63.5
    assert recipe.dump(recipe.load(settings)) == settings
    command = [sys.executable, "-m", "pipeline", "restore", str(files / "call one.wav")]
    command += ["-o", str(folder / "out"), "--recipe", str(document), "--format", "wav32f"]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True, env=os.environ.copy())
    theirs, _ = soundfile.read(folder / "out" / "call one.wav", dtype="float32")
    mine, _ = soundfile.read(folder / FORMATS["WAV 32-bit float"][2], dtype="float32")
    assert np.array_equal(mine, theirs)


def previews_ten_seconds_beside_the_whole(visitor, folder: Path) -> None:
    """A preview begins where one asks, and does not cost the whole result."""
    page = visitor.page
    page.get_by_label("number input for Preview from (s)").fill("1.5")
    page.keyboard.press("Tab")
    visitor.button("Preview 10 s").click()
    visitor.says(".wm-made", "Preview from 1.5 s")
    path = visitor.download("WAV 24-bit", folder)
    assert soundfile.info(path).frames == 10 * 48_000
    assert "preview" in path.name
    page.locator("#wm-which").get_by_text("Whole recording").click()
    visitor.says(".wm-made", "Whole recording")
    assert soundfile.info(visitor.download("FLAC", folder)).frames == 12 * 48_000


def drop(page, path: Path) -> None:
    """Drops a file on the page's footer, far from any upload field."""
    data = base64.b64encode(path.read_bytes()).decode()
    transfer = page.evaluate_handle(
        """([name, data]) => {
          const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
          const transfer = new DataTransfer();
          transfer.items.add(new File([bytes], name));
          return transfer;
        }""",
        [path.name, data],
    )
    for event in ("dragover", "drop"):
        prevented = page.evaluate(
            """([event, dataTransfer]) => !document.querySelector(".wm-foot").dispatchEvent(
              new DragEvent(event, { dataTransfer, bubbles: true, cancelable: true }))""",
            [event, transfer],
        )
        assert prevented, f"the browser would leave the page on {event}"


def test_a_file_dropped_anywhere_goes_to_the_open_tab_and_the_page_stays(
    arrive, files: Path
) -> None:
    visitor = arrive()
    page = visitor.page
    url = page.url
    for name in ("call one.wav", "other.flac"):
        drop(page, files / name)
        visitor.says(".wm-name", name)
        visitor.named("band-limited-speech")
    assert page.url == url and page.locator(".wm-dropping").count() == 0
    visitor.restore()
    visitor.says(".wm-made", "other.flac")
    page.get_by_role("tab", name="Fine-tune").click()
    for count, name in enumerate(("call one.wav", "other.flac"), 1):
        drop(page, files / name)
        visitor.says("#wmf-checked", f"of {count} recording")
