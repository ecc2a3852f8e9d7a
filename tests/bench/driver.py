"""What one driver can hand out: `python -m tests.bench.driver [--files 20000]`.

The workers do nothing, so what is left is the driver's own work for each file: giving it away,
noting it in the manifest, and the dashboard. More files a second than that no cluster can do.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.cli.batch import Job
from pipeline.cli.console import Display
from pipeline.cli.dashboard import run_with
from pipeline.cli.manifest import Manifest, Mark

WORKERS = (1, 10, 100, 1000)


class IdleCrew:
    """Workers that have done their file as soon as they get it."""

    def __init__(self) -> None:
        self._jobs: dict[int, Job] = {}

    def start(self) -> object:
        """A new worker."""
        return object()

    def give(self, worker: object, job: Job) -> None:
        """Takes a file."""
        self._jobs[id(worker)] = job

    def wait(self, workers: Sequence[object]) -> list[tuple[object, Any]]:
        """The first worker is done."""
        return [(workers[0], self._jobs[id(workers[0])])]

    def stop(self, worker: object) -> None:
        """Nothing is left to do."""


def files_a_second(n_files: int, n_workers: int) -> float:
    """Files that a driver hands out and notes in a second of its processor time."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        manifest = Manifest(folder, "recipe")
        jobs = [Job(Path(f"in/{number}.wav"), folder, 1.0) for number in range(n_files)]

        def ended(job: Job, outcome: object) -> None:
            mark = Mark(job.source, [0, 0], "0" * 64)
            target = job.folder / job.source.name
            manifest.done(target, mark, {"restored": Mark(target, [0, 0], "0" * 64)})

        started = time.process_time()
        with Display(1.0, quiet=True) as display:
            run_with(IdleCrew(), n_workers, jobs, str, display, ended)
        return n_files / (time.process_time() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    options = parser.parse_args()
    print("| workers | files a second |\n|---|---|")
    for n_workers in WORKERS:
        print(f"| {n_workers} | {files_a_second(options.files, n_workers):.0f} |", flush=True)


if __name__ == "__main__":
    main()
