"""Recipes: there and back, and every mistake named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline import recipe
from pipeline.stage import Chain
from pipeline.stages.per_stem import PerStem
from tests.support.helpers import STAGES, Gain

NESTED = {**STAGES, "per_stem": "pipeline.stages.per_stem:PerStem"}


def document(**entry: Any) -> dict[str, Any]:
    return {"version": 1, "stages": [{"stage": "gain", **entry}]}


def test_a_recipe_and_its_chain_are_the_same_thing() -> None:
    chain = Chain((Gain(3.0), Gain(0.5)))
    dumped = recipe.dump(chain, STAGES)
    assert dumped["stages"][0] == {"stage": "gain", "gain": 3.0, "fails": ""}
    assert recipe.load(json.loads(json.dumps(dumped)), STAGES) == chain


def test_a_chain_within_a_stage_goes_there_and_back() -> None:
    stage = PerStem("mid_side", gains_db={"side": None, "mid": 3.0}, stages=(Gain(3.0), Gain()))
    dumped = recipe.dump(Chain((stage, Gain())), NESTED)
    entry = dumped["stages"][0]
    assert entry["gains_db"] == {"side": None, "mid": 3.0}
    assert [inner["gain"] for inner in entry["stages"]] == [3.0, 2.0]
    assert recipe.load(json.loads(json.dumps(dumped)), NESTED) == Chain((stage, Gain()))


def test_titles_summaries_and_reasons_are_for_people(tmp_path: Path, monkeypatch) -> None:
    inner = {"stage": "gain", "reason": "It is faint."}
    outer = {"stage": "per_stem", "separator": "mid_side", "stages": [inner], "reason": ""}
    written = {"version": 1, "title": "Louder!", "summary": "Lifts.", "stages": [outer]}
    assert recipe.read(written, NESTED) == written
    expected = Chain((PerStem("mid_side", stages=(Gain(),)),))
    assert recipe.load(written, NESTED) == expected
    monkeypatch.setitem(recipe.STAGES, "gain", STAGES["gain"])
    monkeypatch.setattr(recipe, "FOLDER", tmp_path)
    (tmp_path / "much-louder.json").write_text(json.dumps(written))
    (tmp_path / "a-b.json").write_text(json.dumps(document()))
    assert recipe.titles() == {"a-b": "A b", "much-louder": "Louder!"}


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"stages": [{"stage": "gian"}]}, r"stage 1 \(per_stem\): stage 1: got 'gian'"),
        ({"stages": [{"stage": "gain", "gain": 101}]}, r"stage 1 \(gain\): gain: got 101"),
        ({"stages": {}}, r"stage 1 \(per_stem\): stages: got {}, expected a list"),
        ({"stages": [{"stage": "per_stem"}]}, "cannot run inside per_stem"),
        ({"weights": "/home"}, "unknown key 'weights'"),
        ({"gains_db": {"vocals": 1}}, "gains_db: got 'vocals', expected one of mid, side"),
        ({"gains_db": {"mid": 25}}, "got 25 for mid, expected -60 to 24 dB, or null to mute"),
        ({"gains_db": [1]}, r"gains_db: got \[1\], expected {stem: dB or null}"),
    ],
)
def test_mistakes_within_a_stage_are_named(entry: dict[str, Any], words: str) -> None:
    outer = {"stage": "per_stem", "separator": "mid_side", **entry}
    with pytest.raises(recipe.RecipeError, match=words):
        recipe.load({"version": 1, "stages": [outer]}, NESTED)


def test_a_bottomless_recipe_is_refused(tmp_path: Path) -> None:
    (tmp_path / "deep.json").write_text('{"version": 1, "stages": ' + "[" * 100_000)
    with pytest.raises(recipe.RecipeError, match=r"deep\.json: not a readable JSON text"):
        recipe.load(tmp_path / "deep.json")


def test_what_a_recipe_does_not_name_has_its_default() -> None:
    assert recipe.load(document(), STAGES) == Chain((Gain(),))
    assert recipe.load({"version": 1, "stages": []}, STAGES) == Chain()


def test_a_recipe_comes_from_a_file_or_by_name(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "louder.json").write_text(json.dumps(document(gain=4)))
    expected = Chain((Gain(4),))
    assert recipe.load(tmp_path / "louder.json", STAGES) == expected
    assert recipe.load(str(tmp_path / "louder.json"), STAGES) == expected
    monkeypatch.setattr(recipe, "FOLDER", tmp_path)
    assert recipe.named() == ["louder"]
    assert recipe.load("louder", STAGES) == expected


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ([], r"got \[\], expected"),
        ({}, "version: got None, expected 1"),
        ({"version": 2, "stages": []}, "version: got 2, expected 1"),
        ({"version": 1}, "stages: got None, expected a list"),
        ({"version": 1, "stages": {}}, "stages: got {}, expected a list"),
        (
            {"version": 1, "stages": [], "stagse": []},
            "unknown key 'stagse', expected stages, summary, title, version",
        ),
        ({"version": 1, "stages": [], "title": 1}, "title: got 1, expected a text"),
        (document(reason=None), r"stage 1 \(gain\): reason: got None, expected a text"),
        ({"version": 1, "stages": ["gain"]}, "stage 1: got None, expected one of gain"),
        (
            {"version": 1, "stages": [{"stage": "gian"}]},
            "stage 1: got 'gian', expected one of gain",
        ),
        ({"version": 1, "stages": [{"stage": ["gain"]}]}, "expected one of gain"),
        (document(gian=1), r"stage 1 \(gain\): unknown key 'gian', expected fails, gain"),
        (
            document(gain=101),
            r"stage 1 \(gain\): gain: got 101, expected a number from 0.0 to 100.0",
        ),
        (document(gain="loud"), "got 'loud', expected a number"),
        (document(fails="often"), "fails: got 'often', expected one of"),
    ],
)
def test_mistakes_are_named(broken: Any, words: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(broken))
    with pytest.raises(ValueError, match=f"mine.json: .*{words}"):
        recipe.load(path, STAGES)
    if isinstance(broken, dict):
        with pytest.raises(recipe.RecipeError, match=words):
            recipe.load(broken, STAGES)


def test_a_file_that_is_no_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"\xff{")
    with pytest.raises(recipe.RecipeError, match=r"a\.json: not a readable JSON text"):
        recipe.load(tmp_path / "a.json")
    with pytest.raises(recipe.RecipeError, match="'nothing', expected a .json file or one of"):
        recipe.load("nothing")


def test_a_stage_without_a_name_cannot_be_written() -> None:
    with pytest.raises(recipe.RecipeError, match=r"tests\.support\.helpers:Gain has no name"):
        recipe.dump(Chain((Gain(),)))


def test_every_named_stage_and_recipe_of_the_product_loads() -> None:
    classes = recipe.stage_classes()
    assert list(classes) == list(recipe.STAGES)
    for name, cls in classes.items():
        assert recipe.STAGES[name].endswith(f":{cls.__name__}")
        assert recipe.load({"version": 1, "stages": [{"stage": name}]}) == Chain((cls(),))
    assert "band-limited-speech" in recipe.named()
    for name in recipe.named():
        chain = recipe.load(name)
        assert recipe.load(recipe.dump(chain)) == chain
