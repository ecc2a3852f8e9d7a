"""Recipes: there and back, and every mistake named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline import recipe
from pipeline.stage import Chain
from tests.helpers import STAGES, Gain


def document(**entry: Any) -> dict[str, Any]:
    return {"version": 1, "stages": [{"stage": "gain", **entry}]}


def test_a_recipe_and_its_chain_are_the_same_thing() -> None:
    chain = Chain((Gain(3.0), Gain(0.5)))
    dumped = recipe.dump(chain, STAGES)
    assert dumped["stages"][0] == {"stage": "gain", "gain": 3.0, "fails": ""}
    assert recipe.load(json.loads(json.dumps(dumped)), STAGES) == chain


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
        ([], "got list, expected"),
        ({}, "version: got None, expected 1"),
        ({"version": 2, "stages": []}, "version: got 2, expected 1"),
        ({"version": 1}, "stages: got None, expected a list"),
        ({"version": 1, "stages": {}}, "stages: got {}, expected a list"),
        (
            {"version": 1, "stages": [], "stagse": []},
            "unknown key 'stagse', expected stages, version",
        ),
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
    with pytest.raises(recipe.RecipeError, match=r"a\.json: not a readable JSON file"):
        recipe.load(tmp_path / "a.json")
    with pytest.raises(recipe.RecipeError, match="'nothing', expected a .json file or one of"):
        recipe.load("nothing")


def test_a_stage_without_a_name_cannot_be_written() -> None:
    with pytest.raises(recipe.RecipeError, match=r"tests\.helpers:Gain has no name"):
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
