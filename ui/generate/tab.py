"""The layout of the Generate tab: a prompt, MusicGen's settings, the generated music."""

from __future__ import annotations

from typing import Any

import gradio as gr

from pipeline.generation.musicgen import LARGEST_SEED, LONGEST_PROMPT, Request
from pipeline.generation.weights import LICENCE, MODELS
from pipeline.knobs import knobs
from ui.components.layout import heading
from ui.components.player import ABPlayer
from ui.components.rendering import render
from ui.generate import result, tab_wiring
from ui.session import Host, close_session

PROMPT = "A calm piece for solo piano, slow, warm, close microphones"


def build(session: gr.State, host: Host) -> dict[str, Any]:
    """Lays the tab out and connects it.

    Returns:
        its parts by name, and as "opened" the listeners that fill it when it is chosen.
    """
    tab_session = gr.State(None, delete_callback=close_session)
    parts: dict[str, Any] = {"session": session, "tab_session": tab_session}
    with gr.Row(elem_classes="wm-desk"):
        with gr.Column(scale=0, min_width=320, elem_classes="wm-left"):
            parts |= _form() | _actions()
        with gr.Column(scale=1, min_width=320, elem_classes="wm-right"):
            parts |= _result()
    tab_wiring.wire(host, parts)
    return {**parts, "opened": tab_wiring.opened(parts)}


def _html(name: str) -> gr.HTML:
    return gr.HTML("", elem_id=f"wmg-{name}", apply_default_css=False)


def _slider(name: str, label: str, step: float) -> gr.Slider:
    knob = knobs(Request)[name]
    return gr.Slider(
        knob.low or 0, knob.high or 1, value=knob.default, step=step, label=label, info=knob.help,
        elem_id=f"wmg-{name.replace('_', '-')}",
    )  # fmt: skip


def _form() -> dict[str, Any]:
    with gr.Column(elem_classes="wm-panel"):
        heading("Prompt")
        prompt = gr.Textbox(
            PROMPT, lines=3, max_lines=6, max_length=LONGEST_PROMPT, label="Prompt",
            show_label=False, container=False, elem_id="wmg-prompt",
        )  # fmt: skip
        model = gr.Radio(
            [(known.title, name) for name, known in MODELS.items()], value="small", label="Model",
            info=knobs(Request)["model"].help, elem_classes="wm-segments", elem_id="wmg-model",
        )  # fmt: skip
        melody = gr.File(
            label="Melody to follow (audio or video file)", height=64, visible=False,
            elem_id="wmg-melody", elem_classes="wm-drop",
        )  # fmt: skip
        seconds = _slider("seconds", "Seconds", 0.5)
        seed = gr.Number(
            0, label="Seed", minimum=0, maximum=LARGEST_SEED, precision=0, elem_id="wmg-seed",
            info=knobs(Request)["seed"].help,
        )  # fmt: skip
        with gr.Accordion("Sampling", open=False, elem_classes="wm-more"):
            guidance = _slider("guidance", "Guidance", 0.1)
            temperature = _slider("temperature", "Temperature", 0.05)
            top_k = _slider("top_k", "Top-k", 1)
    return {
        "prompt": prompt, "model": model, "melody": melody, "seconds": seconds, "seed": seed,
        "guidance": guidance, "temperature": temperature, "top_k": top_k,
    }  # fmt: skip


def _actions() -> dict[str, Any]:
    with gr.Column(elem_classes="wm-panel wm-actions"):
        plan = _html("plan")
        with gr.Row(elem_classes="wm-tight"):
            generate = gr.Button(
                "Generate", variant="primary", visible=False, min_width=80, elem_id="wmg-generate"
            )
            stand_in = gr.Button(
                "Make a stand-in", visible=False, min_width=80, elem_id="wmg-stand-in"
            )
            fetch = gr.Button("Download weights", visible=False, min_width=80, elem_id="wmg-fetch")
            stop = gr.Button(
                "Stop", variant="stop", visible=False, min_width=60, elem_id="wmg-stop"
            )
        status = _html("status")
    return {
        "plan": plan, "generate": generate, "stand_in": stand_in, "fetch": fetch, "stop": stop,
        "status": status,
    }  # fmt: skip


def _result() -> dict[str, Any]:
    welcome = gr.HTML(render("generate/welcome.html", licence=LICENCE), apply_default_css=False)
    with gr.Column(visible=False, elem_classes="wm-result wmg-result") as shown:
        title = _html("title")
        player = ABPlayer(elem_id="wmg-player")
        with gr.Column(elem_classes="wm-panel"):
            heading("Use it")
            send = gr.Button("Send to Restore", variant="primary", elem_id="wmg-send")
            with gr.Row(elem_classes="wm-tight wm-downloads"):
                buttons = [gr.Button(name, size="md", min_width=90) for name in result.FILES]
        delivery = _html("delivery")
        download = gr.DownloadButton(
            "Download", visible="hidden", elem_id="wmg-handed", elem_classes="wm-script"
        )
    return {
        "welcome": welcome, "result": shown, "title": title, "player": player, "send": send,
        "downloads": buttons, "delivery": delivery, "download": download,
    }  # fmt: skip
