"""The pieces of HTML that every tab uses: messages and progress."""

from __future__ import annotations

from ui.components.formatting import about
from ui.components.rendering import render
from ui.jobs import Progress


def problem(message: str) -> str:
    """An error message."""
    return _message("problem", "alert", message)


def note(message: str) -> str:
    """One line of information."""
    return _message("note", "status", message)


def stale(message: str) -> str:
    """What is shown no longer belongs to what is set."""
    return _message("stale", "status", message)


def _message(kind: str, role: str, message: str) -> str:
    return render("components/message.html", kind=kind, role=role, message=message)


def running(progress: Progress, of: str = "") -> str:
    """The progress of a job: its stage, share and remaining time, or its place in the queue.

    Args:
        of: what the job is about, where it is one of several.
    """
    if progress.ahead:
        jobs = "1 job is" if progress.ahead == 1 else f"{progress.ahead} jobs are"
        return _meter(f"Waiting: {jobs} before yours", f"place {progress.ahead + 1}", None)
    left = "" if progress.left_s is None else f" · about {about(progress.left_s)} left"
    stage = f"{of}: {progress.stage}" if of else progress.stage
    return _meter(stage, f"{100 * progress.fraction:.0f} %{left}", progress.fraction)


def _meter(text: str, detail: str, fraction: float | None) -> str:
    return render("components/progress.html", text=text, detail=detail, fraction=fraction)
