"""Quotas: a page has its share, an address a few times that, and a day later all is forgotten."""

from __future__ import annotations

import threading
import time

import pytest

from ui.jobs import Job, JobQueue
from ui.memory import Busy
from ui.quotas import DAY_S, PAGES_PER_ADDRESS, Allowance, Visitor

OFFICE = [Visitor("10.0.0.1", f"page {number}") for number in range(PAGES_PER_ADDRESS + 1)]


def test_people_behind_one_address_do_not_take_each_others_share() -> None:
    allowance = Allowance(jobs=2)
    for _ in range(2):
        allowance.begin(OFFICE[0])
    assert "begun 2 jobs" in allowance.refusal(OFFICE[0])
    assert allowance.refusal(OFFICE[1]) == ""


def test_opening_more_pages_does_not_lift_the_limit_of_an_address() -> None:
    allowance = Allowance(seconds=60.0)
    for page in OFFICE[:PAGES_PER_ADDRESS]:
        allowance.spend(page, 60.0)
    assert "3 minutes in a day" in allowance.refusal(OFFICE[-1])
    assert allowance.refusal(Visitor("10.0.0.2", "page 0")) == ""


def test_a_day_later_all_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    allowance, now = Allowance(jobs=1), time.monotonic()
    allowance.begin(OFFICE[0])
    monkeypatch.setattr(time, "monotonic", lambda: now + DAY_S - 60)
    assert allowance.refusal(OFFICE[0])
    monkeypatch.setattr(time, "monotonic", lambda: now + DAY_S + 60)
    assert allowance.refusal(OFFICE[0]) == ""


def test_who_is_not_known_has_no_quota() -> None:
    allowance = Allowance(jobs=0, seconds=0.0)
    allowance.begin(Visitor())
    assert allowance.refusal(Visitor()) == ""


def test_a_queue_counts_jobs_and_their_time() -> None:
    queue = JobQueue(allowance=Allowance(jobs=2, seconds=0.2))
    assert Job(lambda job: 1, queue, visitor="anna", page="a").start().result() == 1
    Job(lambda job: time.sleep(0.25), queue, visitor="anna", page="a").start().result()
    with pytest.raises(Busy, match="begun 2 jobs"):
        Job(lambda job: 1, queue, visitor="anna", page="a").start().result()
    assert Job(lambda job: 2, queue, visitor="anna", page="b").start().result() == 2


def test_pages_of_one_address_wait_side_by_side_up_to_a_limit() -> None:
    queue, gate = JobQueue(longest=32, each=1), threading.Event()
    running = Job(lambda job: gate.wait(300), queue, visitor="anna", page="x").start()
    while queue.size() != (1, 0):
        time.sleep(0.01)
    pages = [page.page for page in OFFICE]
    jobs = [Job(lambda job: 1, queue, visitor="anna", page=page).start() for page in pages[:-1]]
    while queue.size() != (1, PAGES_PER_ADDRESS):
        time.sleep(0.01)
    with pytest.raises(Busy, match="3 jobs of yours"):
        Job(lambda job: 1, queue, visitor="anna", page=pages[-1]).start().result()
    gate.set()
    assert running.result() and [job.result() for job in jobs] == [1] * PAGES_PER_ADDRESS
