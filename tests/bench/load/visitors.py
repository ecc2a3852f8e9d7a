"""Visitors who restore a recording of their own, and check that the result is theirs."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
from gradio_client import Client, handle_file

from pipeline.restoration import restore_file
from tests.bench.load.server import Server

RATE = 16_000
RECIPE = {"version": 1, "stages": [{"stage": "remove_hum"}, {"stage": "declick"}]}
ANSWER_S = 120.0
"""Seconds for which a visitor waits for an answer: of a server on a core that others keep busy."""

RESULT_S = 900.0
"""Seconds for which a visitor waits for a result."""

EVERY_S = 0.5
"""Seconds between two requests of `/`."""


@dataclass(frozen=True)
class Recording:
    """A recording of one visitor, and the restored samples that it must come back as."""

    path: Path
    restored: np.ndarray

    @staticmethod
    def of(number: int, seconds: float, folder: Path) -> Recording:
        """Noise under a tone, with hum and clicks, that no other visitor has."""
        rng = np.random.default_rng(number)
        time_s = np.arange(round(RATE * (seconds + 0.01 * number))) / RATE
        samples = 0.2 * np.sin(2 * np.pi * (300 + 20 * number) * time_s)
        samples += 0.05 * np.sin(2 * np.pi * 50 * time_s) + 0.01 * rng.standard_normal(time_s.size)
        samples[rng.integers(0, time_s.size, 5)] = 0.9
        path = folder / f"visitor {number}.wav"
        soundfile.write(path, samples, RATE, "PCM_24")
        result = restore_file(path, folder / "expected", RECIPE)
        return Recording(path, soundfile.read(result.path)[0])


@dataclass
class Tally:
    """What visitors have measured.

    Attributes:
        answer_s: from the upload to the result.
        queue_s: of it, until the work began.
        n_wrong: results that were not the visitor's own.
        errors: sentences of calls that failed.
    """

    answer_s: list[float] = field(default_factory=list)
    queue_s: list[float] = field(default_factory=list)
    n_wrong: int = 0
    errors: list[str] = field(default_factory=list)


def restore(client: Client, recording: Recording, tally: Tally) -> None:
    """One visitor's restoration over HTTP; the same samples as the command line's are right."""
    started_s = time.monotonic()
    job = client.submit(
        handle_file(recording.path), json.dumps(RECIPE), "", "same as the recording",
        api_name="/restore",
    )  # fmt: skip
    while not job.done() and not _works(job):
        time.sleep(0.1)
    tally.queue_s.append(time.monotonic() - started_s)
    try:
        path, _ = job.result(timeout=RESULT_S)
    except Exception as error:
        tally.errors.append(str(error))
        return
    tally.answer_s.append(time.monotonic() - started_s)
    tally.n_wrong += not np.array_equal(soundfile.read(path)[0], recording.restored)


def _works(job: object) -> bool:
    """Whether a job's turn has come."""
    progress = getattr(job.status(), "progress_data", None)  # type: ignore[attr-defined]
    return bool(progress) and "come first" not in (progress[0].desc or "")


def connect(server: Server, folder: str) -> Client:
    """A visitor, whose downloads go to a folder, and who waits longer than httpx's five seconds."""
    waits = {"timeout": ANSWER_S}
    return Client(server.address, download_files=folder, verbose=False, httpx_kwargs=waits)


def crowd(server: Server, recordings: list[Recording], calls: int) -> Tally:
    """Visitors who come at once; each restores its own recording a few times."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(len(recordings)) as pool:
        clients = [connect(server, folder) for _ in recordings]

        def visit(number: int) -> None:
            for _ in range(calls):
                restore(clients[number], recordings[number], tally)

        list(pool.map(visit, range(len(recordings))))
    return tally


@contextmanager
def watched(server: Server) -> Iterator[list[float]]:
    """Asks for `/` all the time; yields the seconds that the answers take, 60 for none."""
    answers: list[float] = []
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(EVERY_S):
            answers.append(server.answer_s() or 60.0)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield answers
    finally:
        ended.set()
        thread.join()
