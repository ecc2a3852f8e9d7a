"""The results of the Listen tab: a listener's own, as CSV too, and those of many, pooled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from pipeline.evaluation.listening import answers, pooling
from ui.components import html
from ui.components.rendering import render
from ui.listen import views
from ui.listen.item_events import listed
from ui.listen.sitting import Sitting, current
from ui.restore.source import safe_stem
from ui.session import Session, plain_error, uploaded
from ui.wiring import Updates

MOST_FILES = 200


def pool(paths: Any) -> Updates:
    """Shows the pooled results of uploaded CSVs."""
    files = [file for one in listed(paths)[:MOST_FILES] if (file := uploaded(one)) is not None]
    try:
        result = pooling.pooled(answers.read(files))
    except (ValueError, OSError) as error:
        return {"pool_note": html.problem(plain_error(error))}
    people = "1 listener" if result.n_listeners == 1 else f"{result.n_listeners} listeners"
    count = "1 file" if len(files) == 1 else f"{len(files)} files"
    text = views.results(result, "Pooled results", f"{people}, {count}")
    return {"pool_note": "", "welcome": gr.update(visible=False), **_shown(text, own=False)}


def download(session: Session | None) -> Iterator[Updates]:
    """Writes the answers of the test that has ended."""
    _, sitting = current(session)
    if sitting is None or not sitting.over or not sitting.answers:
        yield {"delivery": html.problem("There are no answers yet.")}
        return
    name = safe_stem(f"listening {sitting.plan.test} {sitting.plan.listener}")
    path = sitting.folder / f"{name}.csv"
    try:
        path.write_text(answers.dump(sitting.answers), encoding="utf-8")
    except OSError as error:
        yield {"delivery": html.problem(plain_error(error))}
        return
    yield {"download": path, "delivery": ""}


def own(sitting: Sitting) -> Updates:
    """Shows the results of a test that is over."""
    return {**_shown(_own(sitting), own=True), "csv": gr.update(visible=bool(sitting.answers))}


def _own(sitting: Sitting) -> str:
    plan = sitting.plan
    if plan.training:
        return render("listen/training.html", n_correct=sitting.n_correct, n_trials=sitting.at)
    gains = [abs(one.gain_db) for one in sitting.sounds.values()]
    details = (
        f"{plan.listener} · order drawn with seed {plan.seed} · loudness matched by up to "
        f"{max(gains):.1f} dB while playing"
    )
    title = "Ended early" if sitting.ended else "Results"
    return views.results(pooling.pooled(sitting.answers), title, details)


def _shown(text: str, own: bool) -> Updates:
    """Shows results; `own` ones can be downloaded, and make room for the next listener."""
    return {
        "result": gr.update(visible=True), "results": text, "csv": gr.update(visible=own),
        "again": gr.update(visible=own), "delivery": "",
    }  # fmt: skip
