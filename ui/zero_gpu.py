"""A GPU that a Hugging Face Space lends for seconds (ZeroGPU); anywhere else, work runs here.

Where one is lent, package `spaces` runs a decorated function in a process of its own, which alone
has the GPU. So what runs there is pickled, its progress and its errors come back as values, and
closing the generator ends it. Without that package nothing of this is used.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

from pipeline.stage import Cancelled, Tick

LENT = "SPACES_ZERO_GPU"
"""The variable that such a Space sets."""

START_S = 10.0
"""Seconds to start the process and to load networks."""

SPEED_UP = 10.0
"""How much faster than the estimate for a CPU a lent GPU is, at least."""

LONGEST_S = 120.0
"""The most that is asked for: what a Space lends to one visitor at a time."""

T = TypeVar("T")


@dataclass(frozen=True)
class Progress:
    """How far the work is, and what is going on."""

    fraction: float
    what: str


@dataclass(frozen=True)
class Ended:
    """What the work returned, or what it raised."""

    value: Any = None
    error: BaseException | None = None


def is_lent() -> bool:
    """Whether this Space lends a GPU."""
    return os.environ.get(LENT, "").lower() in ("1", "t", "true")


def run(work: Callable[[Tick], T], cpu_s: float, tick: Tick) -> T:
    """What `work` returns: run on a lent GPU where there is one, else here and now.

    Args:
        work: takes a tick; picklable, and so is what it returns.
        cpu_s: the estimated seconds that it takes on a CPU.
        tick: receives the progress; what it raises ends the work.
    """
    if not is_lent():
        return work(tick)
    with contextlib.closing(_lending()(work, cpu_s)) as steps:
        for step in steps:
            if isinstance(step, Progress):
                tick(step.fraction, step.what)
            elif step.error is not None:
                raise step.error
            else:
                value: T = step.value
                return value
    raise RuntimeError("the process on the lent GPU has ended without a result")


def seconds_to_ask_for(work: Callable[[Tick], Any], cpu_s: float) -> int:
    """For how long the GPU is asked for; takes what the decorated function takes."""
    return round(min(LONGEST_S, START_S + cpu_s / SPEED_UP))


def steps(work: Callable[[Tick], Any], cpu_s: float) -> Generator[Progress | Ended, None, None]:
    """The progress of `work`, and its end last; `work` is stopped when the generator is closed."""
    messages: queue.SimpleQueue[Progress | Ended] = queue.SimpleQueue()
    stopped = threading.Event()

    def tick(fraction: float, what: str = "") -> None:
        if stopped.is_set():
            raise Cancelled
        messages.put(Progress(fraction, what))

    def do() -> None:
        try:
            messages.put(Ended(work(tick)))
        except BaseException as error:
            messages.put(Ended(error=error))

    threading.Thread(target=do, daemon=True).start()
    try:
        step: Progress | Ended = Progress(0.0, "")
        while isinstance(step, Progress):
            step = messages.get()
            yield step
    finally:
        stopped.set()


def prepare() -> None:
    """Decorates the function before the server starts, as a Space that lends a GPU demands."""
    if is_lent():
        _lending()


def _lending() -> Callable[..., Generator[Progress | Ended, None, None]]:
    import spaces  # remembers what it has decorated

    decorated: Callable[..., Any] = spaces.GPU(duration=seconds_to_ask_for)(steps)
    return decorated
