"""The recipe's form: drawn from knob metadata alone, and exact in both directions."""

from __future__ import annotations

import dataclasses

import gradio as gr
import pytest

from pipeline import recipe
from pipeline.stage import knob
from ui import form


@dataclasses.dataclass(frozen=True)
class Hum:
    """A stage with a knob of each kind."""

    depth_db: float = knob(12.0, 0.0, 60.0, "dB", "How much of the hum goes.")
    harmonics: int = knob(5, 1, 20, help="How many.")
    mains_hz: float | None = knob(None, 45.0, 65.0, "Hz", "Found when automatic.", optional=True)
    mode: str = knob("notch", choices=("notch", "comb"))
    adaptive: bool = knob(True, choices=(True, False))


@dataclasses.dataclass(frozen=True)
class Gain:
    gain_db: float = knob(0.0, -20.0, 20.0, "dB")


STAGES = {"hum": Hum, "gain": Gain}
FORM = form.fields(STAGES)


def drawn(names: list[str]) -> list[gr.components.Component]:
    fields = form.fields({name: STAGES[name] for name in names})
    with gr.Blocks():
        return form.draw(fields, [field.default for field in fields])


def test_every_knob_is_on_the_form_in_order() -> None:
    names = [(field.stage, field.name, field.automatic) for field in FORM]
    assert names == [
        ("hum", "", False), ("hum", "depth_db", False), ("hum", "harmonics", False),
        ("hum", "mains_hz", True), ("hum", "mains_hz", False), ("hum", "mode", False),
        ("hum", "adaptive", False), ("gain", "", False), ("gain", "gain_db", False),
    ]  # fmt: skip


def test_the_untouched_form_is_every_stage_at_its_defaults() -> None:
    found = form.to_recipe(FORM, [field.default for field in FORM])
    hum, gain = found["stages"]
    assert hum.pop("stage") == "hum" and Hum(**hum) == Hum()
    assert gain == {"stage": "gain", "gain_db": 0.0}


@pytest.mark.parametrize(
    "stages",
    [
        [{"stage": "hum", "depth_db": 3.5, "mains_hz": 60.0, "mode": "comb", "adaptive": False}],
        [{"stage": "gain", "gain_db": -6.0}],
        [{"stage": "hum", "mains_hz": None, "harmonics": 7}, {"stage": "gain"}],
    ],
)
def test_recipe_to_form_and_back_is_the_same_work(stages: list[dict]) -> None:
    back = form.to_recipe(FORM, form.from_recipe(FORM, {"version": 1, "stages": stages}))
    assert [entry["stage"] for entry in back["stages"]] == [entry["stage"] for entry in stages]
    for before, after in zip(stages, back["stages"], strict=True):
        made = [
            STAGES[entry["stage"]](**{k: v for k, v in entry.items() if k != "stage"})
            for entry in (before, after)
        ]
        assert made[0] == made[1]


def test_shipped_recipes_fit_the_form_exactly() -> None:
    fields = form.fields(recipe.stage_classes())
    assert recipe.named()
    for name in recipe.named():
        chain = recipe.load(name)
        values = form.from_recipe(fields, recipe.dump(chain))
        assert recipe.load(form.to_recipe(fields, values)) == chain


def test_a_browser_s_numbers_become_the_knob_s_own_type() -> None:
    values = [field.default for field in FORM]
    values[1], values[2] = 12, 5.0  # JSON knows one kind of number
    hum = form.to_recipe(FORM, values)["stages"][0]
    assert isinstance(hum["depth_db"], float) and isinstance(hum["harmonics"], int)


def test_switched_off_stages_are_not_in_the_recipe_and_none_at_all_is_refused() -> None:
    values = [field.default if field.name else False for field in FORM]
    with pytest.raises(ValueError, match="at least one stage"):
        form.to_recipe(FORM, values)
    values[7] = True
    assert [s["stage"] for s in form.to_recipe(FORM, values)["stages"]] == ["gain"]


@pytest.mark.parametrize("order", [["gain", "hum"], ["gain", "gain"], ["reverb"]])
def test_what_the_form_cannot_show_it_refuses_with_the_cure(order: list[str]) -> None:
    with pytest.raises(ValueError, match="command line"):
        form.from_recipe(FORM, {"version": 1, "stages": [{"stage": name} for name in order]})


def test_components_carry_the_knob_s_range_unit_and_choices() -> None:
    switch, depth, harmonics, automatic, mains, mode, adaptive = drawn(["hum"])
    assert not switch.visible, "a lone stage needs no switch"
    assert (depth.minimum, depth.maximum, depth.label) == (0.0, 60.0, "Depth db (dB)")
    assert harmonics.step == 1
    assert automatic.value is True and not mains.visible
    assert [value for _, value in mode.choices] == ["notch", "comb"]
    assert adaptive.value is True
    assert drawn(["hum", "gain"])[0].visible


@pytest.mark.parametrize(
    ("low", "high", "whole", "expected"),
    [(0, 100, False, 0.5), (0, 1, False, 0.005), (0, 20_000, False, 100), (1, 20, True, 1)],
)
def test_a_slider_s_step_is_round(low: float, high: float, whole: bool, expected: float) -> None:
    assert form.step(low, high, whole) == pytest.approx(expected)


def test_the_summary_says_only_what_differs_from_the_defaults() -> None:
    said = form.summary(
        {"stages": [{"stage": "hum", "depth_db": 12.0, "mains_hz": 50.0}, {"stage": "gain"}]},
        STAGES,
    )
    assert said == "Hum (mains hz 50.0 Hz) + Gain"
