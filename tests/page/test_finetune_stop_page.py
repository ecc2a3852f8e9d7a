"""A run is stopped while the page looks at it: nothing goes blank, every button has a name."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.page.conftest import served
from tests.page.tuning import ended_run, tiny_base
from training.runs.events import EVENTS
from training.runs.run import Run, root
from training.runs.run_folder import LAST

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page with checkpoints and runs of its own."""
    with served(tmp_path_factory.mktemp("cache"), tmp_path_factory.mktemp("own")) as local:
        yield local


NAMES = {"start": "Start", "resume": "Resume", "delete": "Delete", "judge": "Judge it now"}
BLANK = """() => [...document.querySelectorAll("#wmf-start, #wmf-stop, #wmf-resume, #wmf-delete")]
  .filter(button => button.offsetParent && !button.innerText.trim()).map(button => button.id)"""


@pytest.fixture
def ends(address: str) -> Iterator[threading.Event]:
    """A run that looks alive until it is stopped, which takes until this is set."""
    base = tiny_base(Path(os.environ["WAVEMEND_CHECKPOINTS"]))
    folder = ended_run(root() / "20260101-000000-abc", base)
    events = (folder / EVENTS).read_text().splitlines()
    (folder / EVENTS).write_text(events[0] + "\n")
    (folder / LAST).touch()
    is_live, ends = [True], threading.Event()

    def stop(self: Run) -> None:
        ends.wait(300)
        (folder / EVENTS).write_text(events[0] + "\n" + events[1].replace("done", "stopped") + "\n")
        is_live[0] = False

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "is_live", lambda self: is_live[0] and self.folder == folder)
        patch.setattr(Run, "state", lambda self: "running" if is_live[0] else "ended")
        patch.setattr(Run, "stop", stop)
        yield ends


def test_nothing_goes_blank_when_a_run_is_stopped(arrive, ends: threading.Event) -> None:
    visitor = arrive()
    page = visitor.page
    page.get_by_role("tab", name="Fine-tune").click()
    visitor.says(".wmf-state", "Running")
    page.locator("#wmf-stop").click()
    visitor.says(".wmf-state", "Stopping")
    ends.set()
    visitor.says(".wmf-state", "Stopped")
    problem = page.locator("#wmf-verdict .wm-problem")
    for _ in range(600):
        judged = problem.is_visible()
        assert page.locator(".wmf-run").is_visible() and page.locator(".wmf-meter").is_visible()
        assert page.evaluate(BLANK) == []
        if judged:
            break
        page.wait_for_timeout(200)
    assert judged
    for name, label in NAMES.items():
        expect(page.locator(f"#wmf-{name}")).to_have_text(label)
    expect(page.locator("#wmf-stop")).to_be_hidden()
