"""`python -m tests.bench.zoo`: the whole zoo of bad and odd files, through three commands."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from pipeline.cli.console import STOPPED
from tests.support.zoo.generate import generate
from tests.support.zoo.judge import COMMANDS, Outcome, faults, fingerprints, run
from tests.support.zoo.specimen import Specimen

LIMIT_S = 60
COLUMNS = (
    *("specimens", "refused", "processed", "with a note", "tracebacks", "hangs", "left behind"),
    *("other faults", "slowest"),
)
NOTES = ("The file is damaged", "The file's header states")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=600, help="how many specimens")
    parser.add_argument("--seed", type=int, default=0, help="another seed, another zoo")
    options = parser.parse_args()
    print(f"| command | {' | '.join(COLUMNS)} |\n|---{'|---:' * len(COLUMNS)}|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "zoo")
        folder.mkdir()
        specimens = generate(folder, options.seed, options.count)
        before = fingerprints(folder)
        wrong = [line for command in COMMANDS for line in measure(command, specimens)]
        if fingerprints(folder) != before:
            wrong.append("changed")
            print("A specimen has changed", file=sys.stderr)
    sys.exit(bool(wrong))


def measure(command: str, specimens: list[Specimen]) -> list[str]:
    """Prints a command's row; returns what it did wrong."""
    counts, wrong, slowest = Counter(specimens=len(specimens)), [], (0.0, "")
    for specimen in specimens:
        with tempfile.TemporaryDirectory() as name:
            outcome = run(command, [specimen], Path(name), LIMIT_S)
        if outcome.code == STOPPED:  # the commands catch what would end this process
            sys.exit(STOPPED)
        lines = faults(command, [specimen], outcome)
        for line in lines:
            print(f"{command} {specimen.path.name!r}: {line}", file=sys.stderr, flush=True)
        wrong += lines
        counts.update(_counted(outcome, lines))
        slowest = max(slowest, (outcome.seconds, specimen.path.name))
    cells = [str(counts[column]) for column in COLUMNS[:-1]]
    print(f"| {command} | {' | '.join(cells)} | {slowest[0]:.1f} s ({slowest[1]!r}) |", flush=True)
    return wrong


def _counted(outcome: Outcome, lines: list[str]) -> list[str]:
    """The columns that a specimen counts in."""
    columns = {
        "refused": outcome.code == 1,
        "processed": outcome.code == 0,
        "with a note": any(note in outcome.stdout for note in NOTES),
        "tracebacks": bool(outcome.crash),
        "hangs": outcome.hung,
        "left behind": bool(outcome.left),
        "other faults": bool(lines) and not (outcome.crash or outcome.hung or outcome.left),
    }
    return [column for column, counted in columns.items() if counted]


if __name__ == "__main__":
    main()
