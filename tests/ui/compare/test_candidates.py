"""What can be compared: chosen by a visitor, whose page may send anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline import recipe
from pipeline.audio.encode import save
from tests.support.helpers import tone
from ui.compare import candidates
from ui.components import chain_form
from ui.restore.recipe_events import DEFAULT, Editor
from ui.session import Host, Limits, Session

STAGES = recipe.stage_classes()
TONE = {"version": 1, "stages": [{"stage": "tone", "tilt_db": 3.0}]}
SHELF = {"Bright": {"cards": chain_form.from_recipe(TONE, STAGES)}}


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return Host.open(Limits()).open_session("visitor")


def test_the_list_holds_restore_s_recipe_the_paths_and_the_visitor_s_own(session) -> None:
    saved = candidates.read_saved(json.dumps(SHELF), STAGES)
    names = [name for _, name in candidates.choices(saved)]
    assert names == ["restore", *candidates.PATHS, *recipe.named(), "own:Bright"]
    chosen = candidates.collect(["own:Bright", "restore"], None, saved, session, STAGES)
    assert [one.title for one in chosen] == ["Bright", "Recipe of Restore"]
    assert chosen[0].document["stages"][0]["tilt_db"] == 3.0
    assert chosen[1].document == recipe.read(DEFAULT)
    session.editor = Editor("own", SHELF["Bright"])
    (mine,) = candidates.collect(["restore"], None, {}, session, STAGES)
    assert mine.document == saved["Bright"]


def test_the_three_paths_are_separation_with_s_nmf_the_mask_net_and_wavenet(session) -> None:
    three = candidates.collect(list(candidates.PATHS), None, {}, session, STAGES)
    assert [one.title for one in three] == ["Demucs + S-NMF", "U-Net", "WaveNet"]
    stages = [[entry["stage"] for entry in one.document["stages"]] for one in three]
    assert stages[0][-1] == "per_stem" and stages[1:] == [["mask_unet"], ["wavenet"]]
    per_stem = three[0].document["stages"][-1]
    assert per_stem.get("separator", "htdemucs") == "htdemucs"
    assert [entry["stage"] for entry in per_stem["stages"]] == ["snmf", "tone"]


@pytest.mark.parametrize(
    "text", ["", "[1]", "{", '{"a": 1}', '{"a": {"cards": [{"on": true}]}}', 7]
)
def test_what_the_browser_keeps_is_a_recipe_or_left_out(text) -> None:
    assert candidates.read_saved(text, STAGES) == {}


def test_one_to_four_in_all_of_which_only_uploads_are_files(session, tmp_path: Path) -> None:
    inside, outside = session.folder / "a.wav", Path("pyproject.toml").resolve()
    save(tone(seconds=0.1), inside)
    both = candidates.collect(["noisy-music"], [str(inside), str(outside)], {}, session, STAGES)
    assert [one.title for one in both] == ["Noisy music", "a.wav"] and both[1].path == inside
    twice = candidates.collect([], [str(inside), str(inside)], {}, session, STAGES)
    assert [one.title for one in twice] == ["a.wav (1)", "a.wav (2)"]
    for names, files in (([], [str(outside)]), (["restore"], [str(inside)] * 4), (None, None)):
        with pytest.raises(ValueError, match="expected one to 4 in all"):
            candidates.collect(names, files, {}, session, STAGES)
    for name in ("own:gone", "/etc/passwd", "{'a': 1}"):
        with pytest.raises(ValueError, match="no longer exists"):
            candidates.collect([name], [], {}, session, STAGES)
