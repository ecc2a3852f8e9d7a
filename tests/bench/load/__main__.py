"""Load and faults: `python -m tests.bench.load [--visitors 8] [--calls 2] [--restorations 50]`.

It serves the page on this machine, and prints a Markdown table. Everything is bounded: visitors,
calls, and the seconds that each part waits.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.load import faults
from tests.bench.load.server import Server, can_mount
from tests.bench.load.visitors import Recording, Tally, connect, crowd, restore, watched

PARTS = ("visitors", "restorations", "killed", "disk", "slow", "abandoned")
DISK_MB = 320
"""Size of the disk that is filled; the page keeps 256 MB free."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of {', '.join(PARTS)}")
    parser.add_argument("--visitors", type=int, default=8)
    parser.add_argument("--calls", type=int, default=2, help="restorations of each visitor")
    parser.add_argument("--restorations", type=int, default=50, help="one after the other")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a recording")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"got {', '.join(sorted(unknown))}, expected some of {', '.join(PARTS)}")
    measures: dict[str, Callable[[Path], str]] = {
        "visitors": lambda folder: visitors(folder, options),
        "restorations": lambda folder: restorations(folder, options),
        "killed": lambda folder: fault(faults.killed, folder, 60.0),
        "disk": full_disk,
        "slow": lambda folder: fault(faults.slow_clients, folder, options.seconds),
        "abandoned": abandoned,
    }
    print("| part | measured |\n|---|---|", flush=True)
    for part in options.parts or PARTS:
        with tempfile.TemporaryDirectory() as folder:
            print(f"| {part} | {measures[part](Path(folder))} |", flush=True)


def visitors(folder: Path, options: argparse.Namespace) -> str:
    """Visitors at once, each with its own right result."""
    numbers = range(options.visitors)
    recordings = [Recording.of(number, options.seconds, folder) for number in numbers]
    with Server(folder / "server") as server, watched(server) as answers:
        tally = crowd(server, recordings, options.calls)
    return (
        f"{options.visitors} visitors, {options.calls} restorations each: {_count(tally)}; answer "
        f"{_times(tally.answer_s)}, of it queue {_times(tally.queue_s)}; / {_times(answers)}"
    )


def restorations(folder: Path, options: argparse.Namespace) -> str:
    """Restorations one after the other: memory and files must not grow."""
    recording, tally = Recording.of(0, options.seconds, folder), Tally()
    with Server(folder / "server", sweeps=True) as server:
        files, memory = [], []
        for number in range(options.restorations):
            with tempfile.TemporaryDirectory() as downloads:
                restore(connect(server, downloads), recording, tally)
            if number + 1 in (options.restorations // 5, options.restorations):
                time.sleep(25)  # the last result is removed by then
                files.append(server.n_files())
                memory.append(server.memory_mb())
    first, last = max(1, options.restorations // 5), options.restorations
    return (
        f"{last} one after the other: {_count(tally)}; after {first} and {last}: "
        f"{memory[0]:.0f} and {memory[-1]:.0f} MB, {files[0]} and {files[-1]} files"
    )


def fault(measure: Callable[[Server, Recording], str], folder: Path, seconds: float) -> str:
    """What becomes of a server that something happens to."""
    with Server(folder / "server") as server:
        return measure(server, Recording.of(0, seconds, folder))


def full_disk(folder: Path) -> str:
    """A server with a small disk of its own."""
    if not can_mount():
        return "not measured: this machine gives no disk of one's own (unshare, tmpfs)"
    with Server(folder / "server", disk_mb=DISK_MB) as server:
        return faults.full_disk(server)


def abandoned(folder: Path) -> str:
    """A server whose visitors go away while they upload."""
    with Server(folder / "server") as server:
        return faults.abandoned(server)


def _count(tally: Tally) -> str:
    n_right = len(tally.answer_s) - tally.n_wrong
    failed = f", {len(tally.errors)} failed ({tally.errors[0]})" if tally.errors else ""
    return f"{n_right} right, {tally.n_wrong} wrong{failed}"


def _times(seconds: list[float]) -> str:
    if not seconds:
        return "never"
    return f"{statistics.median(seconds):.1f} s, worst {max(seconds):.1f} s"


if __name__ == "__main__":
    main()
