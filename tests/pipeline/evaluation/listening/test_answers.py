"""A CSV of answers comes back as it was written, and one from anyone is read with care."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.evaluation.listening import answers
from pipeline.evaluation.listening.answers import Answer

ABX = Answer(
    "ann", "2026-01-02T03:04:05+00:00", "abx", "song", "new", "old", "new", "yes", 1, 2, 7, -1.5
)
VOTE = replace(ABX, test="mos", against="", answer="4", correct="")


@pytest.mark.parametrize("text", ["=1+2", "@a", "-3", "+4", "'x", 'a "b", c;d', "Ü 音"])
def test_what_is_written_is_read_and_no_text_is_a_formula(text) -> None:
    rows = [replace(ABX, item=text, listener=text), VOTE]
    csv = answers.dump(rows)
    assert answers.load(csv, "a.csv") == rows
    assert not any(line.startswith(answers.FORMULA) for line in csv.splitlines())
    assert ",=" not in csv and ",@" not in csv


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"test": "poll"}, "test"), ({"time": "noon"}, "time"), ({"listener": ""}, "listener"),
        ({"item": "a\nb"}, "item"), ({"item": "x" * 201}, "item"), ({"order": 3}, "order"),
        ({"order": 0}, "order"), ({"seed": -1}, "seed"), ({"gain_db": float("nan")}, "gain_db"),
        ({"answer": "third"}, "answer"), ({"answer": "old"}, "correct"),
        ({"test": "mos", "answer": "6", "against": "", "correct": ""}, "1 to 5"),
        ({"test": "mushra", "answer": "101", "against": "", "correct": ""}, "0 to 100"),
        ({"test": "mushra", "answer": "²", "against": "", "correct": ""}, "0 to 100"),
        ({"test": "mos", "answer": "4", "against": ""}, "neither right"),
    ],
)  # fmt: skip
def test_an_answer_that_cannot_be_is_refused(change, message) -> None:
    with pytest.raises(ValueError, match=message):
        replace(ABX, **change)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("listener,", "who,", "line 1: no column 'listener'"),
        (",1,2,7,", ",one,2,7,", "line 2: order"),
        (",1,2,7,", ",1,2,7000000000000,", "line 2: seed"),
        (",-1.5", ",inf", "line 2: gain_db"),
        (",-1.5", "", "line 2: expected as many cells"),
        (",-1.5", ",-1.5,more", "line 2: expected as many cells"),
        ("\nann", '\n"ann', "line 2"),
    ],
)
def test_a_bad_table_is_refused_by_its_line(old, new, message) -> None:
    with pytest.raises(ValueError, match=f"a.csv, {message}"):
        answers.load(answers.dump([ABX]).replace(old, new), "a.csv")


def test_files_have_limits(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "a.csv").write_text("\ufeff" + answers.dump([ABX, VOTE]), encoding="utf-8")
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00")
    assert answers.read([tmp_path / "a.csv"]) == [ABX, VOTE]
    with pytest.raises(ValueError, match="UTF-8"):
        answers.read([tmp_path / "b.csv"])
    monkeypatch.setattr(answers, "MOST_ROWS", 3)
    with pytest.raises(ValueError, match="more than 3 rows"):
        answers.read([tmp_path / "a.csv"] * 2)
    monkeypatch.setattr(answers, "LARGEST_BYTES", 100)
    with pytest.raises(ValueError, match="larger"):
        answers.read([tmp_path / "a.csv"])
