"""Workers on a Ray cluster, or on a Ray of this machine alone; package `ray` is optional.

Every node has the checkout and the folders of the run under the same paths, on a shared drive for
instance. Ray starts an actor for each worker wherever a core is free; what an actor has loaded
stays for its next files.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.cli.batch import Job
from pipeline.cli.workers import Died, Process, outcome
from pipeline.stage import no_tick

LOCAL = "local"
"""In place of an address: a Ray of this machine, for this run alone."""

ROOT = Path(__file__).parents[2]


@dataclass(eq=False)
class RayWorker:
    """An actor, and the task that it has."""

    actor: Any
    task: Any = None


class _Actor:
    """What runs in a worker: does the files that it is given, one after another."""

    def __init__(self, process: Process, folder: str) -> None:
        os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported: an actor has one core
        os.chdir(folder)
        self._process = process

    def do(self, job: Job) -> Any:
        """The outcome of a file; see `pipeline.cli.workers.outcome`."""
        return outcome(self._process, job, no_tick)


class RayCrew:
    """Workers that are Ray's; see `pipeline.cli.workers.Crew`.

    Args:
        process: does one file; must be picklable.
        address: of a cluster ("ray://HOST:10001", "auto"), or LOCAL.
        n_workers: how many there will be; LOCAL starts a Ray with so many cores.

    Raises:
        ValueError: package `ray` is missing, or no cluster answers there.
    """

    def __init__(self, process: Process, address: str, n_workers: int) -> None:
        try:
            import ray
        except ImportError:
            cure = "python -m pip install -r requirements-ray.txt"
            raise ValueError(f"--ray needs package ray; install it with: {cure}") from None
        self._ray, self._arguments = ray, (process, str(Path.cwd()))
        own: dict[str, Any] = {"num_cpus": n_workers, "include_dashboard": False}
        where = own if address == LOCAL else {"address": address}
        environment = {"env_vars": {"PYTHONPATH": str(ROOT)}}
        try:
            ray.init(
                **where, runtime_env=environment, log_to_driver=False, logging_level=logging.ERROR
            )
        except Exception as error:  # what Ray raises, where its parts do not start in time
            raise ValueError(f"--ray {address}: no cluster answers ({error})") from error
        self._remote = ray.remote(num_cpus=1, max_restarts=0)(_Actor)

    def start(self) -> RayWorker:
        """A new actor, idle."""
        return RayWorker(self._remote.remote(*self._arguments))

    def give(self, worker: RayWorker, job: Job) -> None:
        """Hands a file over."""
        worker.task = worker.actor.do.remote(job)

    def wait(self, workers: Sequence[RayWorker]) -> list[tuple[RayWorker, Any]]:
        """The outcomes that are there."""
        ready, _ = self._ray.wait([worker.task for worker in workers], num_returns=1)
        return [(worker, self._result(worker)) for worker in workers if worker.task in ready]

    def stop(self, worker: RayWorker) -> None:
        """Ends an actor at once."""
        self._ray.kill(worker.actor)

    def close(self) -> None:
        """Leaves the cluster; a Ray of this machine ends."""
        self._ray.shutdown()

    def _result(self, worker: RayWorker) -> Any:
        try:
            return self._ray.get(worker.task)
        except self._ray.exceptions.RayError:
            return Died()
