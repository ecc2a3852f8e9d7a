"""A recipe from anyone: only texts, numbers and truth values, limited in size, errors named."""

from __future__ import annotations

import copy
import json
import math
import random
from pathlib import Path
from typing import Any

import pytest

from pipeline import recipe
from pipeline.knobs import LONGEST_TEXT, knobs

FILE_DATA = {"path": "app.py", "meta": {"_type": "gradio.FileData"}}
"""What a web page library may take for a file that it is to serve."""

WRONG = [
    FILE_DATA, [FILE_DATA], {}, [], None, True, math.nan, math.inf, -1e308, 2**63, 10**400, 3.5,
    "", "x" * 5000, "\x00", "\ud800", "../../app.py", "🙂", [[[]]], {"a": {"b": 1}}, "auto", 0, 1,
]  # fmt: skip


def stage(name: str, **settings: Any) -> dict[str, Any]:
    return {"version": 1, "stages": [{"stage": name, **settings}]}


@pytest.mark.parametrize("name", sorted(recipe.STAGES))
def test_no_knob_takes_anything_but_its_own_type(name: str) -> None:
    for key, knob in knobs(recipe.stage_classes()[name]).items():
        wrong = [FILE_DATA, [knob.default], {"value": knob.default}, math.nan, math.inf]
        wrong += [1, True] if knob.type is str else ["1", True]
        wrong += ["x" * (LONGEST_TEXT + 1), "a\nb", "\x00", "\ud800"]
        wrong += [] if knob.optional else [None]
        for value in wrong:
            with pytest.raises(recipe.RecipeError):
                recipe.load(stage(name, **{key: value}))


@pytest.mark.parametrize("key", ["title", "summary", "reason"])
@pytest.mark.parametrize("value", [FILE_DATA, [], 1, None, "x" * 3000, "\x1b[31m", "\udfff"])
def test_what_is_for_people_is_text(key: str, value: Any) -> None:
    document = stage("tone")
    (document["stages"][0] if key == "reason" else document)[key] = value
    with pytest.raises(recipe.RecipeError):
        recipe.read(document)


def test_text_for_people_may_have_lines_and_any_script() -> None:
    document = {**stage("tone", reason="A\n\tb"), "title": "磁带 🧑‍🚀", "summary": "ט"}
    assert recipe.read(document) == document


def test_a_whole_number_is_the_knob_s_own_kind() -> None:
    (loaded,) = recipe.load(stage("snmf", atoms=16.0, reduction_db=20)).stages
    assert (type(loaded.atoms), type(loaded.reduction_db)) == (int, float)  # type: ignore[attr-defined]
    with pytest.raises(recipe.RecipeError, match="atoms: got 16.5, expected a whole number from 4"):
        recipe.load(stage("snmf", atoms=16.5))


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "document",
    [
        {"version": 1, "stages": [{"stage": "tone"}] * (recipe.MOST_STAGES + 1)},
        stage("per_stem", stages=[{"stage": "tone"}] * recipe.MOST_STAGES),
        {"version": 1, "stages": [0] * 20_000},
        {"version": 1, "stages": [], "title": nested(200_000)},
        stage("tone", **{str(at): at for at in range(20_000)}),
        {"version": 1, "stages": [], "k" * 5000: 1},
        {"version": 1, "stages": [], "title": {1, 2}},
    ],
    ids=["stages", "stages on stems", "values", "depth", "keys", "a long key", "another type"],
)
def test_what_is_too_large_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(recipe.RecipeError) as caught:
        recipe.load(document)
    assert len(str(caught.value)) < 1000


def test_as_many_stages_as_allowed_are_read() -> None:
    entries = [{"stage": "tone"}] * recipe.MOST_STAGES
    assert len(recipe.load({"version": 1, "stages": entries}).stages) == recipe.MOST_STAGES


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[" * 100_000, "not a readable JSON text"),
        (b'{"version": 1, "stages": ' + b'{"a":' * 100_000, "not a readable JSON text"),
        (b'{"version": ' + b"1" * 5000 + b"}", "not a readable JSON text|version: got"),
        (b" " * (2 << 20), "expected at most 1048576"),
        (b"\xff\xfe\x00", "not a readable JSON text"),
        (b"", "not a readable JSON text"),
        (b"7", "got 7, expected"),
    ],
)
def test_a_file_that_is_no_recipe_is_named(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(recipe.RecipeError, match=rf"^a\.json: .*({words})"):
        recipe.read(path)


@pytest.mark.parametrize("name", ["x" * 10_000, "a\x00b", "", ".", "../recipes/telephone"])
def test_a_name_that_is_no_recipe_s_is_refused(name: str) -> None:
    with pytest.raises(recipe.RecipeError, match=r"expected a \.json file or one of"):
        recipe.load(name)


@pytest.mark.parametrize("document", [None, 1, "1", [], [1], {1: 2}, {"version": True}])
def test_no_document_is_anything_but_a_recipe_error(document: Any) -> None:
    with pytest.raises(recipe.RecipeError):
        recipe.read(document)


def test_thousands_of_broken_recipes_are_refused_by_name() -> None:
    draw = random.Random(0)
    originals = [recipe.read(name) for name in recipe.named()]
    originals.append(stage("per_stem", gains_db={"vocals": 1}, stages=[{"stage": "snmf"}]))
    outcomes = {True: 0, False: 0}
    for _ in range(4000):
        document = copy.deepcopy(draw.choice(originals))
        for _ in range(draw.randint(1, 3)):
            spoil(document, draw)
        outcomes[is_read(document)] += 1
    assert min(outcomes.values()) > 100, outcomes


def spoil(document: Any, draw: random.Random) -> None:
    """Changes one value, adds one key or takes one away, anywhere in a document."""
    holders = [document]
    for holder in holders:
        children = holder.values() if isinstance(holder, dict) else holder
        holders += [child for child in children if isinstance(child, (dict, list))]
    holder = draw.choice([one for one in holders if one] or [document])
    value = copy.deepcopy(draw.choice(WRONG))
    if isinstance(holder, list):
        holder[draw.randrange(len(holder))] = value
    elif (change := draw.random()) < 0.7:
        holder[draw.choice(list(holder))] = value
    elif change < 0.85:
        holder[draw.choice(["stages", "gains_db", "checkpoint", "mix", "x", "device"])] = value
    else:
        del holder[draw.choice(list(holder))]


def is_read(document: Any) -> bool:
    """Whether a recipe loads; whatever else happens must be a short `RecipeError`."""
    try:
        chain = recipe.load(document)
    except recipe.RecipeError as error:
        assert len(str(error)) < 2000
        str(error).encode()
        return False
    json.dumps(recipe.dump(chain), allow_nan=False).encode()
    return True
