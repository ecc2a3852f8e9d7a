"""The Fine-tune tab without a browser: charts, events, recipes, whose run it is, escaping."""

from __future__ import annotations

import json
from pathlib import Path

import gradio as gr
import pytest

from models.checkpoint import Card
from pipeline.stages.enhance import Enhance
from training.data.dataset import Dataset, Item
from training.learn.cost import Cost
from training.runs import export
from training.runs import run as runs
from training.runs.quota import Limits
from training.runs.run_folder import BEST, CONFIG, EVENTS, RunConfig, write_json
from ui.finetune import dataset_events, dataset_report, result_use, view
from ui.finetune import runs as finetune_runs
from ui.finetune import tab as tab_finetune
from ui.finetune.dataset_events import Desk, Visit
from ui.finetune.run_digest import digest
from ui.finetune.run_events import open_page, show
from ui.finetune.runs import Rules
from ui.session import Session

EVIL = "<img src=x onerror=alert(1)>"
EVENTS_OF_A_RUN = [
    {"event": "start", "time": 100.0, "step": 0},
    {"event": "base", "time": 101.0, "step": 0, "score": 2.0, "lsd": 2.0},
    {"event": "step", "time": 110.0, "step": 10, "mel": 3.0, "total": 5.0, "fraction": 0.1,
     "learning_rate": 1e-4, "audio_seconds_per_second": 8.0},
    {"event": "validation", "time": 111.0, "step": 10, "score": 1.5},
    {"event": "step", "time": 130.0, "step": 30, "mel": 2.0, "total": 4.0, "fraction": 0.3,
     "learning_rate": 2e-4, "audio_seconds_per_second": 9.0},
    {"event": "validation", "time": 131.0, "step": 30, "score": 1.8},
    {"event": "warning", "time": 132.0, "step": 30, "text": EVIL},
]  # fmt: skip
REPORT = {
    "rate": 48_000,
    "rows": [
        {"name": f"{EVIL}.wav", "verdict": "left out", "reasons": [EVIL], "rate": 0,
         "seconds": 0.0, "channels": 0, "bandwidth_hz": 0.0, "group": ""},
        {"name": "a.wav", "verdict": "used", "reasons": [], "rate": 48_000, "seconds": 4.0,
         "channels": 1, "bandwidth_hz": 23_000.0, "group": "a"},
        {"name": "b.wav", "verdict": "used with care", "reasons": ["clipped in 9 places"],
         "rate": 44_100, "seconds": 90.0, "channels": 2, "bandwidth_hz": 16_000.0, "group": "b"},
    ],
    "totals": {"files": 3, "used": 1, "used_with_care": 1, "left_out": 1, "minutes": 1.6,
               "used_minutes": 1.57},
    "split": {"by": "file", "seed": 0, "trained": ["b"], "held_out": ["a"]},
    "warnings": [EVIL],
}  # fmt: skip
VERDICT = {
    "overall": "worse", "base": 2.0, "now": 2.2, "change": 0.2, "low": 0.1, "high": 0.3,
    "files": [{"name": EVIL, "base": 2.0, "now": 2.2, "verdict": "worse"}],
    "text": "Worse than the base: on 1 held-out recording (4 pieces). Keep the base.",
}  # fmt: skip
BASE = Card("base", "spectral_enhancer", {"sample_rate": 48_000}, recipe={"batch": 4, "steps": 9})


def test_a_run_s_events_as_one_digest() -> None:
    found = digest(EVENTS_OF_A_RUN, now=130.0)
    assert (found.step, found.fraction, found.speed, found.rate) == (30, 0.3, 9.0, 2e-4)
    assert list(found.terms) == ["total", "mel"]
    assert found.terms["mel"] == [(10.0, 3.0), (30.0, 2.0)]
    assert found.base == 2.0 and found.best == (10.0, 1.5)
    assert found.left_s == pytest.approx(70.0)  # 0.2 of it took 20 s, 0.7 is left
    assert digest(EVENTS_OF_A_RUN, now=150.0).left_s == pytest.approx(50.0)
    ended = digest([*EVENTS_OF_A_RUN, {"event": "end", "time": 140.0, "reason": "stopped"}], 150.0)
    assert ended.left_s is None and ended.end["reason"] == "stopped" and ended.fraction == 0.3
    again = digest(
        [*EVENTS_OF_A_RUN, {"event": "end", "time": 140.0}, {"event": "start", "time": 500.0}], 500
    )
    assert again.end is None and again.left_s is None
    assert digest([], 0.0).last == 1.0


def test_what_others_say_is_only_ever_text() -> None:
    found = digest(EVENTS_OF_A_RUN, 130.0)
    found.terms[EVIL] = [(1.0, 1.0)]
    pieces = [
        dataset_report.table(REPORT), dataset_report.summary(REPORT),
        view.verdict(VERDICT), view.curves(found), view.off(EVIL),
        view.meter("failed", found, EVIL),
        view.run_title(EVIL, RunConfig(validation_groups=(EVIL,))),
    ]  # fmt: skip
    assert all("<img" not in piece for piece in pieces)
    assert "&lt;img" in "".join(pieces)


def test_worse_is_said_as_plainly_as_better() -> None:
    said = view.verdict(VERDICT)
    assert "<h3>Worse than the base</h3>" in said and "wmf-bad" in said
    assert "+10.0 %" in said and "Keep the base." in said


def test_what_is_checked_tells_what_can_be_done() -> None:
    assert dataset_report.is_usable(REPORT) and dataset_report.can_judge(REPORT)
    table = dataset_report.table(REPORT)
    assert table.index("left out</b>") < table.index("clipped in 9 places")
    assert "held back, to judge by" in table and "1:30 min" in table
    inside = {**REPORT, "rows": [{**row, "name": f"x/y/{row['name']}"} for row in REPORT["rows"]]}
    assert '<th title="x/y/a.wav">a.wav</th>' in dataset_report.table(inside)
    alone = {**REPORT, "split": {"trained": ["a"], "held_out": []}}
    assert not dataset_report.is_usable(alone)
    assert "one more recording" in dataset_report.summary(alone)
    narrow = {**REPORT, "split": {"trained": ["a"], "held_out": ["b"]}}
    assert not dataset_report.can_judge(narrow)


def test_a_run_is_as_long_as_the_form_says_and_no_longer_than_allowed(tmp_path: Path) -> None:
    cost = Cost(step_s=0.5, validation_s=1.0, start_s=3.0)
    data = Dataset(
        tmp_path, "clean", (Item("a", tmp_path / "a", kind="music"), Item("b", tmp_path))
    )
    config = finetune_runs.config_for(BASE, data, "telephone", cost, minutes=5.0)
    assert config.minutes == 5.0 and config.steps == cost.steps(5.0) == 584
    assert (config.validate_every, config.damage) == (73, "telephone")
    assert config.batch == 4 and config.kinds == {"music": 1.0, "speech": 1.0}
    config = finetune_runs.config_for(BASE, data, "world", cost, steps=80)
    assert (config.steps, config.minutes, config.validate_every) == (80, None, 10)
    assert config.warmup_steps <= 10


def test_a_shared_machine_has_limits_and_zero_gpu_none_at_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("SPACE_ID", "SPACES_ZERO_GPU"):
        monkeypatch.delenv(name, raising=False)
    assert Rules.here() == Rules()
    monkeypatch.setenv("SPACE_ID", "someone/wavemend")
    space = Rules.here()
    assert space.shared and not space.off
    assert (space.of_runs.minutes, space.of_runs.days, space.of_data.files) == (30, 2, 500)
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    assert "ZeroGPU" in Rules.here().off
    with gr.Blocks() as page, gr.Tab() as tab:
        assert tab_finetune.build(Session, page, tab) == {}
    drawn = [block.value for block in page.blocks.values() if isinstance(block, gr.HTML)]
    assert len(drawn) == 1 and "Fine-tuning is off here" in drawn[0]


@pytest.fixture
def visit(tmp_path: Path) -> Visit:
    (tmp_path / "session").mkdir()
    return Visit(Session(tmp_path / "session"), owner="x" * 16)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> runs.Run:
    """One that was stopped after its first evaluation."""
    monkeypatch.setenv("WAVEMEND_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("WAVEMEND_CHECKPOINTS", str(tmp_path / "checkpoints"))
    folder = tmp_path / "runs" / "one"
    (folder / BEST).mkdir(parents=True)
    write_json(folder / BEST / "card.json", {"model": "enhancer", "config": {}, "sha256": "ab"})
    (folder / BEST / "weights.safetensors").write_bytes(b"weights")
    write_json(folder / CONFIG, {"recipe": {}, "data": [], "trained_groups": [], "base": None})
    write_json(
        folder / "page.json", {"title": "My voice", "owner": finetune_runs._signed("x" * 16)}
    )
    end = {"event": "end", "time": 140.0, "step": 32, "reason": "stopped", "text": ""}
    lines = [json.dumps(event) for event in [*EVENTS_OF_A_RUN, end]]
    (folder / EVENTS).write_text("\n".join(lines) + "\n")
    write_json(folder / "heartbeat.json", {"state": "ended", "step": 32})
    return runs.Run(folder)


def test_a_run_is_found_again_and_only_by_who_may_see_it(run: runs.Run, visit: Visit) -> None:
    own, shared = Desk(Rules(), Session), Desk(Rules(shared=True), Session)
    shown = open_page(own, visit, "")
    assert visit.run == "one" and "Stopped" in shown["meter"] and "My voice" in shown["titled"]
    assert shown["resume"]["visible"] and not shown["stop"]["visible"]
    assert shown["timer"]["active"] is False
    assert show(own, visit) == {}  # nothing new, nothing sent
    assert len(visit.owner) == 32 and shared.run_of(visit) is None
    shown = open_page(shared, visit, "y" * 16)
    assert visit.run == "" and shown["guide"]["visible"]
    open_page(shared, visit, "x" * 16)
    assert shared.run_of(visit).name == "one"


def test_a_result_is_used_under_a_free_name_and_only_once(run: runs.Run, visit: Visit) -> None:
    visit.run, desk = "one", Desk(Rules(), Session)
    first = result_use.use(desk, visit, "Änne's <b>voice</b>")
    assert json.loads(first["used"]) == ["Änne's <b>voice</b>", "anne-s-b-voice-b"]
    assert "<b>" not in first["used_status"]
    assert result_use.use(desk, visit, "another")["used"] == first["used"]
    assert finetune_runs.name_for("Änne's <b>voice</b>") == "anne-s-b-voice-b-2"
    assert finetune_runs.name_for("…") == "fine-tuned"
    stages = {"enhance": Enhance}
    value, named, tab = result_use.to_restore(stages, first["used"], None)
    on = [card for card in value["cards"] if card["on"]]
    assert named == "own" and tab.selected == "restore"
    assert on[0]["settings"]["checkpoint"] == "anne-s-b-voice-b"


def test_a_token_leaves_the_page_and_is_not_said(
    run: runs.Run, visit: Visit, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    visit.run, token = "one", "hf_SecretSecret"

    def refuse(given: str) -> None:
        raise RuntimeError(f"401 for {given}")

    monkeypatch.setattr(export, "_hub", refuse)
    said = list(result_use.push(Desk(Rules(), Session), visit, "me/net", token, True, "x"))
    assert said[0]["token"] == "" and "401" in said[-1]["pushed"]
    assert token not in str(said) + str(capsys.readouterr()) + str(vars(visit))


def test_a_run_longer_than_allowed_is_refused(visit: Visit, tmp_path: Path) -> None:
    visit.dataset = Dataset(tmp_path, "clean", (Item("a", tmp_path / "a"),))
    visit.report, desk = dict(REPORT), Desk(Rules(Limits(minutes=3)), Session)
    form = ("enhancer-speech-48k", "world")
    assert dataset_events.wanted(desk, visit, *form, dataset_events.PRESET, 0).minutes == 3
    for length, amount in ((dataset_events.MINUTES, 4), (dataset_events.STEPS, 100_000)):
        with pytest.raises(ValueError, match="3 minutes"):
            dataset_events.wanted(desk, visit, *form, length, amount)
    for amount in (0, -1, None, "x", float("nan"), 1e12):
        with pytest.raises(ValueError, match="above 0"):
            dataset_events.wanted(desk, visit, *form, dataset_events.STEPS, amount)
    with pytest.raises(ValueError, match="checkpoint"):
        dataset_events.wanted(desk, visit, "../../etc", "world", dataset_events.PRESET, 0)


def test_a_run_that_is_done_can_be_made_longer_as_far_as_allowed(
    run: runs.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[dict] = []
    monkeypatch.setattr(runs.Run, "resume", lambda self, **more: given.append(more))
    assert not finetune_runs.can_train_on(run)  # it was stopped
    end = {"event": "end", "time": 150.0, "step": 40, "reason": "done", "seconds": 120.0}
    with (run.folder / EVENTS).open("a") as file:
        file.write(json.dumps(end) + "\n")
    (run.folder / "last.pt").touch()
    write_json(run.folder / "training.json", {"patience": 4})
    assert finetune_runs.can_train_on(run) and not finetune_runs.can_resume(run)
    rules = Rules(Limits(minutes=5))
    finetune_runs.train_on(run, rules, minutes=3.0)
    finetune_runs.train_on(run, rules, steps=60)
    assert given == [{"minutes": 5.0, "patience": 8}, {"steps": 100, "patience": 8}]
    for more in ({"minutes": 3.1}, {"steps": 61}):
        with pytest.raises(ValueError, match="5 minutes here in all, and this one has taken 2.0"):
            finetune_runs.train_on(run, rules, **more)
    assert len(given) == 2
