"""Long work: one at a time, in turn, really stopped, and nobody else's."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import pytest

from pipeline.stage import Cancelled
from ui.jobs import Busy, Job, Line
from ui.session import Session, plain_error, uploaded


def spin(job: Job) -> str:
    """Work that goes on until it is stopped."""
    while True:
        job.tick(0.5, "Spinning")
        time.sleep(0.002)


def wait_for(condition, seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.002)


def test_the_result_comes_back_and_so_does_the_error() -> None:
    assert Job(lambda job: 42, Line()).start().result() == 42
    with pytest.raises(ZeroDivisionError):
        Job(lambda job: 1 / 0, Line()).start().result()


def test_at_most_one_job_has_its_turn_and_all_come_in_order() -> None:
    line, inside, order, most = Line(), [], [], []

    def work(number: int, job: Job) -> None:
        inside.append(number)
        most.append(len(inside))
        order.append(number)
        time.sleep(0.01)
        inside.remove(number)

    gate = Job(spin, line).start()
    jobs = []
    for number in range(5):
        job = Job(lambda job, number=number: work(number, job), line)
        jobs.append(job.start())
        wait_for(lambda job=job, number=number: line.ahead(job) == number + 1)
    gate.stop()
    for job in jobs:
        job.result()
    assert order == list(range(5)) and max(most) == 1


def test_a_waiting_visitor_sees_the_place_and_can_leave_without_disturbing_the_line() -> None:
    line = Line()
    first, second, third = (Job(spin, line).start() for _ in range(3))
    wait_for(lambda: {line.ahead(job) for job in (first, second, third)} == {0, 1, 2})
    last = max((first, second, third), key=line.ahead)
    middle = next(job for job in (first, second, third) if line.ahead(job) == 1)
    running = next(job for job in (first, second, third) if line.ahead(job) == 0)
    middle.stop()
    with pytest.raises(Cancelled):
        middle.result()
    wait_for(lambda: line.ahead(last) == 1)
    assert not running.ended and last.progress().ahead == 1
    running.stop()
    wait_for(lambda: last.progress().ahead == 0)
    last.stop()


def test_a_full_line_refuses_in_words() -> None:
    line = Line(longest=1)
    running = Job(spin, line).start()
    waiting = Job(spin, line).start()
    wait_for(lambda: line.ahead(waiting) + line.ahead(running) == 1)
    with pytest.raises(Busy, match="Try again"):
        Job(spin, line).start().result()
    running.stop()
    waiting.stop()


def test_stop_ends_the_work_at_its_next_report() -> None:
    job = Job(spin, Line()).start()
    wait_for(lambda: job.progress().fraction == 0.5)
    started = time.monotonic()
    job.stop()
    assert job.progress().stage == "Stopping"
    with pytest.raises(Cancelled):
        job.result()
    assert time.monotonic() - started < 0.5


def test_whoever_stops_following_stops_the_work() -> None:
    job = Job(spin, Line()).start()

    async def look_once() -> None:
        progress = job.follow()
        await anext(progress)
        await progress.aclose()

    asyncio.run(look_once())
    with pytest.raises(Cancelled):
        job.result()


def test_the_time_left_follows_the_measured_speed() -> None:
    ready, go_on = threading.Event(), threading.Event()

    expecting = threading.Event()

    def work(job: Job) -> None:
        job.expect(100.0)
        expecting.set()
        time.sleep(1.1)
        job.tick(0.5, "Half")
        ready.set()
        go_on.wait()

    job = Job(work, Line()).start()
    assert job.progress().left_s is None or expecting.is_set()
    expecting.wait()
    assert job.progress().left_s == pytest.approx(100.0, abs=1.0)
    ready.wait()
    assert job.progress().left_s == pytest.approx(1.1, abs=0.3)
    go_on.set()


def test_sessions_share_nothing_and_leave_nothing(tmp_path: Path) -> None:
    mine, yours = Session.open(tmp_path), Session.open(tmp_path)
    assert mine.folder != yours.folder and len(mine.folder.name) == 32
    my_job, your_job = mine.begin(Job(spin, Line())), yours.begin(Job(spin, Line()))
    mine.new_folder("whole").joinpath("sound.wav").write_bytes(b"x")
    mine.close()
    with pytest.raises(Cancelled):
        my_job.result()
    assert not your_job.stopped and not mine.folder.exists() and yours.folder.exists()
    yours.close()


def test_a_new_recording_forgets_results_files_and_work_of_the_old_one(tmp_path: Path) -> None:
    session = Session.open(tmp_path)
    job = session.begin(Job(spin, Line()))
    session.new_folder("whole").joinpath("sound.wav").write_bytes(b"x")
    session.source, session.results, session.shown = "old", {"whole": "old"}, "whole"
    session.forget()
    assert job.stopped and session.job is None
    assert (session.source, session.results, session.shown) == (None, {}, "")
    assert list(session.folder.iterdir()) == []


def test_only_files_in_the_upload_cache_are_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(cache))
    inside, outside = cache / "a.wav", tmp_path / "b.wav"
    for path in (inside, outside):
        path.write_bytes(b"x")
    (cache / "link.wav").symlink_to(outside)
    assert uploaded(inside) == inside.resolve()
    for path in (
        outside,
        cache / "link.wav",
        cache / ".." / "b.wav",
        cache,
        "",
        None,
        "/etc/passwd",
    ):
        assert uploaded(path) is None


def test_errors_are_said_plainly_and_inner_ones_without_their_text(capsys) -> None:
    assert plain_error(ValueError("a.wav: cut short")) == "a.wav: cut short"
    said = plain_error(RuntimeError("/home/someone/secret"))
    assert "secret" not in said and "RuntimeError" in said
    assert "secret" in capsys.readouterr().err
