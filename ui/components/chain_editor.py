"""The chain editor: a recipe's stages as cards; see `ui.components.chain_form` for its value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from ui.components.scripts import mounting

ROOT = """<div class="wm-component">
<div class="wm-chain" role="group" aria-label="Stages"></div></div>"""


class ChainEditor(gr.HTML):
    """Switches, sets and moves the stages of a recipe.

    Its value is {"cards": [...], "own": {stage: [[title, name], ...]}, "about": text, "strength":
    one of `ui.components.strength.LEVELS`}: the cards of `ui.components.chain_form`, networks that
    only this visitor has, and what the recipe is for. It triggers `input` when somebody has
    changed something.
    """

    def __init__(
        self,
        stages: Sequence[dict[str, Any]] = (),
        value: dict[str, Any] | None = None,
        *,
        keeps: bool = False,
        **kwargs: Any,
    ) -> None:
        """Draws `stages`.

        Args:
            stages: see `ui.components.chain_form.catalogue`.
            keeps: whether the browser keeps recipes that a visitor saves, and the last settings.
        """
        super().__init__(
            value,
            html_template=ROOT,
            js_on_load=mounting("chain.js", "input"),
            apply_default_css=False,
            stages=stages,
            keeps=keeps,
            **kwargs,
        )

    def preprocess(self, payload: Any) -> Any:
        """Returns what the browser sent, which may be anything."""
        return payload

    def postprocess(self, value: Any) -> Any:
        """Takes the editor's value."""
        return value

    def api_info(self) -> dict[str, Any]:
        return {"type": "object"}
