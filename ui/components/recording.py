"""The panel in which a tab takes its recording: a file, or one of the examples."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import gradio as gr

from ui.wiring import AGAIN, Parts, Updates, chosen, following


def recording_field(prefix: str, examples: dict[str, Path]) -> Parts:
    """Lays out the field for a file, the buttons of the examples, and the recording's facts.

    Args:
        prefix: of the parts' ids.
        examples: title -> file.
    """
    with gr.Tabs(elem_classes="wm-source"):
        with gr.Tab("File"):
            file = gr.File(
                label="Audio or video file", show_label=False, height=64,
                elem_id=f"{prefix}-file", elem_classes="wm-drop",
            )  # fmt: skip
        with gr.Tab("Examples"):
            buttons = [gr.Button(title, size="md") for title in examples]
    facts = gr.HTML("", elem_id=f"{prefix}-facts", apply_default_css=False)
    return {"file": file, "examples": buttons, "facts": facts}


def wire_recording(
    parts: Parts,
    examples: dict[str, Path],
    choose: Callable[..., AsyncIterator[Updates]],
    outputs: list[Any],
    after: dict[str, Any] | None = None,
) -> None:
    """Connects what `recording_field` has laid out.

    Args:
        choose: takes the origin ("file" or "example"), tab_session, session and path.
        after: listener that follows a recording which was read.
    """
    states, file = chosen(parts, ("tab_session", "session")), parts["file"]

    def of_file(*values: Any) -> AsyncIterator[Updates]:
        return choose("file", *values)

    read = file.upload(following(of_file, parts), [*states, file], outputs, **AGAIN)
    file.clear(following(of_file, parts), [*states, file], outputs, **AGAIN)
    events = [read]
    for button, path in zip(parts["examples"], examples.values(), strict=True):

        def of_example(*values: Any, path: Path = path) -> AsyncIterator[Updates]:
            return choose("example", *values, path)

        events.append(button.click(following(of_example, parts), states, outputs, **AGAIN))
    for event in events if after else ():
        event.success(**(after or {}))
