"""What commands print while they work, and how they end."""

from __future__ import annotations

import atexit
import contextlib
import json
import math
import os
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, NoReturn

import typer

from pipeline.audio.sound import AudioError
from pipeline.stage import Tick

BAD_FILE, BAD_USE, STOPPED = 1, 2, 130
"""Exit codes: a file failed; the whole command cannot run; the user stopped it."""


class Display:
    """A progress bar on stderr, and the lines of results and messages.

    Args:
        total_s: seconds of sound in the whole run.
        quiet: show neither bar nor results; messages are always shown.
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

    def __enter__(self) -> Display:
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
        """Starts the next file of so many seconds; its tick moves the bar."""
        start = self._before_s
        self._before_s += seconds

        def tick(fraction: float, what: str = "") -> None:
            description = f"{title}: {what}" if what else title
            completed = start + fraction * seconds
            self._bar.update(self._task, description=description, completed=completed)

        tick(0.0)
        return tick

    def show(self, description: str, completed_s: float) -> None:
        """Shows what is going on, and how many seconds of sound are done."""
        self._bar.update(self._task, description=description, completed=completed_s)

    def result(self, lines: str) -> None:
        """Prints what has been done, on stdout."""
        if self._quiet:
            return
        if self._bar.disable or not sys.stdout.isatty():
            print(lines, flush=True)
        else:
            self._console.print(lines)

    def message(self, line: str) -> None:
        """Prints what the user must know, on stderr."""
        self._console.print(line)


@contextlib.contextmanager
def command() -> Iterator[None]:
    """The body of a command: however it ends, the user reads one line and no traceback.

    Ctrl-C and SIGTERM end it after clean-up. A file that cannot be read ends it with BAD_FILE; what
    concerns the whole command (recipe, checkpoint, device) with BAD_USE. Numerical warnings of
    libraries are hidden.
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            yield
    except KeyboardInterrupt:
        print("Stopped. Finished files stay; nothing half-done is left.", file=sys.stderr)
        raise typer.Exit(STOPPED) from None
    except (ValueError, OSError) as error:
        print(_sentence(error), file=sys.stderr)
        raise typer.Exit(BAD_FILE if isinstance(error, AudioError) else BAD_USE) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _sentence(error: Exception) -> str:
    """What went wrong in one line, without the number that the operating system gives it."""
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return printable(f"{where}{error.strerror}")
    return printable(" ".join(str(error).split()))


def printable(text: object) -> str:
    """A text, such as a path, in one line that any terminal can show.

    A file's name may hold line breaks, codes that steer the terminal, and bytes that are no UTF-8.
    """
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in str(text)
    )


def exit_with(failures: Sequence[object]) -> None:
    """Ends a command that works on many files: exit code 1 if any failed, else 0."""
    raise typer.Exit(BAD_FILE if failures else 0)


def leave(end: SystemExit) -> NoReturn:
    """Ends this process with the exit code of `end`, without taking the interpreter apart.

    Where PyTorch is imported that would take half a second and 130 MB.

    Raises:
        SystemExit: `end`, where it holds no code or the output cannot be written.
    """
    if not isinstance(end.code, int):
        raise end
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        raise end from None
    os._exit(end.code)


def print_json(**document: Any) -> None:
    """Prints one document on stdout."""
    print(json.dumps(_finite(document), indent=2, allow_nan=False))


def _finite(value: Any) -> Any:
    """JSON has no infinity: a level of minus infinity dB becomes null."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
