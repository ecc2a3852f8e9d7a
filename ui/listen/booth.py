"""The booth: one trial of a listening test on the page. It knows no item and no condition."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.data_classes import FileData, GradioModel

from ui.components.scripts import mounting

ROOT = '<div class="wm-booth" role="group" aria-label="Listening test" tabindex="-1" hidden></div>'


class StimulusData(GradioModel):
    """What the page gets of one sound.

    Attributes:
        key: that plays it.
        label: on its button.
        file: under a name of its own in every trial.
        gain_db: that matches loudness.
    """

    key: str
    label: str
    file: FileData
    gain_db: float


class BoothData(GradioModel):
    """One trial.

    Attributes:
        test: "abx", "mushra" or "mos".
        number: of the trial, from 1.
        n_trials: in all.
        stimuli: of ABX A, B and X; of MUSHRA the reference, then what is rated; of MOS one.
        note: whether the last answer was right, in training only.
    """

    test: str
    number: int
    n_trials: int
    stimuli: list[StimulusData]
    note: str


class Booth(gr.HTML):
    """Plays the sounds of a trial in sample-exact step and takes the answer.

    It triggers `submit` once the listener has answered. The answer is the `data-answer` of the
    element of the class wm-booth: JSON, {"number": of the trial, "answers": [...]}.
    """

    data_model = BoothData

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            None,
            html_template=ROOT,
            js_on_load=mounting("booth.js", "submit"),
            apply_default_css=False,
            **kwargs,
        )

    def preprocess(self, payload: BoothData | None) -> BoothData | None:
        """Returns the value as it is."""
        return payload

    def postprocess(self, value: BoothData | None) -> BoothData | None:
        """Takes a trial, or None for an empty booth."""
        return value

    def api_info(self) -> dict[str, Any]:
        return BoothData.model_json_schema()
