"""The Fine-tune tab: recordings, a checkpoint to start from, a run, its verdict, and its use."""

from __future__ import annotations

from functools import partial
from typing import Any

import gradio as gr

from ui.components.player import ABPlayer
from ui.finetune import dataset_events as data
from ui.finetune import result_use, runs, view
from ui.finetune import run_events as events
from ui.finetune.dataset_events import Desk
from ui.finetune.runs import Rules
from ui.session import Host
from ui.wiring import AGAIN, LONG, QUIET, chosen, following, once, steps

POLL_S = 1.5
FORM = ("base", "damage", "length", "amount")
OF_RUN = (
    "visit", "which", "timer", "start", "stop", "resume", "delete", "status", "guide", "run",
    "titled", "meter", "curves", "judged", "verdict", "judge", "use_panel", "used_status", "name",
    "listen", "case", "player",
)  # fmt: skip
OF_DATA = ("visit", "checked", "report", "forecast", "start", "guide", "damage")


def build(host: Host, page: gr.Blocks, tab: gr.Tab) -> dict[str, Any]:
    """Draws the tab and wires it; returns its parts by name, none where training is off.

    After the event `made`, `used` is the JSON of (title, name) of a checkpoint for Restore.
    """
    rules = Rules.here()
    if rules.off:
        gr.HTML(view.off(rules.off), apply_default_css=False)
        return {}
    parts: dict[str, Any] = {
        "visit": gr.State(None, delete_callback=data.close_visit),
        "owner": gr.BrowserState("", storage_key="wavemend-owner", secret="wavemend"),
        "timer": gr.Timer(POLL_S, active=False),
        "playing": gr.Checkbox(visible="hidden", elem_id="wmf-playing"),
        "used": gr.Textbox(visible="hidden"),
    }
    with gr.Row(elem_classes="wm-desk wmf-desk"):
        with gr.Column(scale=0, min_width=320, elem_classes="wm-left"):
            parts |= _draw_data() | _draw_form() | _draw_actions()
        with gr.Column(scale=1, min_width=320, elem_classes="wm-right"):
            parts["guide"] = gr.HTML(
                view.guide(rules.of_runs),
                apply_default_css=False,
                elem_classes="wmf-guide",
            )
            parts["report"] = _html("report")
            parts |= _draw_run()
    _wire_data(Desk(rules, host), parts)
    _wire_run(Desk(rules, host), parts, page, tab)
    _wire_use(Desk(rules, host), parts)
    return parts


def _html(name: str) -> gr.HTML:
    return gr.HTML("", elem_id=f"wmf-{name}", apply_default_css=False)


def _heading(text: str, number: int = 0) -> None:
    """`number` of what is to be done; results have none."""
    title = f"<h2><span>{f'<i>{number}</i>' if number else ''}{text}</span></h2>"
    gr.HTML(title, elem_classes="wm-heading wmf-step", apply_default_css=False)


def _draw_data() -> dict[str, Any]:
    with gr.Column(elem_classes="wm-panel wmf-data"):
        _heading("Clean recordings", 1)
        files = gr.File(
            label="Sound files or a zip", show_label=False, file_count="multiple", height=120,
            elem_id="wmf-files",
        )  # fmt: skip
        return {"files": files, "checked": _html("checked")}


def _draw_form() -> dict[str, Any]:
    choices = runs.choices()
    names = [name for _, name in choices]
    first = next((name for name in names if "speech" in name), names[0] if names else None)
    with gr.Column(elem_classes="wm-panel wmf-form"):
        _heading("Start from, and how long", 2)
        base = gr.Dropdown(
            choices, value=first, label="Checkpoint", filterable=False, elem_id="wmf-base",
        )  # fmt: skip
        damage = gr.Dropdown(
            list(runs.DAMAGES.items()), value="world", label="Damage to undo",
            filterable=False, elem_id="wmf-damage",
        )  # fmt: skip
        length = gr.Radio(
            [data.PRESET, data.MINUTES, data.STEPS], value=data.PRESET, label="Length",
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


def _wire_data(desk: Desk, parts: dict[str, Any]) -> None:
    visit, form = parts["visit"], chosen(parts, FORM)
    measured: dict[str, Any] = {
        "fn": following(partial(data.measure, desk), parts), "inputs": [visit, *form],
        "outputs": chosen(parts, ("forecast",)), **AGAIN,
    }  # fmt: skip
    parts["files"].change(
        following(partial(data.check, desk), parts), [visit, parts["files"], parts["base"]],
        chosen(parts, OF_DATA), **AGAIN,
    ).success(**measured)  # fmt: skip
    parts["base"].input(**measured)
    parts["length"].input(data.amount_for, parts["length"], parts["amount"], **QUIET).success(
        **measured
    )
    gr.on([parts["damage"].input, parts["amount"].change], **measured)


def _wire_run(desk: Desk, parts: dict[str, Any], page: gr.Blocks, tab: gr.Tab) -> None:
    visit, outputs = parts["visit"], chosen(parts, OF_RUN)
    opened = once(partial(events.open_page, desk), parts)
    for event in (page.load, tab.select):
        event(
            opened,
            chosen(parts, ("visit", "owner")),
            [*outputs, *chosen(parts, ("owner", "base"))],
            **QUIET,
        )
    look = once(partial(events.tick, desk), parts)
    parts["timer"].tick(look, [visit, parts["playing"]], outputs, js=PLAYING, **LONG)
    begin = once(partial(events.start, desk), parts)
    parts["start"].click(begin, [visit, *chosen(parts, FORM)], outputs, **QUIET).success(
        None, js=FOLD, **QUIET
    )
    judge: dict[str, Any] = {
        "fn": following(partial(events.judge, desk), parts), "inputs": visit, "outputs": outputs,
    }  # fmt: skip
    parts["stop"].click(steps(partial(events.stop, desk), parts), visit, outputs, **LONG).success(
        **judge, **AGAIN
    )
    parts["judge"].click(**judge, **AGAIN)
    parts["resume"].click(
        once(partial(events.resume, desk), parts), [visit, parts["length"], parts["amount"]],
        outputs, **QUIET,
    )  # fmt: skip
    parts["delete"].click(
        once(partial(events.delete, desk), parts), [visit, parts["playing"]], outputs, js=SURE,
        **QUIET,
    )  # fmt: skip
    for name, handler in (("which", events.choose_run), ("case", events.choose_case)):
        change = once(partial(handler, desk), parts)
        parts[name].input(change, [visit, parts[name]], outputs, **QUIET)


def _wire_use(desk: Desk, parts: dict[str, Any]) -> None:
    visit, name = parts["visit"], parts["name"]
    parts["made"] = parts["use"].click(
        once(partial(result_use.use, desk), parts), [visit, name],
        chosen(parts, ("used", "used_status")), **QUIET,
    )  # fmt: skip
    parts["pack"].click(
        steps(partial(result_use.download, desk), parts), [visit, name],
        chosen(parts, ("zipped", "used_status")), **QUIET,
    ).success(None, js=HAND_OUT, **QUIET)  # fmt: skip
    given = chosen(parts, ("visit", "repository", "token", "private", "name"))
    parts["push"].click(
        steps(partial(result_use.push, desk), parts),
        given,
        chosen(parts, ("token", "pushed")),
        **QUIET,
    )


PLAYING = """visit => [visit,
  Boolean(document.querySelector("#wmf-heard .wm-player")?.abplayer?.state.playing)]"""
"""A player that plays is not replaced."""

SURE = """visit => [visit,
  confirm("Delete this run, with its copy of the recordings and its weights?")]"""

FOLD = """() => {
  document.querySelector(".wmf-report")?.removeAttribute("open");
  const run = document.querySelector(".wmf-run");
  if (run && innerWidth < 900) run.scrollIntoView({ behavior: "smooth" });
}"""

HAND_OUT = """() => {
  const link = document.querySelector("#wmf-zipped a, a#wmf-zipped, #wmf-zipped");
  (link?.querySelector?.("button") ?? link)?.click();
}"""
