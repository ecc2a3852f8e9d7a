"""The whole page: header, tabs, footer, and what is wired between the tabs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder
from starlette.middleware import Middleware

from pipeline import recipe
from pipeline.version import VERSION
from ui import sweeper, uploads
from ui.api import endpoints, mcp
from ui.compare import recording_events, use_events
from ui.compare import tab as tab_compare
from ui.components.rendering import render
from ui.components.scripts import ADDRESS
from ui.components.theme import ASSETS, theme
from ui.degrade import events as degrade_events
from ui.degrade import tab as tab_degrade
from ui.finetune import result_use
from ui.finetune import tab as tab_finetune
from ui.finetune.checkpoints import bases
from ui.finetune.rules import Rules
from ui.generate import events as generate_events
from ui.generate import tab as tab_generate
from ui.listen import item_events
from ui.listen import tab as tab_listen
from ui.restore import recipe_events, source
from ui.restore import tab as tab_restore
from ui.serving import Gate, Page
from ui.session import Host, Limits, Session, close_session, visitor_of
from ui.setup import tab as tab_setup
from ui.static_files import StaticFiles
from ui.wiring import AFTER_RESUME, QUIET

STYLES = (
    "style.css", "several.css", "finetune.css", "degrade.css", "compare.css", "listen.css",
    "generate.css", "setup.css",
)  # fmt: skip

FOOTER = f"""<footer class="wm-foot">Wavemend {VERSION} · MIT licence ·
recordings stay on this server: for a day at most, or with the training run that learns from them
</footer>"""

PAGE_JS = """
() => {
  const switches = { ".wm-theme": "dark", ".wm-explain": "wm-explained" };
  for (const [button, name] of Object.entries(switches)) {
    const kept = localStorage.getItem(`wavemend-${name}`);
    if (kept) document.body.classList.toggle(name, kept === "true");
    document.querySelector(button).addEventListener("click", () => {
      localStorage.setItem(`wavemend-${name}`, document.body.classList.toggle(name));
    });
  }
  return [];
}
"""
"""Light or dark, explained or terse: a click each, remembered by the browser."""


def build(limits: Limits | None = None) -> Page:
    """The page, ready to launch; imports nothing heavy. `close` ends all work."""
    uploads.install()
    sweeper.install()
    host = Host.open(limits or Limits.here())
    with Page(
        host, title="Wavemend", analytics_enabled=False, fill_width=True,
        delete_cache=(3600, 23 * 3600),
    ) as page:  # fmt: skip
        session = gr.State(None, delete_callback=close_session)
        gr.HTML(render("components/header.html"), elem_classes="wm-plain")
        with gr.Tabs(elem_classes="wm-tabs") as tabs:
            with gr.Tab("Restore", id="restore"):
                restore = tab_restore.build(session, host, _new_networks())
            with gr.Tab("Degrade", id="degrade") as degrading:
                degrade = tab_degrade.build(session, host)
            with gr.Tab("Compare", id="compare") as comparing:
                compare = tab_compare.build(session, host)
            with gr.Tab("Listen", id="listen") as listening:
                listen = tab_listen.build(session, host)
            with gr.Tab("Generate", id="generate") as generating:
                generate = tab_generate.build(session, host)
            with gr.Tab("Fine-tune", id="fine-tune") as tuning:
                tuned = tab_finetune.build(session, host)
            with gr.Tab("Setup", id="setup") as settings:
                setup = tab_setup.build(session, host)
        endpoints.build(page, host, recipe_events.DEFAULT)
        gr.HTML(FOOTER, elem_classes="wm-plain")
        page.load(
            _opener(host), None, session, js=PAGE_JS, queue=False,
            show_progress="hidden", api_visibility="private",
        ).then(**restore["resumed"])  # fmt: skip
        _connect(tabs, restore, tuned)
        _send(degrade, generate, restore, tabs)
        _send_compare(compare, restore, degrade, tabs)
        _send_listen(host, compare, restore, listen, tabs)
        degrading.select(**degrade["opened"], **AFTER_RESUME)
        comparing.select(**compare["opened"], **AFTER_RESUME).success(**compare["listed"])
        listening.select(**listen["opened"], **AFTER_RESUME)
        visit = tuned["visit"] if tuned else gr.State(None)
        tab_setup.wire_pages(setup, restore["chain"], visit)
        settings.select(**setup["opened"], **AFTER_RESUME)
        resumed, planned = generate["opened"]
        generating.select(**resumed, **AFTER_RESUME).success(**planned)
        if tuned:
            tuning.select(**tuned["opened"], **AFTER_RESUME)
    return page


def _opener(host: Host) -> Callable[[gr.Request], Session]:
    def open_session(request: gr.Request) -> Session:
        source.prepare_soon()
        address = request.client.host if request.client else ""
        return host.open_session(visitor_of(address, request.headers))

    return open_session


def _new_networks() -> Callable[[], dict[str, list[list[str]]]]:
    """What was fine-tuned since the page was built is a checkpoint on every page from then on."""
    known = frozenset(card.name for card in bases())
    return partial(result_use.new_networks, known, Rules.here().shared)


def _connect(tabs: gr.Tabs, restore: dict[str, Any], tuned: dict[str, Any]) -> None:
    """What was fine-tuned is a checkpoint in Restore at once."""
    chain, named = restore["chain"], restore["recipe_list"]
    if tuned:
        to_restore = partial(result_use.to_restore, recipe.stage_classes())
        tuned["made"].success(to_restore, [tuned["used"], chain], [chain, named, tabs], **QUIET)


def _send(
    degrade: dict[str, Any], generate: dict[str, Any], restore: dict[str, Any], tabs: gr.Tabs
) -> None:
    """What was degraded or generated goes to Restore; a recording of Restore to Degrade."""
    for origin, send in ((degrade, degrade_events.send), (generate, generate_events.send)):
        states = [origin["tab_session"], origin["session"]]
        sent = origin["send"].click(send, states, tabs, **QUIET)
        for listener in restore["received"]:
            sent = sent.success(**listener)
    asked = restore["to_degrade"].click(degrade_events.opening, restore["session"], tabs, **QUIET)
    asked.success(**degrade["received"])


def _send_compare(
    compare: dict[str, Any], restore: dict[str, Any], degrade: dict[str, Any], tabs: gr.Tabs
) -> None:
    """A recording of Restore or Degrade goes to Compare; a recipe and its recording to Restore."""
    session, listed, chain = restore["session"], restore["recipe_list"], restore["chain"]
    sent = restore["to_compare"].click(recording_events.send, session, tabs, **QUIET)
    send = partial(degrade_events.send, tab="compare")
    degraded = degrade["to_compare"].click(send, [degrade["tab_session"], session], tabs, **QUIET)
    for event in (sent, degraded):
        for listener in compare["received"]:
            event = event.success(**listener)
    states = [compare["tab_session"], session]
    used = compare["send"].click(use_events.to_restore, states, tabs, **QUIET)
    used = used.success(**restore["received"][0])
    inputs = [*states, compare["which"], chain]
    used = used.success(compare["uses"], inputs, [listed, chain], **QUIET)
    used.success(**restore["received"][1])


def _send_listen(
    host: Host, compare: dict[str, Any], restore: dict[str, Any], listen: dict[str, Any],
    tabs: gr.Tabs,
) -> None:  # fmt: skip
    """Results of Restore and versions of Compare go to Listen."""
    session = restore["session"]
    send = partial(item_events.send_restored, host)
    restored = restore["to_listen"].click(send, session, tabs, **QUIET)
    send = partial(item_events.send_compared, host)
    states = [compare["tab_session"], session]
    for sent in (restored, compare["to_listen"].click(send, states, tabs, **QUIET)):
        sent.success(**listen["resumed"])


def launch_options(limits: Limits | None = None) -> dict[str, Any]:
    """Everything about the page that Gradio takes at launch."""
    limits = limits or Limits.here()
    gate = Middleware(Gate, cache=Path(get_upload_folder()), quota=limits.upload_bytes_each)
    return {
        "theme": theme(),
        "css": "\n".join((ASSETS / "css" / name).read_text(encoding="utf-8") for name in STYLES),
        "head": f'<link rel="stylesheet" href="{ADDRESS}/css/narrow.css">',
        "footer_links": [],
        "max_file_size": limits.file_size,
        "show_error": False,
        "run_history": False,
        "enable_monitoring": False,
        "ssr_mode": False,
        "_frontend": False,  # True refuses to start where a busy machine needs 3 s for an answer
        "mcp_server": mcp.is_available(),
        "state_session_capacity": 1000,
        "app_kwargs": {"middleware": [Middleware(StaticFiles), gate]},
    }
