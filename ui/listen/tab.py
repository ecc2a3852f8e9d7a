"""The layout of the Listen tab: recordings and a test, the booth, the results."""

from __future__ import annotations

from typing import Any

import gradio as gr

from pipeline.evaluation.listening.answers import ABX, MOS, MUSHRA
from ui.components.layout import heading
from ui.components.rendering import render
from ui.listen import events, tab_wiring
from ui.listen.booth import Booth
from ui.listen.plan import MOST_TRIALS
from ui.session import Host, is_shared

TESTS = [("ABX", ABX), ("MUSHRA", MUSHRA), ("MOS", MOS)]


def build(session: gr.State, host: Host) -> dict[str, Any]:
    """Lays the tab out and connects it.

    Returns:
        its parts by name, as "resumed" the listener that fills it, and as "opened" the one
        that does so when it is first chosen.
    """
    parts: dict[str, Any] = {"session": session, "filled": gr.State(False)}
    with gr.Row(elem_classes="wm-desk wml-desk"):
        with gr.Column(scale=0, min_width=320, elem_classes="wm-left") as parts["form"]:
            parts |= _recordings() | _test() | _actions() | _pool()
        with gr.Column(scale=1, min_width=320, elem_classes="wm-right"):
            parts |= _booth() | _result()
    tab_wiring.wire(host, parts)
    return {**parts, "resumed": tab_wiring.resumed(parts), "opened": tab_wiring.opened(parts)}


def _html(name: str, value: str = "") -> gr.HTML:
    return gr.HTML(value, elem_id=f"wml-{name}", apply_default_css=False)


def _recordings() -> dict[str, Any]:
    with gr.Column(elem_classes="wm-panel wm-recording"):
        heading("Recordings")
        with gr.Tabs(elem_classes="wm-source"):
            with gr.Tab("Files"):
                file = gr.File(
                    label="Sound files, and a table that pairs them", show_label=False, height=64,
                    file_count="multiple", elem_id="wml-file", elem_classes="wm-drop",
                )  # fmt: skip
            with gr.Tab("Restore"):
                restored = gr.Button("Add recording and results", size="md", elem_id="wml-restored")
            with gr.Tab("Folder", visible=not is_shared()):
                folder = gr.Textbox(
                    label="Folder on this machine", elem_id="wml-folder", max_lines=1,
                    info="ITEM__CONDITION.wav, or a folder for each condition with equal names.",
                )  # fmt: skip
                add = gr.Button("Add folder", size="md")
        note = _html("items-note")
        items = _html("items")
        clear = gr.Button("Remove all", size="md", visible=False, elem_id="wml-clear")
    return {
        "file": file, "restored": restored, "folder": folder, "add_folder": add,
        "items_note": note, "items": items, "clear": clear,
    }  # fmt: skip


def _test() -> dict[str, Any]:
    short: dict[str, Any] = {"filterable": False, "min_width": 120}
    with gr.Column(elem_classes="wm-panel wm-recipe"):
        heading("Test")
        kind = gr.Radio(
            TESTS, value=ABX, label="Kind of test", show_label=False, elem_classes="wm-segments",
            elem_id="wml-kind",
        )  # fmt: skip
        about = _html("about", events.about(ABX))
        with gr.Column(elem_classes="wml-pair") as pair:
            with gr.Row(elem_classes="wm-tight"):
                first = gr.Dropdown([], label="Compare", elem_id="wml-first", **short)
                second = gr.Dropdown([], label="with", elem_id="wml-second", **short)
            with gr.Row(elem_classes="wm-tight"):
                count = gr.Number(
                    16, label="Trials", precision=0, minimum=1, maximum=MOST_TRIALS,
                    min_width=90, elem_id="wml-trials",
                )  # fmt: skip
                training = gr.Checkbox(
                    label="Training: judge every answer, keep none", min_width=180
                )
        reference = gr.Dropdown([], label="Reference", visible=False, **short)
        with gr.Row(elem_classes="wm-tight"):
            start = gr.Number(0, label="From (s)", minimum=0, min_width=90)
            length = gr.Number(10, label="Length (s)", minimum=0.5, maximum=60, min_width=90)
        with gr.Row(elem_classes="wm-tight"):
            listener = gr.Textbox(
                label="Listener", placeholder="anonymous", max_length=60, min_width=120,
                elem_id="wml-listener",
            )  # fmt: skip
            seed = gr.Textbox(
                label="Seed", placeholder="random", max_length=10, min_width=90, elem_id="wml-seed"
            )
    return {
        "kind": kind, "about": about, "pair": pair, "first": first, "second": second,
        "n_trials": count, "training": training, "reference": reference, "start": start,
        "length": length, "listener": listener, "seed": seed,
    }  # fmt: skip


def _actions() -> dict[str, Any]:
    with gr.Column(elem_classes="wm-panel wm-actions"):
        begin = gr.Button(
            "Begin the test", variant="primary", interactive=False, elem_id="wml-begin"
        )
        status = _html("status")
    return {"begin": begin, "status": status}


def _pool() -> dict[str, Any]:
    with gr.Column(elem_classes="wm-panel wml-pool"):
        heading("Several listeners")
        upload = gr.UploadButton(
            "Pool CSV files", file_types=[".csv"], file_count="multiple", size="md",
            elem_id="wml-pool",
        )  # fmt: skip
        note = _html("pool-note")
    return {"pool": upload, "pool_note": note}


def _booth() -> dict[str, Any]:
    welcome = gr.HTML(render("listen/welcome.html"), apply_default_css=False)
    with gr.Column(visible=False, elem_classes="wml-testing") as testing:
        booth = Booth(elem_id="wml-booth")
        end = gr.Button("End the test", size="md", elem_id="wml-end")
    answer = gr.Textbox(label="Answer", visible="hidden", elem_classes="wm-script")
    return {
        "welcome": welcome, "testing": testing, "booth": booth, "end": end, "answer": answer,
    }  # fmt: skip


def _result() -> dict[str, Any]:
    with gr.Column(visible=False, elem_classes="wm-panel wm-result wml-result") as result:
        results = _html("results")
        with gr.Row(elem_classes="wm-tight"):
            csv = gr.Button("Download CSV", size="md", min_width=120, elem_id="wml-csv")
            again = gr.Button("Next listener", size="md", min_width=120, elem_id="wml-again")
        delivery = _html("delivery")
    download = gr.DownloadButton(
        "Download", visible="hidden", elem_id="wml-handed", elem_classes="wm-script"
    )
    return {
        "result": result, "results": results, "csv": csv, "again": again, "delivery": delivery,
        "download": download,
    }  # fmt: skip
