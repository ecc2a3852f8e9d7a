"""The recipe on the page: what a visitor may open, compare and bring, and what stays theirs."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest

from pipeline import recipe
from pipeline.audio.sound import Audio
from pipeline.diagnosis.diagnose import Diagnosis
from tests.support.sounds import speech
from ui.components import chain_form
from ui.restore import events, own_weights, recipe_events, result_events, steps
from ui.restore.recipe_events import DEFAULT, OWN, PROPOSED
from ui.restore.result import Result
from ui.session import Session

STAGES = recipe.stage_classes()
PROPOSAL = {"version": 1, "stages": [{"stage": "tone", "reason": "Dull."}]}
NOTHING = {"version": 1, "stages": []}


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return visitor(tmp_path, PROPOSAL)


def visitor(room: Path, proposal: dict[str, Any]) -> Session:
    made = Session.open(room)
    sound = Audio(np.zeros((1, 48_000), np.float32), 48_000)
    made.source = SimpleNamespace(diagnosis=Diagnosis((), proposal), audio=sound)
    return made


def on(value: dict[str, Any]) -> list[str]:
    return [card["stage"] for card in value["cards"] if card["on"]]


def test_a_new_page_shows_the_default_recipe_and_no_proposal() -> None:
    assert on(recipe_events.first_value(STAGES)) == [
        entry["stage"] for entry in recipe.read(DEFAULT)["stages"]
    ]
    assert PROPOSED not in [name for _, name in recipe_events.choices()]


def test_what_is_proposed_comes_first_is_chosen_and_goes_with_its_recording(
    session: Session,
) -> None:
    value = recipe_events.first_value(STAGES)
    updates = recipe_events.proposed(STAGES, session, session.source, value)
    assert updates["recipe_list"]["choices"][0] == ("Proposed: Tone", PROPOSED)
    assert updates["recipe_list"]["value"] == PROPOSED and on(updates["chain"]) == ["tone"]
    assert updates["chain"]["cards"][0]["reason"] == "Dull."
    gone = recipe_events.withdrawn(STAGES, session, PROPOSED, updates["chain"])
    assert gone["recipe_list"]["value"] == DEFAULT and on(gone["chain"]) == on(value)


def test_own_settings_are_offered_beside_the_proposal_for_the_next_recording(
    session: Session,
) -> None:
    reasoned = {"version": 1, "stages": [{"stage": "denoise", "reason": "It hisses."}]}
    own = recipe_events.filled({}, reasoned, STAGES)
    recipe_events.remember(session, OWN, own)
    withdrawn = recipe_events.withdrawn(STAGES, session, OWN, own)
    assert withdrawn["recipe_list"]["value"] == OWN and on(withdrawn["chain"]) == ["denoise"]
    assert "It hisses." not in str(withdrawn["chain"])
    updates = recipe_events.proposed(STAGES, session, session.source, withdrawn["chain"])
    assert updates["recipe_list"]["value"] == PROPOSED and on(updates["chain"]) == ["tone"]
    back = recipe_events.open_recipe(STAGES, session, OWN, updates["chain"])
    assert on(back) == ["denoise"] and "It hisses." not in str(back)


def test_only_named_recipes_and_uploads_are_opened(session: Session, tmp_path: Path) -> None:
    value = recipe_events.first_value(STAGES) | {"own": {"wavenet": [["mine", "my-net"]]}}
    opened = recipe_events.open_recipe(STAGES, session, PROPOSED, value)
    assert on(opened) == ["tone"] and opened["own"] == value["own"]
    secret = tmp_path / "secret.json"
    secret.write_text("{}")
    for chosen in (OWN, str(secret), "../../secret"):
        assert recipe_events.open_recipe(STAGES, session, chosen, value) == gr.skip()


def test_the_forecast_says_how_long_or_what_is_in_the_way(session: Session) -> None:
    value = recipe_events.filled({}, PROPOSAL, STAGES)
    recipe_events.remember(session, OWN, value)
    assert "about" in recipe_events.forecast(STAGES, session, OWN, value)
    assert result_events.buttons(session)["restore"]["interactive"]
    assert "reload" in recipe_events.forecast(STAGES, session, OWN, "nonsense")


def test_an_empty_recipe_cannot_be_run(session: Session) -> None:
    value = recipe_events.filled({}, NOTHING, STAGES)
    for name, text in ((OWN, "at least one stage"), (PROPOSED, "Nothing to do")):
        recipe_events.remember(session, name, value)
        assert text in recipe_events.forecast(STAGES, session, name, value)
        buttons = result_events.buttons(session)
        assert not buttons["restore"]["interactive"] and not buttons["preview"]["interactive"]
    session.source = None
    recipe_events.remember(session, OWN, recipe_events.first_value(STAGES))
    assert not result_events.buttons(session)["restore"]["interactive"]


def test_a_recipe_that_downloads_first_says_so(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "demucs").mkdir()
    monkeypatch.setenv("WAVEMEND_DEMUCS", str(tmp_path / "demucs"))
    separating = {"version": 1, "stages": [{"stage": "per_stem", "separator": "htdemucs"}]}
    value = recipe_events.filled({}, separating, STAGES)
    recipe_events.remember(session, OWN, value)
    note = recipe_events.forecast(STAGES, session, OWN, value)
    assert "1 weights file of the separator will be downloaded first" in note


def test_own_weights_are_adopted_found_by_the_stage_and_outlive_the_recording(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from models.denoisers.wavenet import WaveNet, WaveNetConfig

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    path = tmp_path / "cache" / "mine.pt"
    tiny = {"channels": 4, "stacks": 1, "layers": 2}
    torch.save({"model": WaveNet(WaveNetConfig(**tiny)).state_dict(), "config": tiny}, path)
    value = recipe_events.first_value(STAGES)
    chosen, said = own_weights.adopt(STAGES, session, str(path), "small", value)
    assert "mine.pt" in said and chosen["own"]["wavenet"][0][0] == "mine.pt"
    session.forget()
    settings = chain_form.to_recipe(chosen["cards"], STAGES)
    chain = steps.load_chain(settings, session)
    stage = next(stage for stage in chain.stages if type(stage).__name__ == "WaveNet")
    assert stage(Audio(np.zeros((1, 8000), np.float32), 16_000)).frames == 8000
    path.write_bytes(b"no weights")
    assert "wm-problem" in own_weights.adopt(STAGES, session, str(path), "small", value)[1]
    assert "wm-problem" in own_weights.adopt(STAGES, session, "/etc/passwd", "small", value)[1]


def test_a_result_is_out_of_date_once_a_setting_has_changed(session: Session) -> None:
    value = recipe_events.filled({}, PROPOSAL, STAGES)
    made = recipe_events.document(STAGES, value)
    assert not recipe_events.is_stale(STAGES, session, value), "nothing is shown yet"
    nothing: Any = None
    session.results["whole"] = Result("", "", made, Path(), nothing, nothing, [], [])
    session.shown = "whole"
    assert not recipe_events.is_stale(STAGES, session, value)
    value["cards"][0]["settings"]["tilt_db"] = 2.0
    assert recipe_events.is_stale(STAGES, session, value)
    assert recipe_events.STALE in recipe_events.forecast(STAGES, session, OWN, value)


@pytest.mark.parametrize("marked", ["", "1", "a b", "1 2 3", None, {"a": 1}])
def test_a_part_that_is_not_marked_is_not_restored(session: Session, marked: Any) -> None:
    with pytest.raises(ValueError, match="Mark a part first"):
        result_events.marked_part(session, marked)


def test_a_part_is_one_of_what_is_shown(session: Session) -> None:
    nothing: Any = None
    session.results["preview"] = Result("", "", {}, Path(), nothing, nothing, [], [], start_s=0.5)
    assert result_events.marked_part(session, "0.25 9") == (0.25, 1.0)
    session.shown = "preview"
    assert result_events.marked_part(session, "0.25 0.4") == (0.75, 0.9)


def test_what_the_visitor_says_it_is_decides_the_proposal(tmp_path: Path) -> None:
    from pipeline.degradation.effects import BandLimit
    from pipeline.diagnosis.finding import Finding
    from ui.restore.source import Source

    session = Session.open(tmp_path)
    sound = BandLimit(4000.0)(Audio(speech(2.0), 48_000))
    findings = (
        Finding("content", "music", "", 0.9, "It sounds like music."),
        Finding("bandwidth", 4000.0, "Hz", 0.9, "Nothing above 4 kHz.", True),
    )
    info: Any = SimpleNamespace(container="WAV", subtype="PCM_16", bits=16)
    session.source = Source(tmp_path, "a.wav", sound, info, Diagnosis(findings, NOTHING))
    desk: Any = SimpleNamespace(stages=STAGES)
    value = recipe_events.first_value(STAGES)
    assert events.reconsider(desk, session, "a whale", value) == {}
    updates = events.reconsider(desk, session, "speech", value)
    (card,) = [card for card in updates["chain"]["cards"] if card["on"]]
    assert card["stage"] == "enhance" and "speech" in card["settings"]["checkpoint"]
    assert "Treated as speech" in updates["diagnosis"]
    assert session.source.diagnosis.findings[0].confidence == 1.0


def test_the_marked_part_becomes_the_noise_print_of_what_turns_down_noise(session: Session) -> None:
    desk = events.Desk(STAGES, None)
    value = recipe_events.filled({}, PROPOSAL, STAGES)
    made = events.take_noise(desk, session, value, "0.25 0.75")
    assert made["recipe_list"] == OWN and on(made["chain"]) == ["tone", "denoise"]
    both = {"version": 1, "stages": [{"stage": "snmf"}, {"stage": "tone"}, {"stage": "denoise"}]}
    made = events.take_noise(desk, session, recipe_events.filled({}, both, STAGES), "0.25 0.75")
    stages = recipe_events.document(STAGES, made["chain"])["stages"]
    assert [one["stage"] for one in stages] == ["snmf", "tone", "denoise"]
    spans = [(one["noise_from_s"], one["noise_to_s"]) for one in stages if "noise_to_s" in one]
    assert spans == [(0.25, 0.75)] * 2
    assert "Mark a part first" in events.take_noise(desk, session, value, "")["status"]
    assert "reload it" in events.take_noise(desk, session, {"cards": None}, "0 1")["status"]


def test_a_forecast_that_loads_while_work_begins_leaves_its_stop_alone(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*_: Any) -> str:
        session.job = SimpleNamespace(ended=False)
        return ""

    monkeypatch.setattr(events, "_load", load)
    desk = events.Desk(STAGES, SimpleNamespace())
    value = recipe_events.first_value(STAGES)
    assert events.forecast(desk, session, OWN, value, load=True) == {}
