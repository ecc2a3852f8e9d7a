"""The damage that a visitor chooses is that of the command line, whatever the browser sends."""

from __future__ import annotations

import json
from pathlib import Path

import gradio as gr
import pytest

from pipeline import damages
from ui.degrade import damage


def test_a_preset_with_its_seed_is_the_command_s() -> None:
    for name in damages.named():
        value = damage.opened(name, 5)
        assert damage.chain_of(name, 5, value) == damages.seeded(damages.load(name), 5)


def test_random_damage_is_shown_as_it_is_run() -> None:
    seed, name, value = damage.randomised(4)
    assert (seed, name) == (5, damage.RANDOM)
    chain = damage.chain_of(name, seed, value)
    assert chain == damages.drawn(5)
    cards = [card for card in value["cards"] if card["on"]]
    shown = [{"stage": card["stage"], **card["settings"]} for card in cards]
    assert shown == damages.dump(chain)["stages"]
    assert damage.reseeded(name, 5) == value != damage.reseeded(name, 6)
    assert damage.reseeded("telephone", 6) == gr.skip()


def test_settings_by_hand_count() -> None:
    value = damage.opened("overdriven", 0)
    value["cards"][1]["settings"]["bits"] = 5
    assert damage.chain_of(damage.OWN, 0, value).stages[1].bits == 5
    value["cards"][0]["on"] = value["cards"][1]["on"] = False
    with pytest.raises(ValueError, match="switch on at least one"):
        damage.chain_of(damage.OWN, 0, value)


@pytest.mark.parametrize("value", [None, 3, {"cards": 1}, {"cards": [{"on": True}]}])
def test_what_no_page_sends_is_refused(value) -> None:
    with pytest.raises(ValueError, match="reload|expected one of"):
        damage.chain_of(damage.OWN, 0, value)
    with pytest.raises(gr.Error, match="preset"):
        damage.opened("../../etc/passwd", 0)


@pytest.mark.parametrize(
    ("seed", "read"), [(7.0, 7), (-3, 0), (None, 0), ("x", 0), (1e99, damage.LARGEST_SEED)]
)
def test_a_seed_is_a_whole_number_in_range(seed, read) -> None:
    assert damage.seed_of(seed) == read == damage.seed_of(read)


def test_a_file_is_opened_from_the_uploads_only(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    outside, inside = tmp_path / "a.json", tmp_path / "cache" / "a.json"
    inside.parent.mkdir()
    for path in (outside, inside):
        path.write_text(json.dumps(damages.read("telephone")))
    assert damage.opened_file(str(outside)) == gr.skip()
    assert damage.opened_file(str(inside)) == damage.opened("telephone", 0)
    inside.write_text('{"version": 1, "stages": [{"stage": "declick"}]}')
    with pytest.raises(gr.Error, match="declick"):
        damage.opened_file(str(inside))


def test_one_seed_stands_for_those_of_all_damages() -> None:
    entries = {entry["name"]: entry for entry in damage.catalogue()}
    assert entries.keys() == damages.DAMAGES.keys()
    assert not [knob for one in entries.values() for knob in one["knobs"] if knob["name"] == "seed"]
    assert [knob["label"] for knob in entries["dither"]["knobs"]] == ["Level"]
