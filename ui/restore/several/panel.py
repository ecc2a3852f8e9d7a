"""The layout of the panel for several recordings, and what its parts are connected with."""

from __future__ import annotations

from functools import partial
from typing import Any

import gradio as gr

from ui.components.player import ABPlayer
from ui.components.scripts import mounting
from ui.restore import events
from ui.restore.several.events import ALL, EACH, download, open_row, restore
from ui.wiring import AGAIN, LONG, QUIET, Parts, chosen, following

SHOWN = (
    "several", "several_count", "several_rows", "several_status", "several_go", "several_stop",
    "several_zip", "several_open", "several_title", "several_listen", "several_player",
    "several_diagnosis",
)  # fmt: skip
START_DOWNLOAD = "() => document.querySelector('#wm-handed-zip, #wm-handed-zip a').click()"
CHOSEN_ROW = """(session, _) => [session, document.querySelector("#wm-rows").dataset.row ?? ""]"""


def lay_out() -> Parts:
    """Draws the panel, which shows once there are several recordings."""
    recipes = [("Proposed for each", EACH), ("Your recipe for all", ALL)]
    with gr.Column(visible=False, elem_id="wm-several") as panel:
        with gr.Column(elem_classes="wm-panel"):
            with gr.Row(elem_classes="wm-tight"):
                by = gr.Radio(
                    recipes, value=EACH, label="Recipe", show_label=False, container=False,
                    min_width=260, elem_classes="wm-segments",
                )  # fmt: skip
                go = gr.Button("Restore all", variant="primary", scale=0, min_width=110)
                stop = gr.Button("Stop all", variant="stop", visible=False, scale=0, min_width=110)
                zipped = gr.Button(
                    "Download all (zip)", size="md", interactive=False, scale=0, min_width=160
                )
            status, count = _html("wm-several-status"), _html()
            rows = gr.HTML(
                "", js_on_load=mounting("several.js", "select"), apply_default_css=False,
                elem_id="wm-rows",
            )  # fmt: skip
        with gr.Column(visible=False, elem_id="wm-row-open") as opened:
            title, listen = _html(), _html("wm-row-status")
            player = ABPlayer(elem_id="wm-row-player")
            with gr.Column(elem_classes="wm-panel"):
                diagnosis = _html()
        handed = gr.DownloadButton(
            "Download", visible="hidden", elem_id="wm-handed-zip", elem_classes="wm-script"
        )
    row = gr.Textbox(label="Row", visible="hidden", elem_classes="wm-script")
    return {
        "several": panel, "several_by": by, "several_go": go, "several_stop": stop,
        "several_zip": zipped, "several_status": status, "several_count": count,
        "several_rows": rows, "several_row": row, "several_open": opened, "several_title": title,
        "several_download": handed, "several_listen": listen, "several_player": player,
        "several_diagnosis": diagnosis,
    }  # fmt: skip


def wire(desk: events.Desk, parts: Parts) -> None:
    """Connects the panel."""
    session, outputs = parts["session"], chosen(parts, SHOWN)
    run = following(partial(restore, desk), parts)
    inputs = chosen(parts, ("session", "several_by", "chain"))
    parts["several_go"].click(run, inputs, outputs, **LONG)
    parts["several_stop"].click(_stop, session, None, queue=False, **QUIET)
    shown = following(partial(open_row, desk), parts)
    inputs = chosen(parts, ("session", "several_row"))
    parts["several_rows"].select(shown, inputs, outputs, js=CHOSEN_ROW, **AGAIN)
    write = following(partial(download, desk), parts)
    outputs = chosen(parts, ("several_download", "several_status"))
    written = parts["several_zip"].click(write, session, outputs, **LONG)
    written.success(None, js=START_DOWNLOAD, **QUIET)


def _stop(session: Any) -> None:
    if session is not None:
        session.stop()


def _html(elem_id: str | None = None) -> gr.HTML:
    return gr.HTML("", elem_id=elem_id, apply_default_css=False)
