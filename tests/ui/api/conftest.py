"""The page with the rules for strangers, served once for all tests of its interfaces."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline import recipe
from tests.support.http import HttpClient
from ui.page import build, launch_options
from ui.serving import Page


@contextmanager
def served(cache: Path) -> Iterator[Page]:
    """The page with the rules for strangers and the `Slow` stage."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(cache))
        patch.setenv("WAVEMEND_SHARED", "1")
        patch.setitem(recipe.STAGES, "slow", "tests.page.slow:Slow")
        patch.setattr("gradio.networking.url_ok", lambda url: False)  # as on a busy machine
        page = build()
        page.launch(prevent_thread_lock=True, quiet=True, **launch_options())
        yield page
        page.close()


@pytest.fixture(scope="module")  # while it lasts, the rules for strangers hold for every test
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with served(tmp_path_factory.mktemp("cache")) as page:
        yield page


@pytest.fixture
def client(page: Page) -> HttpClient:
    return HttpClient(page.local_url.rstrip("/"))
