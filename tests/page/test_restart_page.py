"""The app is killed while a run goes on; started again, it finds the run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright import sync_api

from tests.page.conftest import Visitor
from tests.page.tuning import TITLE, App, tiny_base, voices
from training.runs import run as runs

pytestmark = pytest.mark.browser

SHOWN = """Number(/step ([0-9,]+)/.exec(document.querySelector(".wmf-meter")?.innerText ?? "")
  ?.[1].replaceAll(",", "") ?? 0)"""


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = App(tmp_path)
    tiny_base(app.checkpoints)
    app.start()
    yield app
    app.kill()
    if run := runs.current(app.runs):
        run.stop()


def test_an_app_that_was_killed_finds_the_run_again(
    app: App, browser: sync_api.Browser, tmp_path: Path
) -> None:
    visitor = Visitor(browser, app.address)
    begins(visitor, voices(tmp_path, 5))
    app.kill()
    run = runs.current(app.runs)
    assert run is not None
    app.start()
    opens(visitor)
    page, step = visitor.page, run.heartbeat()["step"]
    page.locator(".wmf-spot").first.wait_for()
    page.locator(".wmf-terms tr").nth(2).wait_for()
    page.wait_for_function(f"({SHOWN}) > {step}")
    stops(visitor)
    assert run.outcome().reason == "stopped"
    assert runs.current(app.runs) is None
    assert not visitor.errors and not visitor.foreign


def begins(visitor: Visitor, given: list[Path]) -> None:
    """Starts a run of ten minutes, and waits until it learns."""
    page = visitor.page
    page.get_by_role("tab", name="Fine-tune").click()
    visitor.pick("#wmf-base", TITLE)
    page.set_input_files("#wmf-files input[type=file]", given)
    visitor.says(".wmf-found", f"{len(given)} of {len(given)} recordings used")
    page.locator("#wmf-length label").nth(1).click()
    page.locator("#wmf-amount input").fill("10")
    page.locator("#wmf-start").click()
    visitor.says(".wmf-state", "Running")


def opens(visitor: Visitor) -> None:
    """Opens the page anew, and the tab."""
    page = visitor.page
    with contextlib.suppress(sync_api.Error):  # aborted where the page reloads itself just then
        page.reload()
    page.wait_for_selector(".wm-head")
    page.get_by_role("tab", name="Fine-tune").click()
    visitor.says(".wmf-state", "Running")


def stops(visitor: Visitor) -> None:
    visitor.page.locator("#wmf-stop").click()
    visitor.says(".wmf-state", "Stopped")
