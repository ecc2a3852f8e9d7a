"""The start: imports, `python app.py` to its first answer, the browser until the page is drawn.

Beside each time stands the processor time, which does not depend on what else the machine does.
"""

from __future__ import annotations

import contextlib
import json
import resource
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

from tests.bench.fluid import CATEGORIES, browser, main_thread_ms
from tests.bench.timing import Row

MODULES = ("pipeline", "gradio", "ui.page")
LONGEST_S = 300.0


def measure(row: Row) -> None:
    """Prints the time of imports, to the first answer, and until the page is drawn."""
    for module in MODULES:
        with _both(row, f"import {module}"):
            subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
    with _both(row, "start of the page to its first answer"), _served(7999) as address:
        pass
    with _served(7998) as address:
        row("page drawn: processor time of the browser's main thread", _drawn_s(address), "s")


@contextlib.contextmanager
def _both(row: Row, name: str) -> Iterator[None]:
    """Prints seconds, and processor seconds of the processes that the block starts and ends."""
    started, before = time.perf_counter(), _processor_s()
    yield
    taken = time.perf_counter() - started
    row(name, taken, "s", f"{_processor_s() - before:.2f} s of a processor")


def _processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextlib.contextmanager
def _served(port: int) -> Iterator[str]:
    """The address of the application, once it has answered."""
    address, until = f"http://127.0.0.1:{port}/", time.monotonic() + LONGEST_S
    app = subprocess.Popen([sys.executable, "app.py", "--port", str(port)], stdout=subprocess.PIPE)
    try:
        while True:
            try:
                urllib.request.urlopen(address, timeout=LONGEST_S).read()
                break
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.02)
        yield address
    finally:
        app.terminate()
        app.wait()


def _drawn_s(address: str) -> float:
    """Processor seconds of the page's main thread until the first tab can be used."""
    with browser() as chromium:
        page: Any = chromium.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(1000 * LONGEST_S)
        chromium.start_tracing(page=page, categories=CATEGORIES)
        page.goto(address)
        page.wait_for_selector("#wm-file input[type=file]", state="attached")
        events = json.loads(chromium.stop_tracing())["traceEvents"]
    return sum(main_thread_ms(events)) / 1000
