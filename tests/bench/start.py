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
from dataclasses import dataclass
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
        drawn = _drawn(address)
    row("page drawn: processor time of the browser's main thread", drawn.seconds, "s")
    row("page drawn: requests", drawn.requests, "", f"{drawn.calls} of them run a handler")
    row("page drawn: data on the wire", drawn.kilobytes, "kB")


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


@dataclass(frozen=True)
class Drawn:
    """What it takes until the first tab can be used and has its session.

    Attributes:
        seconds: of a processor, of the page's main thread.
        requests: to the server.
        calls: of them, those that run a handler.
        kilobytes: that the server sent, as they were compressed.
    """

    seconds: float
    requests: int
    calls: int
    kilobytes: float


def _drawn(address: str) -> Drawn:
    """Loads the page into an empty browser."""
    with browser() as chromium:
        page: Any = chromium.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(1000 * LONGEST_S)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        sent: list[float] = []
        network.on("Network.loadingFinished", lambda one: sent.append(one["encodedDataLength"]))
        chromium.start_tracing(page=page, categories=CATEGORIES)
        page.goto(address)
        page.wait_for_selector("#wm-file input[type=file]", state="attached")
        page.wait_for_function("document.body.dataset.resumed")
        events = json.loads(chromium.stop_tracing())["traceEvents"]
    calls = sum("/queue/join" in url or "/run/" in url for url in asked)
    own = sum(url.startswith(address) for url in asked)
    return Drawn(sum(main_thread_ms(events)) / 1000, own, calls, sum(sent) / 1000)
