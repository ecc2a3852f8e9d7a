"""The page as a process of its own, with its own temporary folder, for load and faults."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[3]

SWEPT = """
import sys
import ui.sweeper
ui.sweeper.KEPT_S, ui.sweeper.EVERY_S = 20.0, 1.0
import app
app.main(sys.argv[1:])
"""
"""The page with results that are kept for twenty seconds, not for an hour."""

SMALL_DISK = 'mount -t tmpfs -o size="$1" none "$2" && shift 2 && exec "$@"'
"""Runs a command with a small disk of its own at a folder."""


class Server:
    """A served page.

    Args:
        folder: of everything that it writes.
        sweeps: remove results after seconds instead of an hour.
        disk_mb: size of its own disk for temporary files; 0 for the machine's.
    """

    def __init__(self, folder: Path, *, sweeps: bool = False, disk_mb: int = 0) -> None:
        self.temporary, self.runs = folder / "tmp", folder / "runs"
        for path in (self.temporary, self.runs):
            path.mkdir(parents=True, exist_ok=True)
        self._program = ["-c", SWEPT] if sweeps else [str(ROOT / "app.py")]
        self._disk_mb = disk_mb
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Starts the process, and waits for its first answer."""
        command = [sys.executable, *self._program, "--port", str(self.port)]
        environment = {
            **os.environ, "WAVEMEND_RUNS": str(self.runs), "PYTHONPATH": str(ROOT),
            "TMPDIR": str(self.temporary), "GRADIO_TEMP_DIR": str(self.temporary),
        }  # fmt: skip
        if self._disk_mb:
            arguments = ["_", f"{self._disk_mb}m", str(self.temporary)]
            command = ["unshare", "-rm", "bash", "-c", SMALL_DISK, *arguments, *command]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
        )
        until = time.monotonic() + 120
        while self.answer_s() is None:
            if time.monotonic() > until or self._process.poll() is not None:
                self.kill()
                raise RuntimeError("the page gave no answer")
            time.sleep(0.1)

    def answer_s(self, path: str = "/") -> float | None:
        """Seconds until the whole of an address has come; None where it does not come."""
        started = time.perf_counter()
        try:
            with urllib.request.urlopen(self.address + path, timeout=60) as answer:
                answer.read()
        except OSError:
            return None
        return time.perf_counter() - started

    def memory_mb(self) -> float:
        """Resident memory of the server."""
        return psutil.Process(self._process.pid).memory_info().rss / 1e6

    def n_files(self) -> int:
        """Files below its temporary folder."""
        return sum(path.is_file() for path in self.temporary.rglob("*"))

    def folders(self) -> list[str]:
        """What lies in its temporary folder."""
        return sorted(path.name for path in self.temporary.iterdir())

    def kill(self) -> None:
        """Kills the process as `kill -9` does."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Ends the process as an operator does."""
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *error: Any) -> None:
        self.stop()


def can_mount() -> bool:
    """Whether this machine lets the user have a small disk of their own."""
    return shutil.which("unshare") is not None and _succeeds(
        ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    )


def _succeeds(command: Sequence[str]) -> bool:
    return subprocess.run(command, capture_output=True).returncode == 0
