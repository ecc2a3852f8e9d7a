"""A recipe's form, drawn from the stages' own `knob()` metadata: a new stage joins by existing."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import gradio as gr
from gradio.components import Component

from pipeline.stage import knobs

Values = list[Any]


@dataclasses.dataclass(frozen=True)
class Field:
    """One value on the form.

    Attributes:
        stage, name: where the value belongs in the recipe; an empty name is the stage's own switch.
        meta: the knob's metadata with its default.
        automatic: True for the tick box beside an optional knob that means "None".
    """

    stage: str
    name: str
    meta: Mapping[str, Any]
    automatic: bool = False

    @property
    def default(self) -> Any:
        if not self.name:
            return True
        if self.automatic:
            return self.meta["default"] is None
        return number_default(self.meta) if self.meta["optional"] else self.meta["default"]


def fields(stages: Mapping[str, type]) -> list[Field]:
    """The form's values in order: for each stage its switch, then its knobs."""
    found = []
    for stage, cls in stages.items():
        found.append(Field(stage, "", {}))
        for name, meta in knobs(cls).items():
            if meta["optional"]:
                found.append(Field(stage, name, meta, automatic=True))
            found.append(Field(stage, name, meta))
    return found


def to_recipe(form: Sequence[Field], values: Sequence[Any]) -> dict[str, Any]:
    """The recipe that the form's values say.

    Raises:
        ValueError: no stage is switched on.
    """
    stages: dict[str, dict[str, Any]] = {}
    automatic = set()
    for field, value in zip(form, values, strict=True):
        if not field.name:
            if value:
                stages[field.stage] = {"stage": field.stage}
        elif field.stage in stages and field.automatic:
            if value:
                automatic.add((field.stage, field.name))
        elif field.stage in stages:
            unset = (field.stage, field.name) in automatic
            stages[field.stage][field.name] = None if unset else as_knob(field.meta, value)
    if not stages:
        raise ValueError("The recipe is empty: switch on at least one stage.")
    return {"version": 1, "stages": list(stages.values())}


def from_recipe(form: Sequence[Field], recipe: Mapping[str, Any]) -> Values:
    """The form's values for a recipe; what the recipe does not name takes its default.

    Raises:
        ValueError: the form cannot show it (a stage twice, an unknown one, or another order).
    """
    shown = list(dict.fromkeys(field.stage for field in form))
    wanted = [entry["stage"] for entry in recipe["stages"]]
    if wanted != [stage for stage in shown if stage in wanted]:
        raise ValueError(
            f"This form runs each of {', '.join(shown)} at most once, in this order; the recipe "
            f"has {', '.join(wanted)}. The command line runs it: --recipe FILE."
        )
    entries = {entry["stage"]: entry for entry in recipe["stages"]}
    return [_value(field, entries.get(field.stage)) for field in form]


def _value(field: Field, entry: Mapping[str, Any] | None) -> Any:
    if not field.name:
        return entry is not None
    if entry is None or field.name not in entry:
        return field.default
    value = entry[field.name]
    if field.automatic:
        return value is None
    return number_default(field.meta) if value is None else value


def number_default(meta: Mapping[str, Any]) -> Any:
    """Where a slider stands when its value is not (yet) used."""
    default = meta["default"]
    return meta["low"] if default is None else default


def as_knob(meta: Mapping[str, Any], value: Any) -> Any:
    """What the browser sent as the knob's own type: a whole number where the default is one."""
    whole = isinstance(meta["default"], int) and not isinstance(meta["default"], bool)
    if whole and isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(meta["default"], float) and isinstance(value, int):
        return float(value)
    return value


def step(low: float, high: float, whole: bool) -> float:
    """A slider's step: 1, 2 or 5 times a power of ten, about 200 steps in all."""
    rough = (high - low) / 200
    power = 10.0 ** math.floor(math.log10(rough))
    nice = min((1, 2, 5, 10), key=lambda n: abs(n * power - rough)) * power
    return max(1.0, round(nice)) if whole else nice


def summary(recipe: Mapping[str, Any], stages: Mapping[str, type]) -> str:
    """One line: the stages, and only the knobs that are not at their default."""
    parts = []
    for entry in recipe["stages"]:
        meta = knobs(stages[entry["stage"]])
        changed = [
            _said(name, meta[name], value)
            for name, value in entry.items()
            if name != "stage" and value != meta[name]["default"]
        ]
        title = entry["stage"].replace("_", " ").capitalize()
        parts.append(f"{title} ({', '.join(changed)})" if changed else title)
    return " + ".join(parts)


def _said(name: str, meta: Mapping[str, Any], value: Any) -> str:
    text = "automatic" if value is None else f"{value} {meta['unit']}".rstrip()
    return f"{label(name, meta).lower()} {text}"


def label(name: str, meta: Mapping[str, Any]) -> str:
    """What the form calls a knob."""
    return meta["label"] or name.replace("_", " ").capitalize()


def draw(
    form: Sequence[Field], values: Sequence[Any], choices: Mapping[str, Iterable[Any]] | None = None
) -> list[Component]:
    """Draws the form where it is called; the components are in the order of `form`.

    Args:
        values: what the form shows at first, in the same order.
        choices: for knobs whose allowed values are known only now (checkpoints): name -> choices.
    """
    drawn: list[Component] = []
    stages = list(dict.fromkeys(field.stage for field in form))
    for stage in stages:
        own = [pair for pair in zip(form, values, strict=True) if pair[0].stage == stage]
        with gr.Column(elem_classes="wm-stage"):
            drawn += _stage(own, len(stages) > 1, choices or {})
    return drawn


def _stage(
    own: list[tuple[Field, Any]], switchable: bool, choices: Mapping[str, Iterable[Any]]
) -> list[Component]:
    (switch, is_on), *rest = own
    title = switch.stage.replace("_", " ").capitalize()
    box = gr.Checkbox(is_on, label=title, visible=switchable, elem_classes="wm-switch")
    drawn: list[Component] = []
    with gr.Column(visible=is_on) as inner:
        automatic: Component | None = None
        for field, value in rest:
            shown = automatic is None or not automatic.value
            drawn.append(_component(field, value, shown, choices))
            if automatic is not None:
                _show_if(automatic, drawn[-1], False)
            automatic = drawn[-1] if field.automatic else None
    _show_if(box, inner, True)
    return [box, *drawn]


def _show_if(box: Component, part: gr.blocks.Block, wanted: bool) -> None:
    """`part` shows only while the tick in `box` is as `wanted`."""
    js = f"on => ({{ visible: on === {str(wanted).lower()}, __type__: 'update' }})"
    box.change(None, box, part, js=js, show_progress="hidden", api_visibility="private")


def _component(
    field: Field, value: Any, visible: bool, choices: Mapping[str, Iterable[Any]]
) -> Component:
    meta, text = field.meta, label(field.name, field.meta)
    if field.automatic:
        said = f"{text}: automatic"
        return gr.Checkbox(value, label=said, info=meta["help"], elem_classes="wm-auto")
    shown = f"{text} ({meta['unit']})" if meta["unit"] else text
    info = None if meta["optional"] else meta["help"] or None
    about = {"value": value, "label": shown, "info": info, "visible": visible}
    if isinstance(meta["default"], bool):
        return gr.Checkbox(**about)
    options = list(choices.get(field.name, meta["choices"]))
    if options:
        return _choice(options, about)
    return gr.Textbox(**about) if isinstance(value, str) else _number(meta, about)


def _choice(options: list[Any], about: dict[str, Any]) -> Component:
    named = [one if isinstance(one, tuple) else (str(one), one) for one in options]
    if about["value"] not in [value for _, value in named]:
        named.append((str(about["value"]), about["value"]))
    if len(named) <= 4 and all(len(text) < 12 for text, _ in named):
        return gr.Radio(named, elem_classes="wm-segments", **about)
    return gr.Dropdown(named, filterable=False, **about)


def _number(meta: Mapping[str, Any], about: dict[str, Any]) -> Component:
    low, high = meta["low"], meta["high"]
    if low is None or high is None:
        return gr.Number(**about)
    return gr.Slider(low, high, step=step(low, high, isinstance(meta["default"], int)), **about)
