"""The Fine-tune tab: recordings, a checkpoint to start from, a run, its verdict, and its use."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ui.components.player import ABPlayer
from ui.components.rendering import render
from ui.finetune import run_plan, run_view, tab_wiring
from ui.finetune.checkpoints import choices
from ui.finetune.networks import NETWORKS
from ui.finetune.rules import Rules
from ui.finetune.visit import Desk, close_visit
from ui.session import Host

POLL_S = 1.5


def build(session: gr.State, host: Host) -> dict[str, Any]:
    """Draws the tab and wires it; returns its parts by name, none where training is off.

    `opened` is the event that fills it, for the page to trigger. After the event `made`, `used` is
    the JSON of (title, name) of a checkpoint for Restore.
    """
    rules = Rules.here()
    if rules.off:
        gr.HTML(run_view.off(rules.off), apply_default_css=False)
        return {}
    parts: dict[str, Any] = {
        "session": session,
        "visit": gr.State(None, delete_callback=close_visit),
        "owner": gr.BrowserState("", storage_key="wavemend-owner", secret="wavemend"),
        "timer": gr.Timer(POLL_S, active=False),
        "playing": gr.Checkbox(visible="hidden", elem_id="wmf-playing"),
        "revision": gr.Number(0, visible="hidden", precision=0, elem_id="wmf-revision"),
        "used": gr.Textbox(visible="hidden"),
    }
    with gr.Row(elem_classes="wm-desk wmf-desk"):
        with gr.Column(scale=0, min_width=320, elem_classes="wm-left"):
            parts |= _draw_data() | _draw_form() | _draw_actions()
        with gr.Column(scale=1, min_width=320, elem_classes="wm-right"):
            guide = run_view.guide(rules.of_runs)
            parts["guide"] = gr.HTML(guide, apply_default_css=False, elem_classes="wmf-guide")
            parts["report"] = _html("report")
            parts |= _draw_run()
    desk = Desk(rules, host)
    tab_wiring.wire(desk, parts)
    parts["opened"] = tab_wiring.opened(desk, parts)
    return parts


def _html(name: str) -> gr.HTML:
    return gr.HTML("", elem_id=f"wmf-{name}", apply_default_css=False)


def _heading(text: str, number: int = 0) -> None:
    """`number` is that of a step; results have none."""
    title = render("finetune/heading.html", text=text, number=number)
    gr.HTML(title, elem_classes="wm-heading wmf-step", apply_default_css=False)


def _draw_data() -> dict[str, Any]:
    with gr.Column(elem_classes="wm-panel wmf-data"):
        _heading("Clean recordings", 1)
        files = gr.File(
            label="Sound files or a zip", show_label=False, file_count="multiple", height=120,
            elem_id="wmf-files", elem_classes="wm-drop",
        )  # fmt: skip
        return {"files": files, "checked": _html("checked")}


def _draw_form() -> dict[str, Any]:
    known = choices()
    speech = [name for _, name in known if name.startswith("enhancer-speech")]
    names = speech or [name for _, name in known]
    with gr.Column(elem_classes="wm-panel wmf-form"):
        _heading("Start from, and how long", 2)
        base = gr.Dropdown(
            known, value=names[0] if names else None, label="Network",
            filterable=False, elem_id="wmf-base",
        )  # fmt: skip
        damage = gr.Dropdown(
            NETWORKS["spectral_enhancer"].labels(), value="world", label="Damage to undo",
            filterable=False, elem_id="wmf-damage",
        )  # fmt: skip
        length = gr.Radio(
            [run_plan.PRESET, run_plan.MINUTES, run_plan.STEPS],
            value=run_plan.PRESET, label="Length",
            elem_classes="wm-segments", elem_id="wmf-length",
        )  # fmt: skip
        amount = gr.Number(
            5, label="Minutes", visible=False, minimum=0, elem_id="wmf-amount", precision=None
        )
        forecast = _html("forecast")
    return {
        "base": base, "damage": damage, "length": length, "amount": amount, "forecast": forecast,
    }  # fmt: skip


def _draw_actions() -> dict[str, Any]:
    with gr.Column(elem_classes="wm-panel wm-actions wmf-actions"):
        _heading("Run", 3)
        with gr.Row(elem_classes="wm-tight"):
            start = gr.Button(
                "Start", variant="primary", interactive=False, min_width=80, elem_id="wmf-start"
            )
            stop = gr.Button(
                "Stop run", variant="stop", visible=False, min_width=80, elem_id="wmf-stop"
            )
            resume = gr.Button("Resume", visible=False, min_width=80, elem_id="wmf-resume")
            delete = gr.Button("Delete", visible=False, min_width=70, elem_id="wmf-delete")
        status = _html("status")
        which = gr.Dropdown([], label="Runs", visible=False, filterable=False, elem_id="wmf-which")
    return {
        "start": start, "stop": stop, "resume": resume, "delete": delete, "status": status,
        "which": which,
    }  # fmt: skip


def _draw_run() -> dict[str, Any]:
    parts: dict[str, Any] = {}
    with gr.Column(visible=False, elem_classes="wmf-run") as parts["run"]:
        with gr.Column(elem_classes="wm-panel wmf-progress"):
            parts["titled"], parts["meter"] = _html("titled"), _html("meter")
            parts["curves"] = _html("curves")
        with gr.Row(visible=False, elem_classes="wm-lower wmf-judged") as parts["judged"]:
            parts |= _draw_verdict()
            parts |= _draw_use()
        with gr.Column(visible=False, elem_classes="wmf-listen") as parts["listen"]:
            with gr.Row(elem_classes="wm-tight wmf-cases"):
                _heading("Listen to what it has never learned from")
                parts["case"] = gr.Radio(
                    [], show_label=False, container=False, visible=False,
                    elem_classes="wm-segments", elem_id="wmf-case",
                )  # fmt: skip
            parts["player"] = ABPlayer(elem_id="wmf-heard")
    return parts


def _draw_verdict() -> dict[str, Any]:
    with gr.Column(elem_classes="wm-panel", min_width=300):
        _heading("Verdict")
        verdict = _html("verdict")
        judge = gr.Button("Judge it now", visible=False, size="md", elem_id="wmf-judge")
    return {"verdict": verdict, "judge": judge}


def _draw_use() -> dict[str, Any]:
    with gr.Column(visible=False, elem_classes="wm-panel wmf-use", min_width=260) as panel:
        _heading("Use it")
        name = gr.Textbox(label="Name", max_lines=1, max_length=60, elem_id="wmf-name")
        with gr.Row(elem_classes="wm-tight"):
            use = gr.Button("Use in Restore", variant="primary", min_width=110, elem_id="wmf-use")
            pack = gr.Button("Download zip", min_width=110, elem_id="wmf-pack")
        used_status = _html("used")
        with gr.Accordion("Push to the Hugging Face Hub", open=False, elem_classes="wm-more"):
            repository = gr.Textbox(label="Repository", placeholder="you/name", max_lines=1)
            token = gr.Textbox(
                label="Token with the right to write", type="password", max_lines=1,
                info="Used for this upload, and neither stored nor logged.",
            )  # fmt: skip
            private = gr.Checkbox(True, label="Private")
            push = gr.Button("Push", size="md")
            pushed = _html("pushed")
        zipped = gr.DownloadButton("Zip", visible="hidden", elem_id="wmf-zipped")
    return {
        "use_panel": panel, "name": name, "use": use, "pack": pack, "used_status": used_status,
        "repository": repository, "token": token, "private": private, "push": push,
        "pushed": pushed, "zipped": zipped,
    }  # fmt: skip
