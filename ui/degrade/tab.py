"""The layout of the Degrade tab: a clean recording, its damage, the degraded recording."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ui.components.chain_editor import ChainEditor
from ui.components.layout import heading
from ui.components.player import ABPlayer
from ui.components.recording import recording_field
from ui.components.rendering import render
from ui.degrade import damage, result, tab_wiring
from ui.restore.events import examples
from ui.session import Host, close_session


def build(session: gr.State, host: Host) -> dict[str, Any]:
    """Lays the tab out and connects it.

    Returns:
        its parts by name, as "received" the listener that takes Restore's recording, as "opened"
        the one that follows the choice of the tab.
    """
    tab_session = gr.State(None, delete_callback=close_session)
    parts: dict[str, Any] = {"session": session, "tab_session": tab_session}
    with gr.Row(elem_classes="wm-desk"):
        with gr.Column(scale=0, min_width=320, elem_classes="wm-left"):
            parts |= _source() | _damage() | _actions()
        with gr.Column(scale=1, min_width=320, elem_classes="wm-right"):
            parts |= _result()
    tab_wiring.wire(host, parts)
    received, opened = tab_wiring.received(host, parts), tab_wiring.opened(parts)
    return {**parts, "received": received, "opened": opened}


def _html(name: str) -> gr.HTML:
    return gr.HTML("", elem_id=f"wmd-{name}", apply_default_css=False)


def _source() -> dict[str, Any]:
    with gr.Column(elem_classes="wm-panel wm-recording"):
        heading("Clean recording")
        return recording_field("wmd", examples())


def _damage() -> dict[str, Any]:
    with gr.Column(elem_classes="wm-panel wm-recipe"):
        heading("Damage")
        with gr.Row(elem_classes="wm-tight"):
            listed = gr.Dropdown(
                damage.choices(), value=damage.DEFAULT, label="Damage", show_label=False,
                container=False, min_width=160, filterable=False, elem_id="wmd-damage",
            )  # fmt: skip
            opened = gr.UploadButton("Open", file_types=[".json"], size="md", scale=0, min_width=64)
        with gr.Row(elem_classes="wm-tight wmd-draw"):
            seed = gr.Number(
                0, label="Seed", minimum=0, maximum=damage.LARGEST_SEED, precision=0,
                min_width=90, elem_id="wmd-seed",
            )  # fmt: skip
            randomise = gr.Button("Randomise (MusicGen-like)", size="md", min_width=150)
        chain = ChainEditor(damage.catalogue(), damage.first_value(), elem_id="wmd-chain")
    return {
        "listed": listed, "opened": opened, "seed": seed, "randomise": randomise, "chain": chain,
    }  # fmt: skip


def _actions() -> dict[str, Any]:
    with gr.Column(elem_classes="wm-panel wm-actions"):
        at = gr.Slider(
            0, 1, value=0, step=0.1, label="Preview from (s)", visible=False, elem_id="wmd-at"
        )
        with gr.Row(elem_classes="wm-tight"):
            preview = gr.Button(
                "Preview 10 s", interactive=False, min_width=80, elem_id="wmd-preview"
            )
            degrade = gr.Button(
                "Degrade", variant="primary", interactive=False, min_width=80, elem_id="wmd-degrade"
            )
            stop = gr.Button("Stop", variant="stop", visible=False, min_width=60)
        status = _html("status")
    return {"at": at, "preview": preview, "degrade": degrade, "stop": stop, "status": status}


def _result() -> dict[str, Any]:
    welcome = gr.HTML(render("degrade/welcome.html"), apply_default_css=False)
    with gr.Column(visible=False, elem_classes="wm-result wmd-result") as shown:
        title = _html("made")
        player = ABPlayer(elem_id="wmd-player")
        with gr.Row(elem_classes="wm-lower"):
            with gr.Column(elem_classes="wm-panel", min_width=300):
                scores = _html("scores")
            with gr.Column(elem_classes="wm-panel", min_width=300):
                heading("Use it")
                send = gr.Button(
                    "Send to Restore with its reference", variant="primary", elem_id="wmd-send"
                )
                to_compare = gr.Button("Send to Compare", size="md", elem_id="wmd-to-compare")
                with gr.Row(elem_classes="wm-tight wm-downloads"):
                    buttons = [gr.Button(name, size="md", min_width=90) for name in result.FILES]
                gr.HTML(render("degrade/downloads.html"), apply_default_css=False)
        delivery = _html("delivery")
        download = gr.DownloadButton(
            "Download", visible="hidden", elem_id="wmd-handed", elem_classes="wm-script"
        )
    return {
        "welcome": welcome, "result": shown, "title": title, "player": player, "scores": scores,
        "send": send, "to_compare": to_compare, "downloads": buttons, "delivery": delivery,
        "download": download,
    }  # fmt: skip
