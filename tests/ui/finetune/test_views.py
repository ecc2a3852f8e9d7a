"""The Fine-tune tab's HTML: a run's events in numbers, verdicts, reports, and nothing but text."""

from __future__ import annotations

import pytest

from tests.support.fine_tuning import EVENTS_OF_A_RUN, EVIL, REPORT, VERDICT
from training.config import CONFIGS, read_config
from training.runs.events import Event
from training.runs.run_folder import RunConfig
from ui.finetune import dataset_report, run_view
from ui.finetune.run_digest import digest_of


def test_a_run_s_events_as_one_digest() -> None:
    digest = digest_of(EVENTS_OF_A_RUN, now=130.0)
    assert (digest.step, digest.fraction, digest.speed, digest.rate) == (30, 0.3, 9.0, 2e-4)
    assert list(digest.terms) == ["total", "mel"]
    assert digest.terms["mel"] == [(10.0, 3.0), (30.0, 2.0)]
    assert digest.base == 2.0 and digest.best == (10.0, 1.5)
    assert digest.left_s == pytest.approx(70.0)  # 0.2 of it took 20 s, 0.7 is left
    assert digest_of(EVENTS_OF_A_RUN, now=150.0).left_s == pytest.approx(50.0)
    stopped = Event("end", 140.0, 30, {"reason": "stopped"})
    ended = digest_of([*EVENTS_OF_A_RUN, stopped], 150.0)
    assert ended.left_s is None and ended.fraction == 0.3
    assert ended.end is not None and ended.end.text("reason") == "stopped"
    again = digest_of([*EVENTS_OF_A_RUN, stopped, Event("start", 500.0)], 500)
    assert again.end is None and again.left_s is None
    assert digest_of([], 0.0).last == 1.0


def test_what_others_say_is_only_ever_text() -> None:
    digest = digest_of(EVENTS_OF_A_RUN, 130.0)
    digest.terms[EVIL] = [(1.0, 1.0)]
    pieces = [
        dataset_report.table(REPORT), dataset_report.summary(REPORT),
        run_view.verdict(VERDICT), run_view.curves(digest), run_view.off(EVIL),
        run_view.meter("failed", digest, EVIL),
        run_view.run_title(EVIL, RunConfig(validation_groups=(EVIL,))),
    ]  # fmt: skip
    assert all("<img" not in piece for piece in pieces)
    assert "&lt;img" in "".join(pieces)


def test_worse_is_said_as_plainly_as_better() -> None:
    said = run_view.verdict(VERDICT)
    assert "<h3>Worse than the base</h3>" in said and "wmf-bad" in said
    assert "+10.0 %" in said and "Keep the base." in said


def test_what_is_checked_tells_what_can_be_done() -> None:
    assert dataset_report.is_usable(REPORT) and dataset_report.can_judge(REPORT)
    table = dataset_report.table(REPORT)
    assert table.index("left out</b>") < table.index("clipped in 9 places")
    assert "held out, to judge by" in table and "1:30 min" in table
    inside = {**REPORT, "rows": [{**row, "name": f"x/y/{row['name']}"} for row in REPORT["rows"]]}
    assert '<th title="x/y/a.wav">a.wav</th>' in dataset_report.table(inside)
    speakers = {**REPORT, "split": {"trained": ["a", "b"], "held_out": ["c"], "by": "speaker"}}
    assert "1 speaker is held out; the result is judged by it" in dataset_report.table(speakers)
    alone = {**REPORT, "split": {"trained": ["a"], "held_out": []}}
    assert not dataset_report.is_usable(alone)
    assert "at least one more recording" in dataset_report.summary(alone)
    narrow = {**REPORT, "split": {"trained": ["a"], "held_out": ["b"]}}
    assert not dataset_report.can_judge(narrow)


def test_every_loss_term_of_a_shipped_config_has_a_title() -> None:
    used = {name for path in CONFIGS.glob("*.json") for name in read_config(path).losses}
    assert sorted(used - set(run_view.TERMS)) == []


def test_loss_terms_of_the_held_out_recordings_stand_beside_those_learned() -> None:
    events = [
        *(Event("step", 0.0, step, {"total": 9.0 - step, "fraction": 0.1}) for step in (1, 2)),
        *(Event("validation", 1.0, step, {"score": 1.0, "val_total": 7.5}) for step in (1, 2)),
    ]
    digest = digest_of(events, 1.0)
    assert digest.held_out == {"total": [(1.0, 7.5), (2.0, 7.5)]}
    page = run_view.curves(digest)
    assert "7.5 held out" in page and page.count("wmf-level") == 1
    assert "held out</small></td>" not in run_view.curves(digest_of(events[:2], 1.0))
