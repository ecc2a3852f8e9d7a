"""The Fine-tune tab without a browser: how long a run is, whose it is, and what it becomes."""

from __future__ import annotations

import json
from pathlib import Path

import gradio as gr
import pytest

from models.checkpoint import Card, available, search_path
from pipeline.stages.enhance import Enhance
from tests.support.fine_tuning import EVENTS_OF_A_RUN, REPORT
from training.data.dataset import Dataset, Item
from training.learn.cost import Cost
from training.runs import export
from training.runs import run as runs
from training.runs.events import EVENTS, Event
from training.runs.quota import Limits
from training.runs.run_folder import BEST, CONFIG, write_json
from ui.finetune import checkpoints, result_use, run_events, run_plan
from ui.finetune import runs as finetune_runs
from ui.finetune import tab as tab_finetune
from ui.finetune.rules import Rules
from ui.finetune.run_events import open_page, show
from ui.finetune.visit import Desk, Visit
from ui.jobs import Job
from ui.session import Host, Session
from ui.session import Limits as PageLimits

BASE = Card("base", "spectral_enhancer", {"sample_rate": 48_000}, training={"batch": 4, "steps": 9})


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    return Host.open(PageLimits())


@pytest.fixture
def desk(host: Host) -> Desk:
    return Desk(Rules(), host)


def test_a_run_is_as_long_as_the_form_says_and_no_longer_than_allowed(tmp_path: Path) -> None:
    cost = Cost(step_s=0.5, validation_s=1.0, start_s=3.0)
    data = Dataset(
        tmp_path, "clean", (Item("a", tmp_path / "a", kind="music"), Item("b", tmp_path))
    )
    config = run_plan.config_for(BASE, data, "telephone", cost, minutes=5.0)
    assert config.minutes == 5.0 and config.steps == cost.steps(5.0) == 584
    assert (config.validate_every, config.damage) == (73, "telephone")
    assert config.batch == 4 and config.kinds == {"music": 1.0, "speech": 1.0}
    config = run_plan.config_for(BASE, data, "world", cost, steps=80)
    assert (config.steps, config.minutes, config.validate_every) == (80, None, 10)
    assert config.warmup_steps <= 10


def test_a_shared_machine_has_limits_and_zero_gpu_none_at_all(
    monkeypatch: pytest.MonkeyPatch, host: Host
) -> None:
    for name in ("SPACE_ID", "SPACES_ZERO_GPU", "WAVEMEND_SHARED"):
        monkeypatch.delenv(name, raising=False)
    assert Rules.here() == Rules()
    monkeypatch.setenv("SPACE_ID", "someone/wavemend")
    space = Rules.here()
    assert space.shared and not space.off
    assert (space.of_runs.minutes, space.of_runs.days, space.of_data.files) == (30, 2, 500)
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    assert "ZeroGPU" in Rules.here().off
    with gr.Blocks() as page:
        assert tab_finetune.build(gr.State(None), host) == {}
    drawn = [block.value for block in page.blocks.values() if isinstance(block, gr.HTML)]
    assert len(drawn) == 1 and "Fine-tuning is off here" in drawn[0]


@pytest.fixture
def visit(tmp_path: Path) -> Visit:
    (tmp_path / "session").mkdir()
    return Visit(Session(tmp_path / "session", visitor="anna"), owner="x" * 16)


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
        folder / "page.json", {"title": "My voice", "owner": finetune_runs._digest("x" * 16)}
    )
    end = Event("end", 140.0, 32, {"reason": "stopped", "text": ""})
    (folder / EVENTS).write_text("".join(e.line() for e in [*EVENTS_OF_A_RUN, end]))
    write_json(folder / "heartbeat.json", {"state": "ended", "step": 32})
    return runs.Run(folder)


def test_a_run_is_found_again_and_only_by_who_may_see_it(
    run: runs.Run, visit: Visit, desk: Desk
) -> None:
    own, shared = desk, Desk(Rules(shared=True), desk.host)
    shown = open_page(own, visit, None, "")
    assert visit.run == "one" and "Stopped" in shown["meter"] and "My voice" in shown["titled"]
    assert shown["resume"]["visible"] and not shown["stop"]["visible"]
    settled = show(own, visit)
    assert set(settled) == {"timer", "revision"} and settled["timer"]["active"] is False
    assert show(own, visit) == {}  # nothing new, nothing sent
    assert len(visit.owner) == 32 and shared.run_of(visit) is None
    shown = open_page(shared, visit, None, "y" * 16)
    assert visit.run == "" and shown["guide"]["visible"]
    open_page(shared, visit, None, "x" * 16)
    assert shared.run_of(visit).name == "one"


def test_what_was_lost_on_the_way_to_the_page_is_sent_again(
    run: runs.Run, visit: Visit, desk: Desk
) -> None:
    first = open_page(desk, visit, None, "")
    assert run_events.tick(desk, visit, False, first["revision"]).keys() == {"timer", "revision"}
    assert run_events.tick(desk, visit, False, visit.revision) == {}
    again = run_events.tick(desk, visit, False, first["revision"])  # as if the tick was lost
    assert {"meter", "verdict", "run", "start", "stop", "resume", "delete"} <= again.keys()
    assert again["timer"]["active"]


def test_a_visitor_s_checkpoint_is_of_that_visitor_alone(
    run: runs.Run, visit: Visit, host: Host
) -> None:
    desk, restore = Desk(Rules(shared=True), host), host.open_session("anna")
    visit.run, other = "one", host.open_session("bert")
    assert "expired" in result_use.use(desk, visit, None, "Anna")["used_status"]
    used = json.loads(result_use.use(desk, visit, restore, "Anna")["used"])
    assert (
        used == ["Anna", "anna", "enhancer"] and (restore.networks / "anna" / "card.json").is_file()
    )
    assert "anna" not in {card.name for card in available(search_path())}
    assert "anna" not in {card.name for card in available(search_path(other.networks))}
    assert checkpoints.free_name("Anna") == "anna"  # so that a name tells nothing of others
    restore.close()
    assert not restore.networks.exists()


def test_a_verdict_is_reached_beside_the_page_and_its_failure_is_said(
    run: runs.Run, visit: Visit, desk: Desk
) -> None:
    visit.run = "one"
    shown = run_events.judge(desk, visit)
    assert shown["timer"]["active"] and not shown["judge"]["visible"]
    name, job = visit.judging
    assert name == "one" and isinstance(job, Job) and job.wait(60)
    settled = run_events.tick(desk, visit, False, visit.revision)
    assert "wm-problem" in settled["verdict"] and settled["judge"]["visible"]


def test_a_result_is_used_under_a_free_name_and_only_once(
    run: runs.Run, visit: Visit, desk: Desk
) -> None:
    visit.run = "one"
    first = result_use.use(desk, visit, None, "Änne's <b>voice</b>")
    assert json.loads(first["used"])[:2] == ["Änne's <b>voice</b>", "anne-s-b-voice-b"]
    assert "<b>" not in first["used_status"]
    assert result_use.use(desk, visit, None, "another")["used"] == first["used"]
    assert checkpoints.free_name("Änne's <b>voice</b>") == "anne-s-b-voice-b-2"
    assert checkpoints.free_name("…") == "fine-tuned"
    stages = {"enhance": Enhance}
    value, named, tab = result_use.to_restore(stages, first["used"], None)
    on = [card for card in value["cards"] if card["on"]]
    assert named == "own" and tab.selected == "restore"
    assert on[0]["settings"]["checkpoint"] == "anne-s-b-voice-b"


def test_a_token_leaves_the_page_and_is_not_said(
    run: runs.Run,
    visit: Visit,
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    visit.run, token = "one", "hf_SecretSecret"

    def refuse(given: str) -> None:
        raise RuntimeError(f"401 for {given}")

    monkeypatch.setattr(export, "_hub", refuse)
    said = list(result_use.push(desk, visit, "me/net", token, True, "x"))
    assert said[0]["token"] == "" and "401" in said[-1]["pushed"]
    assert token not in str(said) + str(capsys.readouterr()) + str(vars(visit))


def test_a_run_longer_than_allowed_is_refused(visit: Visit, host: Host, tmp_path: Path) -> None:
    visit.dataset = Dataset(tmp_path, "clean", (Item("a", tmp_path / "a"),))
    visit.report, desk = dict(REPORT), Desk(Rules(Limits(minutes=3)), host)
    form = ("enhancer-speech-48k", "world")
    assert run_plan.planned(desk, visit, *form, run_plan.PRESET, 0).minutes == 3
    for length, amount in ((run_plan.MINUTES, 4), (run_plan.STEPS, 100_000)):
        with pytest.raises(ValueError, match="3 minutes"):
            run_plan.planned(desk, visit, *form, length, amount)
    for amount in (0, -1, None, "x", float("nan"), 1e12):
        with pytest.raises(ValueError, match="above 0"):
            run_plan.planned(desk, visit, *form, run_plan.STEPS, amount)
    with pytest.raises(ValueError, match="checkpoint"):
        run_plan.planned(desk, visit, "../../etc", "world", run_plan.PRESET, 0)


def test_a_run_that_is_done_can_be_made_longer_as_far_as_allowed(
    run: runs.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[dict] = []
    monkeypatch.setattr(runs.Run, "resume", lambda self, **more: given.append(more))
    assert not finetune_runs.can_train_on(run)  # it was stopped
    end = Event("end", 150.0, 40, {"reason": "done", "seconds": 120.0})
    with (run.folder / EVENTS).open("a") as file:
        file.write(end.line())
    (run.folder / "last.pt").touch()
    write_json(run.folder / "training.json", {"patience": 4})
    assert finetune_runs.can_train_on(run) and not finetune_runs.can_resume(run)
    rules = Rules(Limits(minutes=5))
    finetune_runs.train_on(run, rules, 4, minutes=3.0)
    finetune_runs.train_on(run, rules, 4, steps=60)
    assert given == [{"minutes": 5.0, "patience": 8}, {"steps": 100, "patience": 8}]
    for more in ({"minutes": 3.1}, {"steps": 61}):
        with pytest.raises(ValueError, match="5 minutes here in all, and this one has taken 2.0"):
            finetune_runs.train_on(run, rules, 4, **more)
    assert len(given) == 2
