"""How the command line ends."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pipeline.cli.console import leave


def test_leaving_flushes_runs_exit_handlers_and_keeps_the_code() -> None:
    code = """
import atexit
from pipeline.cli.console import leave
atexit.register(print, "handler")
print("text", end=" ")
leave(SystemExit(3))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (3, "text handler\n", "")


def test_an_end_with_a_message_is_left_to_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "_exit", pytest.fail)
    with pytest.raises(SystemExit, match="a message"):
        leave(SystemExit("a message"))
