"""The whole page: header, tabs, footer, and what is wired between the tabs."""

from __future__ import annotations

from functools import partial
from typing import Any

import gradio as gr

from ui import VERSION, api, tab_restore, words
from ui.common import Limits, Session, close_session, make_room
from ui.jobs import Line
from ui.theme import ASSETS, theme

FOOTER = f"""<footer class="wm-foot">Wavemend {VERSION} · MIT licence ·
the sound stays on this server and is deleted after the visit</footer>"""

THEME_JS = """
() => {
  const kept = localStorage.getItem("wavemend-theme");
  if (kept) document.body.classList.toggle("dark", kept === "dark");
  document.querySelector(".wm-theme").addEventListener("click", () => {
    const dark = document.body.classList.toggle("dark");
    localStorage.setItem("wavemend-theme", dark ? "dark" : "light");
  });
  return [];
}
"""


def build(limits: Limits | None = None) -> gr.Blocks:
    """The page, ready to launch; imports nothing heavy."""
    limits = limits or Limits.here()
    room, line = make_room(), Line(limits.waiting)
    with gr.Blocks(
        title="Wavemend", analytics_enabled=False, fill_width=True, delete_cache=(3600, 24 * 3600)
    ) as page:
        session = gr.State(None, delete_callback=close_session)
        gr.HTML(words.HEADER, elem_classes="wm-plain")
        with gr.Tabs(elem_classes="wm-tabs"), gr.Tab("Restore"):
            tab_restore.build(session, line, limits, partial(Session.open, room))
        api.build(room, line, limits, tab_restore.DEFAULT)
        gr.HTML(FOOTER, elem_classes="wm-plain")
        page.load(
            partial(Session.open, room), None, session, js=THEME_JS, queue=False,
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
