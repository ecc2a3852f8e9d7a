"""Runs commands over specimens in this process, and says what they did wrong."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import signal
import stat
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from pipeline.__main__ import app
from pipeline.cli.console import printable
from pipeline.cli.manifest import NAME
from tests.support.zoo.specimen import BAD, GOOD, Specimen

COMMANDS = {
    "restore": ("-o", "{out}", "--recipe", "{recipe}"),
    "diagnose": (),
    "separate": ("-o", "{out}", "--model", "mid_side"),
}
RECIPE = '{"version": 1, "stages": [{"stage": "remove_hum"}, {"stage": "declick"}]}'

UNFORESEEN = re.compile(r": \w*(Error|Exception|Warning|Interrupt): ")
"""How an exception looks that no code expected."""


class Hang(BaseException):
    """A command took longer than it may."""


@dataclass(frozen=True)
class Outcome:
    """What a command did.

    Attributes:
        code: exit code; None after a traceback or a hang.
        stdout: what it printed.
        lines: what it printed on stderr.
        noise: what others, such as libraries in C, wrote to stderr.
        crash: the traceback.
        results: names of its results.
        left: names of what it left behind.
        seconds: how long it took.
    """

    code: int | None
    stdout: str
    lines: tuple[str, ...]
    noise: str
    crash: str
    hung: bool
    results: tuple[str, ...]
    left: tuple[str, ...]
    seconds: float


def run(command: str, specimens: Sequence[Specimen], work: Path, limit_s: int = 0) -> Outcome:
    """Runs a command over specimens by name, from their folder.

    Args:
        work: an empty folder for results and temporary files.
        limit_s: seconds until it counts as hung; 0 for no limit.
    """
    out, temporary = work / "out", work / "tmp"
    temporary.mkdir()
    (work / "recipe.json").write_text(RECIPE)
    options = [o.format(out=out, recipe=work / "recipe.json") for o in COMMANDS[command]]
    names = [specimen.path.name for specimen in specimens]
    code, done, crash, hung = None, None, "", False
    started = time.monotonic()
    with _in_folder(specimens[0].path.parent, temporary), _stderr() as noise:
        try:
            with _limit(limit_s):
                done = CliRunner().invoke(app, [command, *options, "--", *names])
            unforeseen = done.exception and not isinstance(done.exception, SystemExit)
            crash = "".join(traceback.format_exception(*done.exc_info)) if unforeseen else ""
            code = None if crash else done.exit_code
        except Hang:
            hung = True
    made = sorted(path.name for path in out.rglob("*")) if out.is_dir() else []
    left = [name for name in made if name.startswith(".") and name != NAME]
    return Outcome(
        code=code,
        stdout=done.stdout if done else "",
        lines=tuple(done.stderr.split("\n")[:-1]) if done else (),
        noise=noise[0],
        crash=crash,
        hung=hung,
        results=tuple(name for name in made if not name.startswith(".")),
        left=(*left, *sorted(path.name for path in temporary.iterdir())),
        seconds=time.monotonic() - started,
    )


def faults(command: str, specimens: Sequence[Specimen], outcome: Outcome) -> list[str]:
    """What a command did wrong, one line each; empty where all is as it should be."""
    if outcome.hung or outcome.crash:
        return ["hang" if outcome.hung else f"traceback: {outcome.crash.splitlines()[-1]}"]
    refused = [complaints(specimen, outcome) for specimen in specimens]
    wrong = [f"left behind: {name}" for name in outcome.left]
    wrong += [f"noise: {line}" for line in outcome.noise.splitlines()]
    if outcome.code != int(any(refused)):
        wrong.append(f"exit code {outcome.code} with {sum(map(bool, refused))} refused")
    if len(outcome.lines) != sum(map(len, refused)):
        wrong.append(f"lines that name no specimen: {outcome.lines}")
    for specimen, lines in zip(specimens, refused, strict=True):
        wrong += _faults_of(command, specimen, lines, outcome)
    return wrong


def _faults_of(command: str, specimen: Specimen, lines: list[str], outcome: Outcome) -> list[str]:
    """Of one specimen: it is refused in one line, or has its result, and never both."""
    name, n = specimen.path.name, {"restore": 1, "separate": 2, "diagnose": 0}[command]
    results = [result for result in outcome.results if result.startswith(specimen.path.stem)]
    if len(lines) > 1:
        return [f"{name!r} has {len(lines)} lines: {lines}"]
    if lines and UNFORESEEN.search(lines[0]):
        return [f"{name!r} has an error nobody foresaw: {lines[0]}"]
    if lines and specimen.expect == GOOD:
        return [f"{name!r} is good but refused: {lines[0]}"]
    if not lines and specimen.expect == BAD:
        return [f"{name!r} is bad but processed: {results}"]
    if len(results) != (0 if lines else n):
        return [f"{name!r} has the results {results} and the lines {lines}"]
    return []


def complaints(specimen: Specimen, outcome: Outcome) -> list[str]:
    """The lines on stderr about a specimen."""
    name = specimen.path.name
    starts = tuple(f"{printable(shown)}: " for shown in (name, " ".join(name.split())))
    return [line for line in outcome.lines if line.startswith(starts)]


def fingerprints(folder: Path) -> dict[str, tuple[object, ...]]:
    """What every file of a folder is: kind and rights, size, time of change, content."""
    entries = {}
    for path in folder.rglob("*"):
        status, content = path.lstat(), ""
        if stat.S_ISREG(status.st_mode) and os.access(path, os.R_OK):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        entries[str(path)] = (status.st_mode, status.st_size, status.st_mtime_ns, content)
    return entries


@contextlib.contextmanager
def _in_folder(folder: Path, temporary: Path) -> Iterator[None]:
    """Work in a folder, with another one for temporary files."""
    before, tempdir = Path.cwd(), tempfile.tempdir
    os.chdir(folder)
    tempfile.tempdir = str(temporary)
    try:
        yield
    finally:
        os.chdir(before)
        tempfile.tempdir = tempdir


@contextlib.contextmanager
def _stderr() -> Iterator[list[str]]:
    """Yields a list that holds, after the block, what was written to the process's stderr."""
    texts = [""]
    with tempfile.TemporaryFile() as file:
        before = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            yield texts
        finally:
            os.dup2(before, 2)
            os.close(before)
            file.seek(0)
            texts[0] = file.read().decode(errors="replace")


@contextlib.contextmanager
def _limit(seconds: int) -> Iterator[None]:
    """Raises `Hang` after so many seconds; 0 is never."""

    def stop(*_: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
