"""What the command line shows while it works: a bar with the time left, and lines above it."""

from __future__ import annotations

import sys
from types import TracebackType

from pipeline.stage import Tick


class Watch:
    """A progress bar on stderr over all the sound of a run, in seconds of sound.

    Args:
        total_s: seconds of sound in the whole run.
        quiet: show neither bar nor result lines; errors are always shown.
    """

    def __init__(self, total_s: float, quiet: bool = False) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
        from rich.progress import TimeRemainingColumn as Left

        self._quiet = quiet
        self._console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            Left(elapsed_when_finished=True),
            console=self._console,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            disable=quiet or not self._console.is_terminal,
            speed_estimate_period=120,
        )
        self._task = self._bar.add_task("", total=max(total_s, 1e-3))
        self._before_s = 0.0

    def __enter__(self) -> Watch:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def begin(self, title: str, seconds: float) -> Tick:
        """Starts the next file, `seconds` of sound long; the tick moves the bar through it."""
        start = self._before_s
        self._before_s += seconds
        self._bar.update(self._task, description=title, completed=start)
        return lambda done: self._bar.update(self._task, completed=start + done * seconds)

    def tell(self, line: str) -> None:
        """A line for stdout: what has been done."""
        if self._quiet:
            return
        if self._bar.disable or not sys.stdout.isatty():
            print(line, flush=True)
        else:
            self._console.print(line)

    def complain(self, line: str) -> None:
        """A line for stderr: what went wrong."""
        self._console.print(line)
