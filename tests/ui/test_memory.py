"""The memory that is left: read as the system states it, and work is refused below the floor."""

from __future__ import annotations

from pathlib import Path

import pytest

from ui import memory
from ui.jobs import Job, JobQueue


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with 1000 KiB to spare, without a container around it."""
    (tmp_path / "meminfo").write_text("MemTotal: 9000 kB\nMemAvailable:   1000 kB\n")
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    monkeypatch.setattr(memory, "_last", (-memory.CHECK_S, None))
    return tmp_path


def in_container(folder: Path, limit: str, current: int, inactive: int) -> None:
    (folder / "memory.max").write_text(limit)
    (folder / "memory.current").write_text(str(current))
    (folder / "memory.stat").write_text(f"anon 1\ninactive_file {inactive}\n")


def test_the_narrower_of_machine_and_container_counts(system: Path) -> None:
    assert memory.free_bytes() == 1_024_000
    in_container(system, "900000", 700_000, 50_000)
    assert memory.free_bytes() == 250_000
    in_container(system, "max", 700_000, 50_000)
    assert memory.free_bytes() == 1_024_000


def test_a_system_that_does_not_say_refuses_nothing(system: Path) -> None:
    (system / "meminfo").unlink()
    assert memory.free_bytes() is None
    memory.check(1 << 40)


def test_work_below_the_floor_is_refused_with_a_sentence(system: Path) -> None:
    job = Job(lambda job: job.tick(0.5), JobQueue())
    job.memory_floor = 2_000_000
    with pytest.raises(memory.Busy, match="short of memory"):
        job.start().result()
    job = Job(lambda job: 42, JobQueue())
    job.memory_floor = 1_000_000
    assert job.start().result() == 42
