"""What happens in the Listen tab: values in, new contents of the tab's parts out, by name.

Its state is a session of its own in the visitor's (the desk): the items are its `source`, the test
is among its `results`. It moves with the visitor's when the page is loaded again.
"""

from __future__ import annotations

import math
import secrets
import shutil
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from pipeline.evaluation.listening.answers import ABX, LONGEST_TEXT, MOS, MUSHRA, TESTS
from pipeline.stage import Cancelled
from ui.components import html
from ui.jobs import Job
from ui.listen import result_events, sitting, views
from ui.listen.item_events import shown_items
from ui.listen.items import Versions
from ui.listen.plan import MOST_TRIALS, Plan, check
from ui.listen.sitting import SITTING, Sitting, current
from ui.listen.sounds import Stretch
from ui.session import Host, Session, plain_error
from ui.wiring import Updates

LARGEST_SEED = 1 << 31

ABOUT = {
    ABX: "Can a difference be heard? X is A or B, by the toss of a coin. The number of trials is "
    "fixed first; the score comes at the end.",
    MUSHRA: "How far is each version from the reference? All of them at once, from 0 to 100, among "
    "them the hidden reference and two anchors, low-passed at 3.5 and 7 kHz (ITU-R BS.1534).",
    MOS: "How good is each version by itself? One at a time, from 1 (bad) to 5 (excellent) "
    "(ITU-T P.800).",
}


def resumed(session: Session | None) -> Updates:
    """The tab on a page that was loaded again."""
    desk = session.listening if session else None
    if desk is None:
        return {}
    return {**shown_items(desk.source or ()), **shown(desk)}


def opened(session: Session | None, is_filled: Any) -> Updates:
    """The tab when it is chosen: the first time of a page, what was there before its reload."""
    return {} if is_filled else {"filled": True, **resumed(session)}


def chosen(test: Any) -> Updates:
    """Shows what a kind of test needs."""
    return {
        "about": about(test),
        "pair": gr.update(visible=test == ABX),
        "reference": gr.update(visible=test == MUSHRA),
    }


def about(test: Any) -> str:
    """What a kind of test is for."""
    return html.note(ABOUT.get(test, ""))


async def begin(host: Host, session: Session | None, *values: Any) -> AsyncIterator[Updates]:
    """Prepares the sounds and shows the first trial.

    Args:
        values: what the form shows; see `plan_of`.
    """
    desk = session.listening if session else None
    versions = desk.source or () if desk else ()
    try:
        plan = plan_of(*values)
        check(plan, versions)
    except ValueError as error:
        yield {"status": html.problem(plain_error(error))}
        return
    if desk is None:
        return
    _forget_sitting(desk)
    folder = desk.new_folder(SITTING)
    prepare = partial(_prepare, plan, versions, host.limits.seconds, folder)
    job = desk.begin(Job(prepare, host.light))
    yield {"begin": gr.update(interactive=False)}
    async for progress in job.follow():
        yield {"status": html.running(progress)}
    yield {"begin": gr.update(interactive=True), "status": "", **_begun(desk, job)}


def plan_of(
    test: Any, first: Any, second: Any, n_trials: Any, training: Any, reference: Any,
    start_s: Any, length_s: Any, listener: Any, seed: Any,
) -> Plan:  # fmt: skip
    """The plan that the form shows; where no seed and no listener are given, they are drawn.

    Raises:
        ValueError: a name that the results cannot hold, or a seed that is no whole number.
    """
    name = str(listener or "").strip() or f"listener {secrets.token_hex(3)}"
    if len(name) > LONGEST_TEXT or not name.isprintable():
        raise ValueError(f"The listener's name must have at most {LONGEST_TEXT} letters.")
    return Plan(
        test=test if test in TESTS else ABX,
        listener=name,
        seed=_seed(str(seed or "").strip()),
        stretch=Stretch(_number(start_s, 0.0, 0, 1e6), _number(length_s, 10.0, 0.5, 60)),
        pair=(str(first), str(second)),
        n_trials=int(_number(n_trials, 16, 1, MOST_TRIALS)),
        training=training is True and test == ABX,
        reference=str(reference),
    )


def answer(session: Session | None, text: Any) -> Updates:
    """Takes the listener's answer and shows the next trial, or the results."""
    desk, test = current(session)
    if desk is None or test is None:
        return {}
    sitting.take(test, text)
    return shown(desk)


def end(session: Session | None, is_sure: Any) -> Updates:
    """Ends the test early; the answers so far stay."""
    desk, test = current(session)
    if desk is None or test is None or is_sure != "end":
        return {}
    test.ended = True
    return shown(desk)


def again(session: Session | None) -> Updates:
    """Back to the form; the next listener gets a new name and order."""
    desk, _ = current(session)
    if desk is None:
        return {"result": gr.update(visible=False), "welcome": gr.update(visible=True)}
    _forget_sitting(desk)
    return {"listener": "", "seed": "", **shown(desk)}


def shown(desk: Session) -> Updates:
    """The tab as its state has it: the form, the trial that is next, or the results."""
    test = desk.results.get(SITTING)
    running = test is not None and not test.over
    state: Updates = {
        "form": gr.update(visible=not running),
        "testing": gr.update(visible=running),
        "welcome": gr.update(visible=test is None),
        "items": "" if running else views.items_table(desk.source or ()),
        "booth": sitting.booth(test) if test else None,
    }
    if test is None or running:
        return {**state, "result": gr.update(visible=False), "results": "", "delivery": ""}
    return {**state, **result_events.own(test)}


def _prepare(plan: Plan, versions: Versions, longest_s: float, folder: Path, job: Job) -> Sitting:
    return sitting.begin(plan, versions, longest_s, folder, job.tick)


def _begun(desk: Session, job: Job) -> Updates:
    try:
        desk.results[SITTING] = job.result()
    except Cancelled:
        return {"status": html.note("Stopped.")}
    except Exception as error:
        return {"status": html.problem(plain_error(error))}
    return shown(desk)


def _forget_sitting(desk: Session) -> None:
    old = desk.results.pop(SITTING, None)
    if old is not None:
        shutil.rmtree(old.folder, ignore_errors=True)


def _seed(text: str) -> int:
    if not text:
        return secrets.randbelow(LARGEST_SEED)
    if not (text.isascii() and text.isdigit()) or int(text) > LARGEST_SEED:
        raise ValueError(f"Seed: got {text[:20]!r}, expected a whole number up to {LARGEST_SEED}.")
    return int(text)


def _number(value: Any, usual: float, low: float, high: float) -> float:
    """A number from the page's field, which may hold anything."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return usual
    return min(max(value, low), high)
