"""The layout of the Restore tab: recording, diagnosis, recipe, result."""

from __future__ import annotations

from typing import Any

import gradio as gr

from models.card import CLASSES
from pipeline import recipe
from pipeline.separation.separators import OURS
from pipeline.separation.voice import checkpoints
from pipeline.stage import UsesCheckpoint
from ui.components import chain_form
from ui.components.chain_editor import ChainEditor
from ui.components.example_cards import ExampleCards
from ui.components.layout import heading
from ui.components.player import ABPlayer
from ui.components.rendering import render
from ui.components.scripts import mounting
from ui.restore import downloads, events, own_weights, recipe_events, reference, tab_wiring
from ui.restore.reload import Networks
from ui.restore.several import panel as several
from ui.session import Host

SEPARATORS = {
    "htdemucs": "Demucs",
    "htdemucs_ft": "Demucs, fine-tuned",
    "htdemucs_6s": "Demucs, six stems",
    "hdemucs_mmi": "Demucs, version 3",
    "mdx_extra": "Demucs, MDX extra",
    "voice_masker": "Voice / accompaniment",
    "wave_unet": "Voice / accompaniment, Wave-U-Net",
    "harmonic_percussive": "Harmonic / percussive",
    "mid_side": "Mid / side",
}
"""The separators' names on the page."""

ABOUT_EXAMPLES = {
    "Old record with hum and clicks": "Mains hum, clicks, and little treble",
    "Plucked strings up to 8 kHz": "Music whose treble was cut off",
    "Synthetic voice up to 4 kHz": "Speech, dull and muffled",
    "Telephone call 8 kHz": "A narrow line, with noise",
}
CHOSEN_EXAMPLE = "wm-examples"


def build(session: gr.State, host: Host, new_networks: Networks) -> dict[str, Any]:
    """Lays the tab out and connects it.

    Args:
        new_networks: see `ui.restore.reload.resume`.

    Returns:
        its parts by name, as "resumed" the listener that follows the opening of a page, and as
        "received" those that follow a sound sent by another tab.
    """
    desk = events.Desk(recipe.stage_classes(), host)
    hidden: dict[str, Any] = {"visible": "hidden", "elem_classes": "wm-script"}
    ticket = gr.Textbox(label="Ticket", **hidden)
    example = gr.Textbox(label="Example", **hidden)
    parts: dict[str, Any] = {"session": session, "ticket": ticket, "example": example}
    with gr.Row(elem_classes="wm-desk"):
        with gr.Column(scale=0, min_width=320, elem_classes="wm-left"):
            parts |= _source()
            parts |= _recipe(desk.stages)
            parts |= _actions()
        with gr.Column(scale=1, min_width=320, elem_classes="wm-right"):
            parts |= _result()
            parts |= several.lay_out()
            parts |= _diagnosis()
    drop = mounting("drop.js")
    gr.HTML("", js_on_load=drop, apply_default_css=False, elem_classes="wm-script")
    tab_wiring.wire(desk, parts)
    resumed = tab_wiring.resumed(desk, new_networks, parts)
    received = tab_wiring.received(desk, parts)
    return {**parts, "resumed": resumed, "received": received}


def _html(name: str = "") -> gr.HTML:
    return gr.HTML("", elem_id=f"wm-{name}" if name else None, apply_default_css=False)


def _source() -> dict[str, Any]:
    with gr.Column(elem_classes="wm-panel wm-recording"):
        heading("Recording")
        with gr.Tabs(elem_classes="wm-source"):
            with gr.Tab("File"):
                file = gr.File(
                    label="Audio or video files",
                    show_label=False,
                    file_count="multiple",
                    height=64,
                    elem_id="wm-file",
                    elem_classes="wm-drop",
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
                examples = [gr.Button(title, size="md") for title in events.examples()]
        facts = _html("facts")
    return {"file": file, "microphone": microphone, "examples": examples, "facts": facts}


def _recipe(stages: dict[str, type]) -> dict[str, Any]:
    with gr.Column(elem_classes="wm-panel wm-recipe"):
        heading('Recipe <button type="button" class="wm-explain">explain</button>')
        with gr.Row(elem_classes="wm-tight"):
            listed = gr.Dropdown(
                recipe_events.choices(),
                value=recipe_events.DEFAULT,
                show_label=False,
                container=False,
                min_width=160,
                label="Recipe",
                filterable=False,
                elem_id="wm-recipe",
            )
            file = gr.UploadButton("Open", file_types=[".json"], size="md", scale=0, min_width=64)
        catalogue = chain_form.catalogue(stages, _choices(stages))
        first = recipe_events.first_value(stages)
        chain = ChainEditor(catalogue, first, keeps=True, elem_id="wm-chain")
        own = _own_weights()
        given = reference.field()
        sent = _send()
    recipe_parts = {"recipe_list": listed, "recipe_file": file, "chain": chain}
    return {**recipe_parts, **own, **given, **sent}


def _send() -> dict[str, Any]:
    with gr.Row(elem_classes="wm-tight", elem_id="wm-send"):
        compare = gr.Button("Send to Compare", size="md", min_width=80, elem_id="wm-to-compare")
        listen = gr.Button("Send to Listen", size="md", min_width=80, elem_id="wm-to-listen")
    return {"to_compare": compare, "to_listen": listen}


def _own_weights() -> dict[str, Any]:
    with gr.Accordion("Own WaveNet weights", open=False, elem_classes="wm-more"):
        about = "No code is run. A configuration in the file overrides the size."
        size = gr.Radio(
            list(own_weights.SIZES), value="small", label="Size", info=about,
            elem_classes="wm-segments",
        )  # fmt: skip
        weights = gr.UploadButton(
            "Upload .safetensors, .pt or .pth", file_types=list(own_weights.SUFFIXES), size="md"
        )
        note = _html("adopted")
    return {"size": size, "weights": weights, "weights_note": note}


def _choices(stages: dict[str, type]) -> dict[tuple[str, str], list[tuple[str, Any]]]:
    """The checkpoints of each stage, and the separators, as (name on the page, value)."""
    from models.checkpoint import available, search_path

    ours = {name: checkpoints(name) for name in OURS}
    usable = {name: text for name, text in SEPARATORS.items() if ours.get(name, True)}
    choices = {("per_stem", "separator"): [(text, name) for name, text in usable.items()]}
    trained = [(card.title, card.name) for cards in ours.values() for card in cards]
    choices["per_stem", "voice_model"] = [("The one that ships", ""), *trained]
    cards = available(search_path())
    for name, cls in stages.items():
        if isinstance(stage := cls(), UsesCheckpoint):
            known = [(card.title, card.name) for card in cards if card.model in stage.MODELS]
            choices[name, "checkpoint"] = known
    return choices


def _actions() -> dict[str, Any]:
    with gr.Column(elem_classes="wm-panel wm-actions"):
        preview_at = gr.Slider(
            0, 1, value=0, step=0.1, label="Preview from (s)", visible=False, elem_id="wm-at"
        )
        with gr.Row(elem_classes="wm-tight"):
            preview = gr.Button("Preview 10 s", interactive=False, min_width=80)
            restore = gr.Button("Restore", variant="primary", interactive=False, min_width=80)
            stop = gr.Button("Stop", variant="stop", visible=False, min_width=60)
        part = gr.Button(
            "Restore the marked part only", size="md", interactive=False, elem_id="wm-part"
        )
        noise = gr.Button(
            "Take the noise from the marked part", size="md", interactive=False, elem_id="wm-noise"
        )
        marked = gr.Textbox(label="Marked", visible="hidden", elem_classes="wm-script")
        status = _html("status")
    return {
        "preview_at": preview_at,
        "preview": preview,
        "part": part,
        "noise": noise,
        "marked": marked,
        "restore": restore,
        "stop": stop,
        "status": status,
    }


def _diagnosis() -> dict[str, Any]:
    with gr.Column(visible=False, elem_classes="wm-panel wm-diagnosed") as diagnosed:
        content = gr.Radio(
            [(name.capitalize(), name) for name in CLASSES], label="Kind of sound",
            elem_classes="wm-segments", elem_id="wm-content",
        )  # fmt: skip
        diagnosis = _html("diagnosis")
        propose = gr.Button("Use this recipe", size="md", visible=False, elem_id="wm-propose")
    shown = {"diagnosed": diagnosed, "diagnosis": diagnosis}
    return {**shown, "content": content, "propose": propose}


def _result() -> dict[str, Any]:
    welcome = gr.HTML(render("restore/welcome.html"), apply_default_css=False, elem_id="wm-empty")
    known = events.examples().items()
    cards = ExampleCards(
        {title: (ABOUT_EXAMPLES.get(title, ""), path) for title, path in known},
        elem_id=CHOSEN_EXAMPLE,
    )
    with gr.Column(visible=False, elem_classes="wm-result") as result:
        with gr.Row(elem_classes="wm-tight"):
            title = _html("made")
            which = gr.Radio(
                [],
                show_label=False,
                container=False,
                visible=False,
                elem_classes="wm-segments",
                elem_id="wm-which",
            )
        parts = _steps()
        player = ABPlayer(elem_id="wm-compare")
        with gr.Column(visible=False, elem_classes="wm-stems") as stems:
            with gr.Row(elem_classes="wm-tight"):
                heading("Stems")
                zipped = gr.Button(downloads.STEMS, size="md", scale=0, min_width=90)
            mixer = ABPlayer(elem_id="wm-mixer")
        parts |= _guarantee()
        parts |= reference.panel()
        parts["downloads"].append(zipped)
    shown = {"welcome": welcome, "cards": cards, "result": result, "title": title, "which": which}
    return {**shown, "player": player, "stems": stems, "mixer": mixer, **parts}


def _steps() -> dict[str, Any]:
    with gr.Row(visible=False, elem_classes="wm-tight wm-pair", elem_id="wm-steps") as steps:
        about: dict[str, Any] = {"filterable": False, "min_width": 130, "visible": False}
        first = gr.Dropdown([], label="Compare", elem_id="wm-first", **about)
        second = gr.Dropdown([], label="with", elem_id="wm-second", **about)
        note = _html("kept")
    return {"steps": steps, "first": first, "second": second, "steps_note": note}


def _guarantee() -> dict[str, Any]:
    with gr.Row(elem_classes="wm-lower") as lower:
        with gr.Column(elem_classes="wm-panel", min_width=300):
            heading("Guarantee")
            card = _html("guarantee")
        with gr.Column(elem_classes="wm-panel", min_width=300):
            heading("Download")
            with gr.Row(elem_classes="wm-tight wm-downloads"):
                names = [*downloads.SOUND_FILES, downloads.RECIPE, downloads.REPORT]
                buttons = [gr.Button(name, size="md", min_width=90) for name in names]
            gr.HTML(render("restore/downloads.html"), apply_default_css=False)
    delivery = _html("delivery")
    download = gr.DownloadButton(
        "Download", visible="hidden", elem_id="wm-handed", elem_classes="wm-script"
    )
    parts = {"lower": lower, "guarantee": card, "delivery": delivery}
    return {**parts, "downloads": buttons, "download": download}
