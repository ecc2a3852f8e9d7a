"""Recordings that come with their damaged side: given as a zip, learned from, judged."""

from __future__ import annotations

import io
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
from tests.support.sounds import speech, windowed_sinc
from training.runs import run as runs
from training.runs.run_folder import VERDICT, read_json

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page with checkpoints and runs of its own."""
    with served(tmp_path_factory.mktemp("cache"), tmp_path_factory.mktemp("own")) as local:
        yield local


RATE = tuning.RATE


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """A zip of five pairs, one of them late by a millisecond, and of a file that has no partner.

    The clean side ends at 16 kHz: too low to judge a band limit by, but not a pair.
    """
    path = tmp_path / "pairs.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for seed in range(5):
            clean = windowed_sinc(speech(seconds=2.0, seed=seed), 16_000)
            degraded = windowed_sinc(clean, 4_000)
            sides = {"clean": clean, "noisy": np.roll(degraded, 48, 1) if seed == 1 else degraded}
            for name, sound in sides.items():
                _add(archive, f"mine/{name}/anna {seed}.wav", sound)
        _add(archive, "mine/noisy/alone.wav", degraded)
    return path


def _add(archive: zipfile.ZipFile, name: str, sound: np.ndarray) -> None:
    file = io.BytesIO()
    soundfile.write(file, sound.T, RATE, format="WAV")
    archive.writestr(name, file.getvalue())


def test_pairs_are_checked_learned_from_and_judged(arrive, pairs: Path) -> None:
    tuning.tiny_base(Path(os.environ["WAVEMEND_CHECKPOINTS"]))
    visitor = arrive()
    page = visitor.page
    gives(visitor, pairs)
    visitor.says(".wmf-found", "5 of 6 pairs used")
    visitor.says(".wmf-report tr", "no recording of this name on the other side")
    visitor.says(".wmf-report tr", "48 samples (1.00 ms) late, corrected")
    expect(page.locator("#wmf-damage")).to_be_hidden()
    page.locator("#wmf-length label").nth(2).click()
    page.locator("#wmf-amount input").fill("24")
    page.locator("#wmf-start").click()
    page.locator(".wmf-verdict h3").wait_for()
    run = runs.find()[0]
    assert run.outcome().reason == "done" and read_json(run.folder / VERDICT)["files"]
    assert page.locator("#wmf-heard .wmp-track").count() == 4
    assert page.locator("#wmf-heard .wmp-label").first.inner_text() == "Damaged"
    trains_on(visitor, run)


def trains_on(visitor, run: runs.Run) -> None:
    """A run that is done goes on from where it ended, and is judged again."""
    page = visitor.page
    page.locator("#wmf-amount input").fill("6")
    visitor.button("Train on").click()
    visitor.says("#wmf-status", "6 steps more.")
    visitor.says(".wmf-state", "Finished")
    page.locator(".wmf-verdict h3").wait_for()
    steps = [event.step for event in run.events() if event.kind == "end"]
    assert steps == [24, 30] and read_json(run.folder / VERDICT)


def gives(visitor, path: Path) -> None:
    page = visitor.page
    page.get_by_role("tab", name="Fine-tune").click()
    visitor.pick("#wmf-base", tuning.TITLE)
    page.set_input_files("#wmf-files input[type=file]", path)
