"""Commands of the training package, run as part of a job."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from contextlib import suppress

from training.runs import processes
from ui.jobs import Job

LOOK_S = 0.1


def run_command(command: Sequence[str], job: Job) -> str:
    """What a command printed; it is killed when the job is stopped.

    Raises:
        ValueError: it failed; the text is the last line of its errors.
        Cancelled: the job was stopped.
    """
    process = subprocess.Popen(
        command, cwd=processes.CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        while True:
            job.check()
            with suppress(subprocess.TimeoutExpired):
                output, errors = process.communicate(timeout=LOOK_S)
                break
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    if process.returncode:
        last = (errors.strip().splitlines() or ["it failed"])[-1]
        raise ValueError(last.partition(": ")[2] or last)
    return output
