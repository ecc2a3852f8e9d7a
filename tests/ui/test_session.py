"""A visitor's page: every job of it runs under the visitor's limits, and one of them is its own."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ui.jobs import Job, JobQueue
from ui.limits import Limits
from ui.session import Session


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session.open(tmp_path, Limits(job_s=60.0, bytes_each=100), "anna")


def test_a_job_beside_the_visitors_one_stops_nothing(session: Session) -> None:
    gate = threading.Event()
    own = session.begin(Job(lambda job: gate.wait(300), JobQueue()))
    beside = session.begin_beside(Job(lambda job: "read", JobQueue()))
    assert beside.result() == "read"
    assert session.job is own
    gate.set()
    assert own.result() is True


def test_every_job_has_the_limits_of_its_page(session: Session) -> None:
    for begin in (session.begin, session.begin_beside):
        job = begin(Job(lambda job: 1, JobQueue()))
        assert (job.visitor, job.page, job.longest_s) == ("anna", session.folder.name, 60.0)


def test_a_full_folder_stops_a_job_that_was_begun_beside(session: Session) -> None:
    (session.folder / "sound.wav").write_bytes(b"x" * 101)
    with pytest.raises(ValueError, match="Download what you need"):
        session.begin_beside(Job(lambda job: 1, JobQueue())).result()
