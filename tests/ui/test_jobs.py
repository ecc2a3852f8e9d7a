"""Long work: one at a time, in turn, really stopped, and nobody else's."""

from __future__ import annotations

import asyncio
import errno
import shutil
import time
from pathlib import Path

import pytest
import soundfile

from pipeline.stage import Cancelled
from ui.jobs import Busy, Job, JobQueue, TooLong
from ui.quotas import PAGES_PER_ADDRESS
from ui.session import Limits, Session, plain_error, uploaded


def spin(job: Job) -> str:
    """Work that goes on until it is stopped."""
    while True:
        job.tick(0.5, "Spinning")
        time.sleep(0.002)


def wait_for(condition, seconds: float = 100.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.002)


def test_the_result_comes_back_and_so_does_the_error() -> None:
    assert Job(lambda job: 42, JobQueue()).start().result() == 42
    with pytest.raises(ZeroDivisionError):
        Job(lambda job: 1 / 0, JobQueue()).start().result()


def test_at_most_one_job_has_its_turn_and_all_come_in_order() -> None:
    queue, inside, order, most = JobQueue(), [], [], []

    def work(number: int, job: Job) -> None:
        inside.append(number)
        most.append(len(inside))
        order.append(number)
        time.sleep(0.01)
        inside.remove(number)

    gate = Job(spin, queue).start()
    jobs = []
    for number in range(5):
        job = Job(lambda job, number=number: work(number, job), queue)
        jobs.append(job.start())
        wait_for(lambda job=job, number=number: queue.ahead(job) == number + 1)
    gate.stop()
    for job in jobs:
        job.result()
    assert order == list(range(5)) and max(most) == 1


def test_a_waiting_visitor_sees_the_place_and_can_leave_without_disturbing_the_queue() -> None:
    queue = JobQueue()
    first, second, third = (Job(spin, queue).start() for _ in range(3))
    wait_for(lambda: {queue.ahead(job) for job in (first, second, third)} == {0, 1, 2})
    last = max((first, second, third), key=queue.ahead)
    middle = next(job for job in (first, second, third) if queue.ahead(job) == 1)
    running = next(job for job in (first, second, third) if queue.ahead(job) == 0)
    middle.stop()
    with pytest.raises(Cancelled):
        middle.result()
    wait_for(lambda: queue.ahead(last) == 1)
    assert not running.ended and last.progress().ahead == 1
    running.stop()
    wait_for(lambda: last.progress().ahead == 0)
    last.stop()


def test_a_full_queue_refuses_in_words() -> None:
    queue = JobQueue(longest=1)
    running = Job(spin, queue).start()
    waiting = Job(spin, queue).start()
    wait_for(lambda: queue.ahead(waiting) + queue.ahead(running) == 1)
    with pytest.raises(Busy, match="Try again"):
        Job(spin, queue).start().result()
    running.stop()
    waiting.stop()


def test_nobody_s_second_job_comes_before_another_s_first() -> None:
    queue, order = JobQueue(), []
    gate = Job(spin, queue, visitor="anna").start()
    wait_for(lambda: gate.progress().fraction == 0.5)
    jobs = []
    for number, visitor in enumerate(("anna", "anna", "bert", "bert", "carla", "anna")):
        job = Job(lambda job, name=f"{visitor}{number}": order.append(name), queue, visitor=visitor)
        jobs.append(job.start())
        wait_for(lambda: len(queue._waiting) == len(jobs))
    assert [queue.ahead(job) for job in jobs] == [3, 5, 1, 4, 2, 6]
    gate.stop()
    for job in jobs:
        job.result()
    assert order.index("carla4") < order.index("bert3") < order.index("anna5")


def test_one_visitor_cannot_fill_the_queue() -> None:
    queue = JobQueue(longest=8, each=2)
    gate = Job(spin, queue, visitor="anna").start()
    wait_for(lambda: gate.progress().fraction == 0.5)
    own = [Job(spin, queue, visitor="anna").start() for _ in range(2)]
    wait_for(lambda: len(queue._waiting) == 2)
    with pytest.raises(Busy, match="2 jobs of yours already wait"):
        Job(spin, queue, visitor="anna").start().result()
    other = Job(lambda job: "mine", queue, visitor="bert").start()
    wait_for(lambda: queue.ahead(other) == 1)
    gate.stop()
    assert other.result() == "mine"
    for job in own:
        job.stop()


def test_a_job_has_an_end_whether_estimated_or_real() -> None:
    def announces(job: Job) -> None:
        job.expect(7200.0)

    with pytest.raises(TooLong, match="take about 120 minutes.*30 minutes here"):
        Job(announces, JobQueue(), longest_s=1800.0).start().result()
    with pytest.raises(TooLong, match="Stopped after"):
        Job(spin, JobQueue(), longest_s=0.05).start().result()


def test_several_jobs_run_at_once_where_the_queue_says_so() -> None:
    queue = JobQueue(at_once=2)
    jobs = [Job(spin, queue).start() for _ in range(3)]
    wait_for(lambda: sorted(job.progress().fraction for job in jobs) == [0.0, 0.5, 0.5])
    assert sorted(queue.ahead(job) for job in jobs) == [0, 0, 2]
    queue.stop_all(wait_s=100.0)
    assert all(job.ended for job in jobs)


def test_stop_ends_the_work_at_its_next_report() -> None:
    job = Job(spin, JobQueue()).start()
    wait_for(lambda: job.progress().fraction == 0.5)
    job.stop()
    assert job.progress().stage == "Stopping"
    with pytest.raises(Cancelled):
        job.result()


def test_whoever_stops_following_stops_the_work() -> None:
    job = Job(spin, JobQueue()).start()

    async def look_once() -> None:
        progress = job.follow()
        await anext(progress)
        await progress.aclose()

    asyncio.run(look_once())
    with pytest.raises(Cancelled):
        job.result()


def test_the_time_left_follows_the_measured_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = [0.0]
    monkeypatch.setattr("ui.jobs.time.monotonic", lambda: seconds[0])
    left: list[float | None] = []

    def work(job: Job) -> None:
        left.append(job.progress().left_s)
        job.expect(100.0)
        left.append(job.progress().left_s)
        seconds[0] += 12.0
        job.tick(0.5, "Half")
        left.append(job.progress().left_s)

    Job(work, JobQueue()).start().result()
    assert left == [None, pytest.approx(100.0), pytest.approx(12.0)]


def test_sessions_share_nothing_and_leave_nothing(tmp_path: Path) -> None:
    mine, yours = Session.open(tmp_path), Session.open(tmp_path)
    assert mine.folder != yours.folder and len(mine.folder.name) == 32
    my_job, your_job = mine.begin(Job(spin, JobQueue())), yours.begin(Job(spin, JobQueue()))
    mine.new_folder("whole").joinpath("sound.wav").write_bytes(b"x")
    mine.close()
    with pytest.raises(Cancelled):
        my_job.result()
    assert not your_job.stopped and not mine.folder.exists() and yours.folder.exists()
    yours.close()


def test_the_files_of_a_page_have_a_quota_and_those_of_an_address_a_larger_one(
    tmp_path: Path,
) -> None:
    limits = Limits(bytes_each=1000)
    pages = [Session.open(tmp_path, limits, "anna") for _ in range(PAGES_PER_ADDRESS + 1)]
    first, *middle, last = pages
    (first.new_folder("whole") / "sound.wav").write_bytes(bytes(1001))
    with pytest.raises(ValueError, match="Your results take more than"):
        first.begin(Job(lambda job: 42, JobQueue())).result()
    assert last.begin(Job(lambda job: 42, JobQueue())).result() == 42
    for page in middle:
        (page.new_folder("whole") / "sound.wav").write_bytes(bytes(1000))
    with pytest.raises(ValueError, match="Your results take more than"):
        last.begin(Job(lambda job: 42, JobQueue())).result()
    other = Session.open(tmp_path, limits, "bert")
    assert other.begin(Job(lambda job: 42, JobQueue())).result() == 42
    first.forget()
    assert last.begin(Job(lambda job: 42, JobQueue())).result() == 42


def test_a_new_recording_forgets_results_files_and_work_of_the_old_one(tmp_path: Path) -> None:
    session = Session.open(tmp_path)
    job = session.begin(Job(spin, JobQueue()))
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


def test_a_full_disk_and_a_locked_folder_are_named_with_their_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "a.wav"))
    locked = PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "a.wav"))
    assert plain_error(full).startswith(f"The disk is full: {tmp_path} has no room. Free some")
    assert plain_error(locked).startswith(f"{tmp_path} cannot be written to. Change its")
    broken = soundfile.LibsndfileError(2, "Error : ")
    usage = shutil.disk_usage(tmp_path)._replace(free=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    assert plain_error(broken).startswith("The disk is full: ")
    monkeypatch.setenv("WAVEMEND_SHARED", "1")
    assert str(tmp_path) not in plain_error(full) + plain_error(locked)


def test_strangers_see_no_folders_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    error = ValueError("/srv/data/x/a b.wav: 8/16 bit, in '/srv/runs/one'; see https://x.org/y/z")
    assert plain_error(error) == str(error)
    monkeypatch.setenv("WAVEMEND_SHARED", "1")
    assert plain_error(error) == "a b.wav: 8/16 bit, in 'one'; see https://x.org/y/z"


def test_errors_are_said_plainly_and_inner_ones_without_their_text(capsys) -> None:
    assert plain_error(ValueError("a.wav: cut short")) == "a.wav: cut short"
    said = plain_error(RuntimeError("/home/someone/secret"))
    assert "secret" not in said and "RuntimeError" in said
    assert "secret" in capsys.readouterr().err
