"""The Setup tab: the machine, checkpoints, weights of others, own weights, and Reset."""

from __future__ import annotations

from functools import partial
from typing import Any

import gradio as gr

from ui.components.layout import heading
from ui.components.rendering import render
from ui.restore.own_weights import SUFFIXES
from ui.session import Host
from ui.setup import events, machine, weights
from ui.wiring import LONG, QUIET, chosen, following, once, steps


def build(session: gr.State, host: Host) -> dict[str, Any]:
    """Lays the tab out and connects what concerns it alone.

    Returns:
        its parts by name; `opened` is the listener that fills it when it is chosen.
    """
    parts: dict[str, Any] = {"session": session}
    with gr.Row(elem_classes="wm-desk wms-desk"):
        with gr.Column(scale=0, min_width=320, elem_classes="wm-left"):
            parts |= _machine() | _own() | _reset()
        with gr.Column(scale=1, min_width=320, elem_classes="wm-right"):
            parts |= _checkpoints() | _others()
    _wire(host, parts)
    filled = ("checkpoints", "others", "device", "facts", "wanted", "download")
    return {**parts, "opened": {
        "fn": steps(events.opened, parts), "inputs": session,
        "outputs": chosen(parts, filled), **QUIET,
    }}  # fmt: skip


def _html(name: str) -> gr.HTML:
    return gr.HTML("", elem_id=f"wms-{name}", apply_default_css=False)


def _machine() -> dict[str, Any]:
    with gr.Column(elem_classes="wm-panel"):
        heading("This machine")
        facts = _html("facts")
        device = gr.Radio(
            [("Automatic", "auto")], value="auto", label="Networks run on",
            elem_classes="wm-segments", elem_id="wms-device",
        )  # fmt: skip
        precision = gr.Radio(
            [(title, name) for name, title in machine.PRECISIONS.items()], value="",
            label="Precision", info="bfloat16 is faster where the processor supports it.",
            elem_classes="wm-segments", elem_id="wms-precision",
        )  # fmt: skip
        note = _html("device-note")
        test = gr.Button("Test this machine (3 s)", size="md", elem_id="wms-test")
        speed = _html("speed")
    return {
        "facts": facts, "device": device, "precision": precision, "device_note": note,
        "test": test, "speed": speed,
    }  # fmt: skip


def _own() -> dict[str, Any]:
    with gr.Column(elem_classes="wm-panel"):
        heading("Own weights")
        gr.HTML(render("setup/own.html"), apply_default_css=False)
        kinds = weights.kinds()
        model = gr.Dropdown(
            kinds, value=kinds[0][1], label="Kind of network", filterable=False, elem_id="wms-kind"
        )
        size = gr.Dropdown(
            list(weights.SIZES), value=weights.SIZES[0], label="Size", filterable=False,
            info="Only for files without a configuration.",
        )  # fmt: skip
        upload = gr.UploadButton(
            "Upload .safetensors, .pt or .pth", file_types=list(SUFFIXES), size="md",
            elem_id="wms-upload",
        )  # fmt: skip
        note = _html("adopted")
    return {"model": model, "size": size, "upload": upload, "own_note": note}


def _reset() -> dict[str, Any]:
    with gr.Column(elem_classes="wm-panel"):
        heading("Reset")
        gr.HTML(render("setup/reset.html"), apply_default_css=False)
        button = gr.Button("Reset", variant="stop", size="md", elem_id="wms-reset")
        sure = gr.Checkbox(visible="hidden", elem_id="wms-sure")
    return {"reset": button, "sure": sure}


def _checkpoints() -> dict[str, Any]:
    with gr.Column(elem_classes="wm-panel"):
        heading("Checkpoints")
        return {"checkpoints": _html("checkpoints")}


def _others() -> dict[str, Any]:
    with gr.Column(elem_classes="wm-panel"):
        heading("Weights of others")
        others = _html("others")
        with gr.Row(elem_classes="wm-tight wms-download"):
            wanted = gr.Dropdown(
                [], label="Model", show_label=False, container=False, filterable=False,
                min_width=180, elem_id="wms-wanted",
            )  # fmt: skip
            button = gr.Button("Download", size="md", scale=0, min_width=100, interactive=False)
            stop = gr.Button("Stop", variant="stop", size="md", scale=0, visible=False)
        done = _html("downloaded")
    return {
        "others": others, "wanted": wanted, "download": button, "stop": stop, "downloaded": done,
    }  # fmt: skip


def _wire(host: Host, parts: dict[str, Any]) -> None:
    session = parts["session"]
    settings = chosen(parts, ("session", "device", "precision"))
    for name in ("device", "precision"):
        change = once(events.set_device, parts)
        parts[name].input(change, settings, parts["device_note"], **QUIET)
    speed = following(partial(events.speed, host), parts)
    parts["test"].click(speed, session, chosen(parts, ("test", "speed")), **LONG)
    outputs = chosen(parts, ("download", "stop", "downloaded", "others", "wanted"))
    download = following(partial(events.download, host), parts)
    parts["download"].click(download, [session, parts["wanted"]], outputs, **LONG)
    parts["stop"].click(events.stop, session, None, queue=False, **QUIET)


def wire_pages(parts: dict[str, Any], chain: Any, visit: Any) -> None:
    """Connects what concerns other tabs: own weights and Reset.

    Args:
        chain: Restore's chain editor.
        visit: the state of the Fine-tune tab.
    """
    parts["upload"].upload(
        events.adopt, [*chosen(parts, ("session", "upload", "model", "size")), chain],
        [chain, *chosen(parts, ("own_note", "checkpoints"))], **QUIET,
    )  # fmt: skip
    states = [parts["sure"], visit, parts["session"]]
    parts["reset"].click(events.reset, states, parts["sure"], js=CONFIRM, **QUIET).then(
        None, parts["sure"], None, js=RELOAD, **QUIET
    )


CONFIRM = """(sure, ...states) => [confirm(
  "Stop your work, and delete your recordings, results and weights? Fine-tuning runs stay."),
  ...states]"""

RELOAD = """(done) => {
  if (!done) return;
  sessionStorage.removeItem("wavemend-ticket");
  location.reload();
}"""
"""A new page has nothing of the old one: chain, forms and players are as at the first visit."""
