"""The whole page: header, tabs, footer, and what is wired between the tabs."""

from __future__ import annotations

from functools import partial
from typing import Any

import gradio as gr

from ui import VERSION, api, recipe_events, tab_restore, words
from ui.common import Limits, Session, close_session, make_room
from ui.jobs import Line
from ui.theme import ASSETS, theme

FOOTER = f"""<footer class="wm-foot">Wavemend {VERSION} · MIT licence ·
recordings stay on this server, for a day at most</footer>"""

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


def build(limits: Limits | None = None) -> gr.Blocks:
    """The page, ready to launch; imports nothing heavy."""
    limits = limits or Limits.here()
    room, line = make_room(), Line(limits.waiting)
    with gr.Blocks(
        title="Wavemend", analytics_enabled=False, fill_width=True, delete_cache=(3600, 23 * 3600)
    ) as page:
        session = gr.State(None, delete_callback=close_session)
        gr.HTML(words.HEADER, elem_classes="wm-plain")
        with gr.Tabs(elem_classes="wm-tabs"), gr.Tab("Restore"):
            tab_restore.build(session, line, limits, partial(Session.open, room))
        api.build(room, line, limits, recipe_events.DEFAULT)
        gr.HTML(FOOTER, elem_classes="wm-plain")
        page.load(
            partial(Session.open, room), None, session, js=PAGE_JS, queue=False,
            show_progress="hidden", api_visibility="private",
        )  # fmt: skip
    return page.queue(max_size=64)


def launch_options(limits: Limits | None = None) -> dict[str, Any]:
    """Everything about the page that Gradio takes at launch."""
    limits = limits or Limits.here()
    return {
        "theme": theme(),
        "css": (ASSETS / "style.css").read_text(encoding="utf-8"),
        "footer_links": [],
        "max_file_size": limits.file_size,
        "show_error": False,
        "run_history": False,
        "enable_monitoring": False,
        "ssr_mode": False,
        "state_session_capacity": 1000,
    }
