"""Answers of several listeners, pooled."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.__main__ import app
from pipeline.evaluation.listening import answers
from pipeline.evaluation.listening.answers import Answer
from pipeline.evaluation.listening.pooling import ALL, pooled

TIME = "2026-01-02T03:04:05+00:00"


def abx(listener: str, n_correct: int, n_trials: int, planned: int = 0) -> list[Answer]:
    rows = []
    for order in range(1, n_trials + 1):
        x, other = ("new", "old") if order % 2 else ("old", "new")
        said, correct = (x, "yes") if order <= n_correct else (other, "no")
        planned = planned or n_trials
        row = (listener, TIME, "abx", "song", x, other, said, correct, order, planned, 1, 0.0)
        rows.append(Answer(*row))
    return rows


def rated(listener: str, test: str, **scores: list[int]) -> list[Answer]:
    rows = [(name, at, score) for name, all_ in scores.items() for at, score in enumerate(all_)]
    return [
        Answer(listener, TIME, test, f"item {at}", name.replace("_", " "), "", str(score), "",
               order, len(rows), 1, 0.0)
        for order, (name, at, score) in enumerate(rows, 1)
    ]  # fmt: skip


def test_abx_counts_over_all_listeners_and_leaves_out_what_was_ended_early() -> None:
    rows = [*abx("ann", 9, 10), *abx("bob", 5, 10), *abx("eve", 4, 4, planned=10)]
    result = pooled([*rows, *rows[:3]])
    assert [(one.listener, one.n_correct, one.n_trials) for one in result.abx] == [
        (ALL, 14, 20), ("ann", 9, 10), ("bob", 5, 10),
    ]  # fmt: skip
    assert result.abx[0].p_value == pytest.approx(60460 / 2**20)
    assert (result.n_listeners, result.n_repeated, result.n_unfinished) == (3, 3, 1)
    assert result.abx[0].pair == ("new", "old")


def test_mushra_leaves_out_who_misses_the_hidden_reference_or_praises_the_anchor() -> None:
    good = {"reference": [100, 95], "new": [80, 70], "anchor_7_kHz": [40, 50]}
    rows = [
        *rated("ann", "mushra", **good),
        *rated("bob", "mushra", **{**good, "new": [60, 50]}),
        *rated("deaf", "mushra", **{**good, "reference": [100, 60]}),
        *rated("keen", "mushra", **{**good, "anchor_7_kHz": [40, 95]}),
    ]
    result = pooled(rows)
    assert [one.listener for one in result.excluded] == ["deaf", "keen"]
    new = [(one.listener, one.score.mean) for one in result.mushra if one.condition == "new"]
    assert new == [(ALL, 65), ("ann", 75), ("bob", 55)]


def test_mos_by_condition_and_listener_and_the_command_says_the_same(tmp_path: Path) -> None:
    votes = [4] * 5 + [3] * 12 + [2] * 3
    rows = [
        row
        for at, vote in enumerate(votes)
        for row in rated(f"listener {at}", "mos", restored=[vote])
    ]
    first, *each = pooled(rows).mos
    assert (first.condition, first.listener, len(each)) == ("restored", ALL, 20)
    assert first.score.mean == pytest.approx(3.1) and first.counts == (0, 3, 12, 5, 0)
    two = pooled([row for row, vote in zip(rows, votes, strict=True) if vote != 3][4:6]).mos[0]
    assert (two.score.mean, two.score.low, two.score.high) == (3.0, 1, 5), "as the scale goes"
    alone = pooled(rows[:1]).mos
    assert [one.listener for one in alone] == [ALL]

    (tmp_path / "a.csv").write_text(answers.dump(rows), encoding="utf-8")
    (tmp_path / "b.csv").write_text(answers.dump(abx("ann", 9, 10)), encoding="utf-8")
    files = [str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]
    shown = CliRunner().invoke(app, ["listening", *files])
    assert shown.exit_code == 0 and "3.10" in shown.output and "0.0107" in shown.output
    document = json.loads(CliRunner().invoke(app, ["listening", *files, "--json"]).stdout)
    assert document["mos"][0]["counts"] == [0, 3, 12, 5, 0]
    (tmp_path / "b.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    bad = CliRunner().invoke(app, ["listening", *files])
    assert bad.exit_code == 2 and "b.csv, line 1" in bad.output
