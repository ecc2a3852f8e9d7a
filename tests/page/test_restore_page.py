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

from pipeline import recipe

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parent.parent.parent


def test_upload_restore_and_take_every_format_home(arrive, files: Path, tmp_path: Path) -> None:
    visitor = arrive()
    visitor.upload(files / "call one.wav")
    visitor.says(".wm-details", "12.0 s")
    visitor.says(".wm-details", "16 kHz")
    visitor.says(".wm-details", "mono")
    visitor.restore()
    visitor.says(".wm-made", "call one.wav")
    expected = {
        "WAV 16-bit": ("WAV", "PCM_16", "call one restored 16-bit.wav"),
        "WAV 24-bit": ("WAV", "PCM_24", "call one restored 24-bit.wav"),
        "WAV 32-bit float": ("WAV", "FLOAT", "call one restored 32-bit float.wav"),
        "FLAC": ("FLAC", "PCM_24", "call one restored.flac"),
        "MP3": ("MP3", "MPEG_LAYER_III", "call one restored.mp3"),
    }
    for name, (container, subtype, file_name) in expected.items():
        path = visitor.download(name, tmp_path)
        info = soundfile.info(path)
        assert path.name == file_name
        assert (info.format, info.subtype, info.samplerate) == (container, subtype, 48_000)
        if container != "MP3":
            assert info.frames == 12 * 48_000


def test_the_downloaded_recipe_runs_on_the_command_line_to_the_same_samples(
    arrive, files: Path, tmp_path: Path
) -> None:
    visitor = arrive()
    visitor.upload(files / "call one.wav")
    visitor.fill("Mix (%)", 63.5)
    visitor.restore()
    mine = visitor.download("WAV 32-bit float", tmp_path)
    document = visitor.download("Recipe", tmp_path)
    settings = json.loads(document.read_text())
    assert settings["stages"][0]["mix"] == 63.5
    assert recipe.dump(recipe.load(settings)) == settings
    command = [sys.executable, "-m", "pipeline", "restore", str(files / "call one.wav")]
    command += ["-o", str(tmp_path / "out"), "--recipe", str(document), "--format", "wav32f"]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True, env=os.environ.copy())
    theirs, _ = soundfile.read(tmp_path / "out" / "call one.wav", dtype="float32")
    assert np.array_equal(soundfile.read(mine, dtype="float32")[0], theirs)


def test_play_switch_and_seek(arrive, files: Path) -> None:
    visitor = arrive()
    visitor.upload(files / "call one.wav")
    visitor.restore()
    player = visitor.page.locator(".wm-player")
    position = player.get_by_role("slider", name="Position")

    def now() -> float:
        return float(position.get_attribute("aria-valuenow"))

    player.hover()
    assert now() == 0
    visitor.page.keyboard.press("Space")
    visitor.page.wait_for_function(
        "document.querySelector('.wm-player [role=slider]').ariaValueNow > 0.5"
    )
    for key, label in (("b", "Restored"), ("c", "Difference"), ("a", "Degraded")):
        visitor.page.keyboard.press(key)
        player.locator("[aria-pressed=true]", has_text=label).wait_for()
    visitor.page.keyboard.press("Space")
    box = position.bounding_box()
    visitor.page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + box["height"] / 2)
    visitor.page.wait_for_timeout(300)
    assert now() == pytest.approx(9.0, abs=0.3)


def test_a_preview_is_ten_seconds_from_where_one_asks(arrive, files: Path, tmp_path: Path) -> None:
    visitor = arrive()
    visitor.upload(files / "call one.wav")
    visitor.page.get_by_label("number input for Preview from (s)").fill("1.5")
    visitor.page.keyboard.press("Tab")
    visitor.button("Preview 10 s").click()
    visitor.finished()
    visitor.says(".wm-made", "Preview from 1.5 s")
    path = visitor.download("WAV 24-bit", tmp_path)
    assert soundfile.info(path).frames == 10 * 48_000
    assert "preview" in path.name


def test_a_preview_does_not_cost_the_whole_result(arrive, files: Path, tmp_path: Path) -> None:
    visitor = arrive()
    visitor.upload(files / "call one.wav")
    visitor.restore()
    visitor.button("Preview 10 s").click()
    visitor.says(".wm-made", "Preview from 0 s")
    visitor.page.locator("#wm-which").get_by_text("Whole recording").click()
    visitor.says(".wm-made", "Whole recording")
    assert soundfile.info(visitor.download("FLAC", tmp_path)).frames == 12 * 48_000


def test_a_program_gets_the_same_from_the_endpoint(
    address: str, files: Path, tmp_path: Path
) -> None:
    from gradio_client import Client, handle_file

    client = Client(address, download_files=tmp_path, verbose=False)
    settings = json.dumps({"version": 1, "stages": [{"stage": "enhance", "mix": 0.0}]})
    path, _ = client.predict(handle_file(files / "other.flac"), settings, api_name="/restore")
    restored, rate = soundfile.read(path)
    assert (Path(path).name, rate, restored.shape) == ("other.flac", 48_000, (5 * 48_000, 2))
    with pytest.raises(Exception, match="nonsense"):
        client.predict(handle_file(files / "other.flac"), "nonsense", api_name="/restore")
    with pytest.raises(Exception, match="not a sound"):
        client.predict(handle_file(files / "text.wav"), settings, api_name="/restore")


def test_every_step_of_a_longer_recipe_can_be_heard(arrive, files: Path) -> None:
    visitor = arrive()
    visitor.upload(files / "other.flac")
    visitor.slow(0.1)
    visitor.restore()
    labels = visitor.page.locator(".wm-player button", has_text="1  Enhance")
    labels.wait_for()
    visitor.page.locator(".wm-player").hover()
    visitor.page.keyboard.press("d")
    assert labels.get_attribute("aria-pressed") == "true"


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
