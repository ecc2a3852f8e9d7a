"""A lent GPU: asked for as long as the work needs; without one, nothing is different."""

from __future__ import annotations

import sys
import threading
import types
from collections.abc import Callable
from typing import Any

import pytest

from pipeline.stage import Cancelled, Tick
from ui import zero_gpu


def work(tick: Tick) -> int:
    """Reports twice, then answers."""
    for fraction in (0.25, 0.75):
        tick(fraction, "working")
    return 42


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that were asked of a Space that lends a GPU, in place of the real package."""
    seconds: list[float] = []

    def lend(duration: Callable[..., float]) -> Callable[..., Any]:
        def decorate(task: Callable[..., Any]) -> Callable[..., Any]:
            def handler(*arguments: Any) -> Any:
                seconds.append(duration(*arguments))
                yield from task(*arguments)

            return handler

        return decorate

    monkeypatch.setitem(sys.modules, "spaces", types.SimpleNamespace(GPU=lend))
    monkeypatch.setenv(zero_gpu.LENT, "true")
    return seconds


def test_without_a_lent_gpu_work_runs_here_and_the_package_is_not_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(zero_gpu.LENT, raising=False)
    monkeypatch.setitem(sys.modules, "spaces", None)
    zero_gpu.prepare()
    reports: list[float] = []
    assert zero_gpu.run(work, 1.0, lambda fraction, what="": reports.append(fraction)) == 42
    assert reports == [0.25, 0.75]
    thread = zero_gpu.run(lambda tick: threading.get_ident(), 1.0, lambda *_: None)
    assert thread == threading.get_ident()


def test_progress_and_result_come_back_and_the_time_follows_the_estimate(
    asked: list[float],
) -> None:
    reports: list[tuple[float, str]] = []
    tick = lambda fraction, what="": reports.append((fraction, what))  # noqa: E731
    assert [zero_gpu.run(work, cpu_s, tick) for cpu_s in (0.0, 100.0, 1e6)] == [42] * 3
    assert asked == [10, 20, 120]
    assert reports == 3 * [(0.25, "working"), (0.75, "working")]


def test_an_error_keeps_its_text(asked: list[float]) -> None:
    def fails(tick: Tick) -> None:
        raise ValueError("got this, expected that")

    with pytest.raises(ValueError, match="got this, expected that"):
        zero_gpu.run(fails, 1.0, lambda *_: None)


def test_a_stop_ends_the_work(asked: list[float]) -> None:
    ended = threading.Event()

    def endless(tick: Tick) -> None:
        try:
            while True:
                tick(0.5)
        except Cancelled:
            ended.set()
            raise

    def stop(fraction: float, what: str = "") -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        zero_gpu.run(endless, 1.0, stop)
    assert ended.wait(100)
