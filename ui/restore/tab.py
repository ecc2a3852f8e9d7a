"""The Restore tab: a recording, what is wrong with it, a recipe, and what comes of it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from pipeline import recipe
from pipeline.stage import UsesCheckpoint
from ui.components import chain_form
from ui.components.chain_editor import ChainEditor
from ui.components.player import ABPlayer
from ui.components.rendering import render
from ui.restore import events as events
from ui.restore import outcome, own_weights, recipe_events, tab_wiring
from ui.restore.comparison import MOST
from ui.session import Host

SEPARATORS = {
    "htdemucs": "Demucs",
    "htdemucs_ft": "Demucs, fine-tuned",
    "htdemucs_6s": "Demucs, six stems",
    "hdemucs_mmi": "Demucs, version 3",
    "mdx_extra": "Demucs, MDX extra",
    "harmonic_percussive": "Harmonic / percussive",
    "mid_side": "Mid / side",
}
"""What the page calls the separators."""


def build(session: gr.State, host: Host) -> dict[str, gr.blocks.Block]:
    """Draws the tab and wires it; returns its parts by name."""
    desk = events.Desk(recipe.stage_classes(), host)
    parts: dict[str, Any] = {"session": session}
    with gr.Row(elem_classes="wm-desk"):
        with gr.Column(scale=0, min_width=320, elem_classes="wm-left"):
            parts |= _draw_source()
            parts |= _draw_recipe(desk.stages)
            parts |= _draw_actions()
        with gr.Column(scale=1, min_width=320, elem_classes="wm-right"):
            parts |= _draw_diagnosis()
            parts |= _draw_result()
    tab_wiring.wire(desk, parts)
    return parts


def _heading(text: str) -> None:
    gr.HTML(f"<h2>{text}</h2>", elem_classes="wm-heading", apply_default_css=False)


def _html(name: str = "") -> gr.HTML:
    return gr.HTML("", elem_id=f"wm-{name}" if name else None, apply_default_css=False)


def _draw_source() -> dict[str, Any]:
    with gr.Column(elem_classes="wm-panel wm-recording"):
        _heading("Recording")
        with gr.Tabs(elem_classes="wm-source"):
            with gr.Tab("File"):
                file = gr.File(
                    label="Audio or video file", show_label=False, height=64, elem_id="wm-file"
                )
            with gr.Tab("Microphone"):
                microphone = gr.Audio(
                    sources=["microphone"],
                    type="filepath",
                    show_label=False,
                    editable=False,
                    buttons=[],
                    elem_id="wm-microphone",
                )
            with gr.Tab("Examples"):
                picks = [gr.Button(title, size="md") for title in events.examples()]
        facts = _html("facts")
    return {"file": file, "microphone": microphone, "picks": picks, "facts": facts}


def _draw_recipe(stages: dict[str, type]) -> dict[str, Any]:
    with gr.Column(elem_classes="wm-panel wm-recipe"):
        _heading('Recipe <button type="button" class="wm-explain">explain</button>')
        with gr.Row(elem_classes="wm-tight"):
            named = gr.Dropdown(
                recipe_events.choices(),
                value=recipe_events.DEFAULT,
                show_label=False,
                container=False,
                min_width=160,
                label="Recipe",
                filterable=False,
                elem_id="wm-recipe",
            )
            opened = gr.UploadButton("Open", file_types=[".json"], size="md", scale=0, min_width=64)
        catalogue = chain_form.catalogue(stages, _choices(stages))
        chain = ChainEditor(catalogue, recipe_events.first_value(stages), elem_id="wm-chain")
        compared = _draw_rivals()
        own = _draw_own_weights()
    chosen = {"named": named, "opened": opened, "chain": chain}
    return {**chosen, **compared, **own}


def _draw_rivals() -> dict[str, Any]:
    with gr.Accordion("Compare recipes", open=False, elem_id="wm-rivals", elem_classes="wm-more"):
        rivals = gr.Dropdown(
            recipe_events.choices(),
            value=[recipe_events.OWN],
            multiselect=True,
            max_choices=MOST,
            label=f"Up to {MOST} recipes on the same ten seconds",
            filterable=False,
        )
        compare = gr.Button("Compare on 10 s", interactive=False, size="md")
    return {"rivals": rivals, "compare": compare}


def _draw_own_weights() -> dict[str, Any]:
    with gr.Accordion("Own WaveNet weights", open=False, elem_classes="wm-more"):
        about = "Weights only, no code. A config in the file overrides the size."
        size = gr.Radio(
            list(own_weights.SIZES), value="small", label="Size", info=about,
            elem_classes="wm-segments",
        )  # fmt: skip
        kinds = list(own_weights.KINDS)
        weights = gr.UploadButton("Upload .safetensors, .pt or .pth", file_types=kinds, size="md")
        adopted = _html("adopted")
    return {"size": size, "weights": weights, "adopted": adopted}


def _choices(stages: dict[str, type]) -> dict[tuple[str, str], list[tuple[str, Any]]]:
    """The checkpoints that each stage can run, and the separators, by what the page calls them."""
    from models.checkpoint import available, search_path

    found = {("per_stem", "separator"): [(text, name) for name, text in SEPARATORS.items()]}
    cards = available(search_path())
    for name, cls in stages.items():
        if isinstance(stage := cls(), UsesCheckpoint):
            known = [(card.title, card.name) for card in cards if card.model in stage.MODELS]
            found[name, "checkpoint"] = known
    return found


def _draw_actions() -> dict[str, Any]:
    with gr.Column(elem_classes="wm-panel wm-actions"):
        preview_at = gr.Slider(
            0, 1, value=0, step=0.1, label="Preview from (s)", visible=False, elem_id="wm-at"
        )
        with gr.Row(elem_classes="wm-tight"):
            preview = gr.Button("Preview 10 s", interactive=False, min_width=80)
            restore = gr.Button("Restore", variant="primary", interactive=False, min_width=80)
            stop = gr.Button("Stop", variant="stop", visible=False, min_width=60)
        status = _html("status")
    return {
        "preview_at": preview_at,
        "preview": preview,
        "restore": restore,
        "stop": stop,
        "status": status,
    }


def _draw_diagnosis() -> dict[str, Any]:
    with gr.Column(visible=False, elem_classes="wm-panel wm-diagnosed") as diagnosed:
        diagnosis = _html("diagnosis")
        propose = gr.Button("Use this recipe", size="md", visible=False, elem_id="wm-propose")
    return {"diagnosed": diagnosed, "diagnosis": diagnosis, "propose": propose}


def _draw_result() -> dict[str, Any]:
    empty = gr.HTML(render("restore/welcome.html"), apply_default_css=False, elem_id="wm-empty")
    with gr.Column(visible=False, elem_classes="wm-result") as result:
        with gr.Row(elem_classes="wm-tight"):
            made = _html("made")
            which = gr.Radio(
                [],
                show_label=False,
                container=False,
                visible=False,
                elem_classes="wm-segments",
                elem_id="wm-which",
            )
        parts = _draw_steps()
        player = ABPlayer(elem_id="wm-compare")
        with gr.Column(visible=False, elem_classes="wm-stems") as stems:
            with gr.Row(elem_classes="wm-tight"):
                _heading("Stems")
                zipped = gr.Button(outcome.STEMS, size="md", scale=0, min_width=90)
            mixer = ABPlayer(elem_id="wm-mixer")
        parts |= _draw_guarantee()
        parts |= _draw_slots()
        parts["kinds"].append(zipped)
    shown = {"empty": empty, "result": result, "made": made, "which": which, "player": player}
    return {**shown, "stems": stems, "mixer": mixer, **parts}


def _draw_steps() -> dict[str, Any]:
    with gr.Row(visible=False, elem_classes="wm-tight", elem_id="wm-steps") as steps:
        about: dict[str, Any] = {"filterable": False, "min_width": 130, "visible": False}
        first = gr.Dropdown([], label="Compare", elem_id="wm-first", **about)
        second = gr.Dropdown([], label="with", elem_id="wm-second", **about)
        kept = _html("kept")
    return {"steps": steps, "first": first, "second": second, "kept": kept}


def _draw_guarantee() -> dict[str, Any]:
    with gr.Row(elem_classes="wm-lower") as lower:
        with gr.Column(elem_classes="wm-panel", min_width=300):
            _heading("Guarantee")
            card = _html("guarantee")
        with gr.Column(elem_classes="wm-panel", min_width=300):
            _heading("Download")
            with gr.Row(elem_classes="wm-tight wm-downloads"):
                names = [*outcome.DOWNLOADS, outcome.RECIPE]
                kinds = [gr.Button(name, size="md", min_width=90) for name in names]
            gr.HTML(render("restore/downloads.html"), apply_default_css=False)
    delivery = _html("delivery")
    handed = gr.DownloadButton("Download", visible="hidden", elem_id="wm-handed")
    return {"lower": lower, "card": card, "delivery": delivery, "kinds": kinds, "handed": handed}


def _draw_slots() -> dict[str, Any]:
    parts: dict[str, Any] = {"uses": []}
    with gr.Row(visible=False, elem_classes="wm-slots") as parts["slots"]:
        for at in range(MOST):
            panel: dict[str, Any] = {"elem_classes": "wm-panel", "min_width": 220}
            with gr.Column(visible=False, **panel) as parts[f"slot{at}"]:
                parts[f"said{at}"] = _html()
                parts["uses"].append(gr.Button("Use this recipe", size="md"))
    return parts
