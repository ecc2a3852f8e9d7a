"""The chain editor: a recipe's stages as cards; see `ui.components.chain_form` for its value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from ui.components.theme import ASSETS

SCRIPTS = (
    "elements.js", "chain_fields.js", "chain_stems.js", "chain_strength.js", "chain_history.js",
    "chain_saved.js", "chain.js",
)  # fmt: skip
ROOT = '<div class="wm-chain" role="group" aria-label="Stages"></div>'


class ChainEditor(gr.HTML):
    """Switches, sets and moves the stages of a recipe.

    Its value is {"cards": [...], "own": {stage: [[title, name], ...]}, "about": text, "strength":
    one of `ui.components.strength.LEVELS`}: the cards of `ui.components.chain_form`, networks that
    only this visitor has, and what the recipe is for. It triggers `input` when somebody has
    changed something. Recipes that a visitor saves stay in the browser.
    """

    def __init__(
        self,
        stages: Sequence[dict[str, Any]] = (),
        value: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Draws `stages` (see `ui.components.chain_form.catalogue`)."""
        super().__init__(
            value,
            html_template=ROOT,
            css_template=(ASSETS / "css" / "chain.css").read_text("utf-8"),
            js_on_load="\n".join((ASSETS / "js" / name).read_text("utf-8") for name in SCRIPTS),
            apply_default_css=False,
            stages=stages,
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
