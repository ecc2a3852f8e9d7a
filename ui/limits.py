"""What one visitor may ask for: less where visitors are strangers to each other."""

from __future__ import annotations

import os
from dataclasses import dataclass

SHARED = "WAVEMEND_SHARED"
GIB = 1 << 30


def is_shared() -> bool:
    """Whether visitors are strangers to each other: on a Space, or where WAVEMEND_SHARED is 1."""
    return os.environ.get(SHARED, "1" if os.environ.get("SPACE_ID") else "0") != "0"


@dataclass(frozen=True)
class Limits:
    """What one visitor may ask for; None is no limit.

    Attributes:
        file_size: of one upload, as Gradio writes it.
        seconds: of one recording.
        waiting: jobs in the queue, of all visitors.
        waiting_each: jobs in the queue, of one page.
        job_s: seconds that one job may take, estimated and real.
        bytes_each: of the files that one page keeps here.
        upload_bytes_each: that one address uploads a day: uploads do not say from which page.
        jobs_each, work_s_each: restorations that one page may begin a day, and their time.
        memory_floor: bytes of memory that must be free, or work is refused and stopped.
    """

    file_size: str = "4gb"
    seconds: float = 2 * 3600.0
    waiting: int = 32
    waiting_each: int = 32
    job_s: float | None = None
    bytes_each: int | None = None
    upload_bytes_each: int | None = None
    jobs_each: int | None = None
    work_s_each: float | None = None
    memory_floor: int | None = None

    @staticmethod
    def here() -> Limits:
        """The limits of this server; a shared one gives less than one's own machine."""
        if not is_shared():
            return Limits()
        return Limits(
            file_size="200mb", seconds=15 * 60.0, waiting=8, waiting_each=2, job_s=30 * 60.0,
            bytes_each=2 * GIB, upload_bytes_each=4 * GIB, jobs_each=100, work_s_each=3600.0,
            memory_floor=GIB // 2,
        )  # fmt: skip
