"""The layout of the Compare tab: a recording, what is compared on it, the comparison."""

from __future__ import annotations

from typing import Any

import gradio as gr

from pipeline import recipe
from ui.compare import candidates, tab_wiring
from ui.compare.events import Desk
from ui.components import html
from ui.components.layout import heading
from ui.components.player import ABPlayer
from ui.components.recording import recording_field
from ui.components.rendering import render
from ui.restore.events import examples
from ui.session import Host, close_session


def build(session: gr.State, host: Host) -> dict[str, Any]:
    """Lays the tab out and connects it.

    Returns:
        its parts by name, as "received" the listeners that take a recording from another tab, as
        "listed" and "opened" those that follow the choice of the tab.
    """
    desk = Desk(recipe.stage_classes(), host)
    tab_session = gr.State(None, delete_callback=close_session)
    parts: dict[str, Any] = {"session": session, "tab_session": tab_session, "saved": gr.State({})}
    parts["kept"] = gr.Textbox(label="Kept", visible="hidden", elem_classes="wm-script")
    with gr.Row(elem_classes="wm-desk wmx-desk"):
        with gr.Column(scale=0, min_width=320, elem_classes="wm-left"):
            parts |= _source() | _candidates() | _actions()
        with gr.Column(scale=1, min_width=320, elem_classes="wm-right"):
            parts |= _result()
    tab_wiring.wire(desk, parts)
    return {
        **parts,
        "received": tab_wiring.received(desk, parts),
        "listed": tab_wiring.listed(desk, parts),
        "opened": tab_wiring.opened(parts),
        "uses": tab_wiring.uses(desk, parts),
    }


def _html(name: str) -> gr.HTML:
    return gr.HTML("", elem_id=f"wmx-{name}", apply_default_css=False)


def _source() -> dict[str, Any]:
    with gr.Column(elem_classes="wm-panel wm-recording"):
        heading("Recording")
        field = recording_field("wmx", examples())
        clean = gr.UploadButton(
            "Clean reference", file_types=["audio", "video"], size="md", elem_id="wmx-reference"
        )
        note = _html("reference-note")
    return {**field, "reference": clean, "reference_note": note}


def _candidates() -> dict[str, Any]:
    with gr.Column(elem_classes="wm-panel wm-recipe"):
        heading(f"Compare with up to {candidates.MOST}")
        recipes = gr.Dropdown(
            candidates.choices({}), value=[], multiselect=True, max_choices=candidates.MOST,
            label="Recipes", filterable=False, elem_id="wmx-recipes",
        )  # fmt: skip
        titles = ", ".join(title for title, _ in candidates.PATHS.values())
        paths = gr.Button(f"Three paths: {titles}", size="md", elem_id="wmx-paths")
        text = "Finished files of the same recording, restored elsewhere; choose several at once."
        gr.HTML(html.note(text), apply_default_css=False)
        files = gr.File(
            label="Finished files", show_label=False, file_count="multiple", height=64,
            elem_id="wmx-files", elem_classes="wm-drop",
        )  # fmt: skip
    return {"paths": paths, "recipes": recipes, "files": files}


def _actions() -> dict[str, Any]:
    with gr.Column(elem_classes="wm-panel wm-actions"):
        at = gr.Slider(
            0, 1, value=0, step=0.1, label="Ten seconds from (s)", visible=False, elem_id="wmx-at"
        )
        with gr.Row(elem_classes="wm-tight"):
            preview = gr.Button(
                "Compare 10 s", interactive=False, min_width=80, elem_id="wmx-preview"
            )
            compare = gr.Button(
                "Compare", variant="primary", interactive=False, min_width=80,
                elem_id="wmx-compare",
            )  # fmt: skip
            stop = gr.Button(
                "Stop", variant="stop", visible=False, min_width=60, elem_id="wmx-stop"
            )
        status = _html("status")
    return {"at": at, "preview": preview, "compare": compare, "stop": stop, "status": status}


def _result() -> dict[str, Any]:
    welcome = gr.HTML(render("compare/welcome.html"), apply_default_css=False)
    with gr.Column(visible=False, elem_classes="wm-result wmx-result") as shown:
        title = _html("made")
        about: dict[str, Any] = {"filterable": False, "min_width": 130}
        with gr.Row(elem_classes="wm-tight wm-pair", elem_id="wmx-pair") as pair:
            first = gr.Dropdown([], label="Compare", elem_id="wmx-first", **about)
            second = gr.Dropdown([], label="with", elem_id="wmx-second", **about)
        player = ABPlayer(elem_id="wmx-player")
        with gr.Column(elem_classes="wm-panel"):
            measures = _html("measures")
        with gr.Column(elem_classes="wm-panel wmx-use"):
            heading("Use it")
            with gr.Row(elem_classes="wm-tight"):
                which = gr.Dropdown(
                    [], label="Recipe", show_label=False, container=False, filterable=False,
                    min_width=180, elem_id="wmx-which",
                )  # fmt: skip
                send = gr.Button(
                    "Send to Restore", variant="primary", size="md", elem_id="wmx-send"
                )
                to_listen = gr.Button("Send to Listen", size="md", elem_id="wmx-to-listen")
                zipped = gr.Button("Download all (zip)", size="md", elem_id="wmx-zip")
        delivery = _html("delivery")
        download = gr.DownloadButton(
            "Download", visible="hidden", elem_id="wmx-handed", elem_classes="wm-script"
        )
    return {
        "welcome": welcome, "result": shown, "title": title, "pair": pair, "first": first,
        "second": second, "player": player, "measures": measures, "which": which, "send": send,
        "to_listen": to_listen, "zipped": zipped, "delivery": delivery, "download": download,
    }  # fmt: skip
