"""The recipe's cards: drawn from knob metadata alone, and exact in both directions."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest

from pipeline import recipe, recipe_text
from pipeline.audio.sound import Audio
from pipeline.knobs import check_knobs, knob, knobs
from pipeline.stage import Tick, no_tick
from pipeline.stages.per_stem import PerStem
from ui.components import chain_form
from ui.components.strength import FACTORS
from ui.restore import own_weights


@dataclasses.dataclass(frozen=True)
class Hum:
    """Takes hum away.

    A stage with a knob of each kind.
    """

    depth_db: float = knob(12.0, 0.0, 60.0, "dB", "How much of the hum goes.")
    harmonics: int = knob(5, 1, 20, help="How many.")
    mains_hz: float | None = knob(None, 45.0, 65.0, "Hz", "Found when automatic.", optional=True)
    mode: str = knob("notch", choices=("notch", "comb"))
    adaptive: bool = knob(True, choices=(True, False))

    def __post_init__(self) -> None:
        check_knobs(self)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        return audio


@dataclasses.dataclass(frozen=True)
class Gain:
    gain_db: float = knob(0.0, -20.0, 20.0, "dB")

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        return audio


STAGES: dict[str, type] = {"hum": Hum, "gain": Gain, "per_stem": PerStem}
PLACES = chain_form.import_paths(STAGES)


def drawn_entry(rng: np.random.Generator, inner: bool = False) -> dict[str, Any]:
    """A recipe's entry with random settings; one of `per_stem` has a random chain of its own."""
    name = str(rng.choice(["hum", "gain"] if inner else list(STAGES)))
    if name == "gain":
        return {"stage": name, "gain_db": float(rng.uniform(-20, 20))}
    if name == "hum":
        return {
            "stage": name, "depth_db": float(rng.integers(0, 60)),
            "harmonics": int(rng.integers(1, 20)), "adaptive": bool(rng.integers(2)),
            "mains_hz": None if rng.integers(2) else float(rng.uniform(45, 65)),
            "mode": str(rng.choice(["notch", "comb"])),
        }  # fmt: skip
    chain = [drawn_entry(rng, inner=True) for _ in range(rng.integers(0, 4))]
    gains: dict[str, float | None] = {"mid": None} if rng.integers(2) else {"side": -3.5}
    return {"stage": name, "separator": "mid_side", "gains_db": gains, "stages": chain}


def through_a_browser(cards: list[chain_form.Card]) -> Any:
    """JSON there and back, where a whole number has no point."""

    def number(text: str) -> float:
        value = float(text)
        return int(value) if value.is_integer() else value

    return json.loads(json.dumps(cards), parse_float=number)


@pytest.mark.parametrize("seed", range(40))
def test_any_recipe_to_cards_and_back_is_the_same_work_in_the_same_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    entries = [drawn_entry(rng) for _ in range(rng.integers(1, 6))]
    document = {"version": 1, "stages": entries}
    cards = through_a_browser(chain_form.from_recipe(document, STAGES))
    back = chain_form.to_recipe(cards, STAGES)
    assert back == recipe.dump(recipe.load(document, PLACES), PLACES)
    for entry in back["stages"]:
        for name, value in entry.items():
            if isinstance(value, (int, float)) and entry["stage"] in ("hum", "gain"):
                default = chain_form.knobs(STAGES[entry["stage"]])[name].default
                assert type(value) is (float if default is None else type(default)), name


def test_every_stage_has_a_card_and_those_that_are_off_keep_their_settings() -> None:
    cards = chain_form.from_recipe(
        {"version": 1, "stages": [{"stage": "gain", "gain_db": 3.0}]}, STAGES
    )
    assert [(card["stage"], card["on"]) for card in cards] == [
        ("gain", True), ("hum", False), ("per_stem", False),
    ]  # fmt: skip
    cards[1]["settings"]["depth_db"] = 7.5
    assert [entry["stage"] for entry in chain_form.to_recipe(cards, STAGES)["stages"]] == ["gain"]
    cards[1]["on"] = True
    assert chain_form.to_recipe(cards, STAGES)["stages"][1]["depth_db"] == 7.5


def test_the_order_of_the_cards_is_the_order_of_the_work() -> None:
    cards = chain_form.new_cards(STAGES)
    for card in cards[:2]:
        card["on"] = True
    for order in (cards, cards[::-1]):
        wanted = [card["stage"] for card in order if card["on"]]
        assert [e["stage"] for e in chain_form.to_recipe(order, STAGES)["stages"]] == wanted


def test_reasons_are_shown_and_nothing_at_all_is_refused() -> None:
    document = {"version": 1, "stages": [{"stage": "hum", "reason": "It hums."}]}
    assert chain_form.from_recipe(document, STAGES)[0]["reason"] == "It hums."
    with pytest.raises(ValueError, match="at least one stage"):
        chain_form.to_recipe(chain_form.new_cards(STAGES), STAGES)


@pytest.mark.parametrize(
    ("cards", "why"),
    [
        (None, "reload"),
        ("x", "reload"),
        ([1], "reload"),
        ([{"stage": "reverb", "on": True, "settings": {}}], "reverb"),
        ([{"on": True}], "expected one of"),
        ([{"stage": "gain", "on": True, "settings": {"wet": 1}}], "wet"),
        ([{"stage": "gain", "on": True, "settings": {"gain_db": "loud"}}], None),
        ([{"stage": "hum", "on": True, "settings": {"harmonics": 99}}], "harmonics"),
        ([{"stage": "per_stem", "on": True, "settings": {}, "cards": 3}], "reload"),
        ([{"stage": "per_stem", "on": True, "settings": {}, "gains_db": {"kazoo": 1}}], "kazoo"),
    ],
)
def test_what_no_page_of_ours_sends_is_refused(cards: Any, why: str | None) -> None:
    if why is None:
        assert (
            chain_form.to_recipe(cards, STAGES)["stages"][0]["gain_db"] == "loud"
        )  # Gain checks nothing
        return
    with pytest.raises(ValueError, match=why):
        chain_form.to_recipe(cards, STAGES)


def test_an_unreadable_recipe_is_refused_with_the_reason() -> None:
    with pytest.raises(ValueError, match="reverb"):
        chain_form.from_recipe({"version": 1, "stages": [{"stage": "reverb"}]}, STAGES)


def test_shipped_recipes_fit_the_form_exactly() -> None:
    stages = recipe.stage_classes()
    assert recipe.named()
    for name in recipe.named():
        cards = chain_form.from_recipe(recipe.read(name), stages)
        assert recipe.load(chain_form.to_recipe(cards, stages)) == recipe.load(name)


def test_the_editor_is_told_each_knob_s_range_unit_and_choices() -> None:
    hum, gain, per_stem = chain_form.catalogue(STAGES, {("gain", "gain_db"): [("none", 0.0)]})
    assert (hum["title"], hum["about"]) == ("Mains hum", "Takes hum away.")
    depth, harmonics, mains, mode, adaptive = hum["knobs"]
    assert (depth["label"], depth["unit"], depth["range"]) == ("Depth", "dB", [0, 60, 0.2])
    assert harmonics["range"][2] == 1 and mains["optional"] and mains["default"] is None
    assert [value for _, value in mode["choices"]] == ["notch", "comb"]
    assert (adaptive["kind"], adaptive["choices"]) == ("tick", [])
    assert gain["knobs"][0]["choices"] == [["none", 0.0]]
    assert per_stem["inner"] and per_stem["stems"]["mid_side"] == ["mid", "side"]
    assert json.loads(json.dumps([hum, gain, per_stem])) == [hum, gain, per_stem]


@pytest.mark.parametrize(
    ("low", "high", "whole", "expected"),
    [(0, 100, False, 0.5), (0, 1, False, 0.005), (0, 20_000, False, 100), (1, 20, True, 1)],
)
def test_a_slider_s_step_is_round(low: float, high: float, whole: bool, expected: float) -> None:
    assert chain_form.step(low, high, whole) == pytest.approx(expected)


def test_the_summary_says_only_what_differs_from_the_defaults() -> None:
    hum = {"stage": "hum", "depth_db": 12.0, "mains_hz": 50.0}
    stems = {"stage": "per_stem", "gains_db": {"drums": None, "bass": -3.0}, "stages": [hum]}
    said = recipe_text.summary({"stages": [hum, {"stage": "gain"}, stems]}, STAGES)
    assert said == (
        "Mains hum (mains 50 Hz) + Gain + Separate into stems "
        "(drums muted, bass -3 dB, on each: Mains hum (mains 50 Hz))"
    )


def test_own_weights_are_chosen_switched_on_and_listed_once() -> None:
    stages = recipe.stage_classes()
    value = {"cards": chain_form.new_cards(stages), "own": {}}
    for _ in range(2):
        value = own_weights.with_network(value, "my-net", "net.pt", stages)
    assert value["own"] == {"wavenet": [["net.pt", "my-net"]]}
    entry = chain_form.to_recipe(value["cards"], stages)["stages"]
    assert [(one["stage"], one["checkpoint"]) for one in entry] == [("wavenet", "my-net")]


def test_cards_within_cards_are_refused_however_deep() -> None:
    one: Any = {"stage": "per_stem", "on": True, "settings": {}, "cards": []}
    for _ in range(5000):
        one = {"stage": "per_stem", "on": True, "settings": {}, "cards": [one]}
    with pytest.raises(ValueError, match="cannot run inside per_stem"):
        chain_form.to_recipe([one], recipe.stage_classes())


def test_a_setting_cannot_name_another_stage_or_be_a_file() -> None:
    file = {"path": "app.py", "meta": {"_type": "gradio.FileData"}}
    for settings in ({"stage": file}, {"checkpoint": file}, {"mix": file}, {"x": file}):
        cards = [{"stage": "enhance", "on": True, "settings": settings}]
        if "stage" in settings:
            (entry,) = chain_form.to_recipe(cards, recipe.stage_classes())["stages"]
            assert entry["stage"] == "enhance"
        else:
            with pytest.raises(ValueError, match="got|unknown key"):
                chain_form.to_recipe(cards, recipe.stage_classes())


def test_strength_scales_settings_that_exist_and_normal_is_what_the_recipe_says() -> None:
    for stage, factors in FACTORS.items():
        known = knobs(recipe.stage_classes()[stage])
        for name, (gentle, normal, strong) in factors.items():
            low, high = known[name].low, known[name].high
            assert known[name].type in (int, float) and low is not None and high is not None
            assert low <= known[name].default * gentle and known[name].default * strong <= high
            assert gentle < normal == 1.0 <= strong
