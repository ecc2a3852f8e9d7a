"""A deployment with little disk: what does not fit is refused, and old runs make room."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright import sync_api

from tests.page.conftest import Visitor
from tests.page.tuning import TITLE, App, ended_run, tiny_base, voices
from training.runs import run as runs

pytestmark = pytest.mark.browser


def test_too_much_is_refused_and_old_runs_make_room(
    browser: sync_api.Browser, tmp_path: Path
) -> None:
    app = App(tmp_path, WAVEMEND_TRAINING_GB="0.0045", WAVEMEND_TRAINING_DAYS="2")
    base = tiny_base(app.checkpoints)
    old = ended_run(app.runs / "old", base)
    (old / "last.pt").write_bytes(bytes(2 << 20))
    many = voices(tmp_path, 16)
    app.start()
    try:
        visitor = Visitor(browser, app.address)
        page = visitor.page
        page.get_by_role("tab", name="Fine-tune").click()
        visitor.pick("#wmf-base", TITLE)
        starts(visitor, many)
        visitor.says("#wmf-status", "all runs together may take 0.0045 GB here")
        assert old.is_dir() and len(runs.find(app.runs)) == 1
        page.locator("#wmf-files button[aria-label=Clear]").click()
        starts(visitor, many[:4])
        visitor.says("#wmf-status", "An old run was deleted")
        run = runs.current(app.runs)
        assert run is not None and runs.find(app.runs) == [run]
        run.stop()
    finally:
        app.kill()


def starts(visitor: Visitor, given: list[Path]) -> None:
    visitor.page.set_input_files("#wmf-files input[type=file]", given)
    visitor.says(".wmf-found", f"{len(given)} of {len(given)} recordings used")
    visitor.page.locator("#wmf-start").click()
