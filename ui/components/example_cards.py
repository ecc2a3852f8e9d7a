"""Cards of recordings to try: each can be listened to, and opened."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData, GradioModel

from ui.components.scripts import mounting

ROOT = '<div class="wm-cards" role="group" aria-label="Examples"></div>'


class CardData(GradioModel):
    """What the page gets of one recording."""

    title: str
    about: str
    file: FileData


class CardsData(GradioModel):
    """The component's value."""

    cards: list[CardData]


class ExampleCards(gr.HTML):
    """Recordings to try; triggers `select` when one is to be opened.

    The chosen title is the `data-chosen` of the element of the class wm-cards.
    """

    data_model = CardsData

    def __init__(self, examples: Mapping[str, tuple[str, Path]], **kwargs: Any) -> None:
        """Shows `examples`: title -> (what it is, file)."""
        cards = [
            CardData(title=title, about=about, file=FileData(path=str(path)))
            for title, (about, path) in examples.items()
        ]
        super().__init__(
            CardsData(cards=cards),
            html_template=ROOT,
            js_on_load=mounting("example_cards.js", "select"),
            apply_default_css=False,
            **kwargs,
        )

    def preprocess(self, payload: CardsData | None) -> CardsData | None:
        """Returns the value as it is."""
        return payload

    def postprocess(self, value: CardsData | None) -> CardsData | None:
        """Takes the value as it is."""
        return value

    def api_info(self) -> dict[str, Any]:
        return CardsData.model_json_schema()
