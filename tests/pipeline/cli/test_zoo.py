"""Bad and odd files: one line each, the right exit code, nothing left behind, inputs as before.

The whole zoo is run by `python -m tests.bench.zoo`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.zoo.generate import KINDS, generate
from tests.support.zoo.judge import complaints, faults, fingerprints, run
from tests.support.zoo.specimen import BAD, GOOD, Specimen

SEED, LIMIT_S = 0, 300


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> list[Specimen]:
    return generate(tmp_path_factory.mktemp("zoo"), SEED, len(KINDS))


@pytest.mark.parametrize("command", ["restore", "separate"])
def test_a_run_over_the_zoo_refuses_what_is_bad_and_does_the_rest(
    command: str, zoo: list[Specimen], tmp_path: Path
) -> None:
    before = fingerprints(zoo[0].path.parent)
    outcome = run(command, zoo, tmp_path, LIMIT_S)
    assert faults(command, zoo, outcome) == []
    assert outcome.code == 1
    assert fingerprints(zoo[0].path.parent) == before


def test_each_specimen_is_diagnosed_or_refused(zoo: list[Specimen], tmp_path: Path) -> None:
    before = fingerprints(zoo[0].path.parent)
    wrong = []
    for number, specimen in enumerate(zoo):
        work = tmp_path / str(number)
        work.mkdir()
        wrong += faults("diagnose", [specimen], run("diagnose", [specimen], work, LIMIT_S))
    assert wrong == []
    assert fingerprints(zoo[0].path.parent) == before


def test_a_run_over_good_files_alone_ends_with_0(zoo: list[Specimen], tmp_path: Path) -> None:
    good = [specimen for specimen in zoo if specimen.expect == GOOD][:8]
    outcome = run("restore", good, tmp_path, LIMIT_S)
    assert (outcome.code, outcome.lines) == (0, ())


def test_the_zoo_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    contents = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        entries = generate(tmp_path / name, 3, len(KINDS))
        marks = {Path(path).name: mark for path, mark in fingerprints(tmp_path / name).items()}
        stable = {name: (mark[0], mark[1], mark[3]) for name, mark in marks.items()}
        contents.append(([(e.path.name, e.expect) for e in entries], stable))
    assert contents[0] == contents[1]


def test_the_judge_sees_a_bad_file_that_was_processed(zoo: list[Specimen], tmp_path: Path) -> None:
    good = next(specimen for specimen in zoo if specimen.expect == GOOD)
    outcome = run("restore", [good], tmp_path, LIMIT_S)
    assert complaints(good, outcome) == []
    assert len(faults("restore", [Specimen(good.path, BAD)], outcome)) == 1
