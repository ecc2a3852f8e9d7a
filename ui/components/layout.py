"""Parts of a tab's layout that more than one tab uses."""

from __future__ import annotations

import gradio as gr


def heading(text: str) -> None:
    """Lays out the heading of a panel; `text` is the page's own HTML."""
    gr.HTML(f"<h2>{text}</h2>", elem_classes="wm-heading", apply_default_css=False)
