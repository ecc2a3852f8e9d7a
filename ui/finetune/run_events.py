"""Steps three to five of the Fine-tune tab: the run, what it sounds like, and the verdict.

Nothing here knows a component; what a run is and does lies in its folder, so that a closed page or
a restarted app loses nothing.
"""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

import gradio as gr

from pipeline.stage import Cancelled
from training.runs import processes
from training.runs import run as runs
from training.runs.run import Run
from training.runs.run_folder import VERDICT, RunConfig, read_json
from ui.components import html
from ui.finetune import dataset_report, view
from ui.finetune import runs as finetune_runs
from ui.finetune.dataset_events import Desk, Updates, Visit, lasting, run_command, wanted
from ui.finetune.listening import heard
from ui.finetune.run_digest import Digest, digest
from ui.finetune.runs import can_resume, can_train_on, has_best, titled
from ui.jobs import Job
from ui.session import plain_error

OF_RUN = ("run", "listen", "judged", "stop", "resume", "delete")
HIDDEN, SHOWN = {"visible": False}, {"visible": True}


def open_page(desk: Desk, visit: Visit | None, owner: str) -> Updates:
    """What a page shows at first: the run that goes on, else the newest one, else how to begin."""
    visit = visit or Visit(desk.host.open_session())
    visit.owner = owner if isinstance(owner, str) and len(owner) >= 16 else secrets.token_hex(16)
    visit.sent = {}
    seen = finetune_runs.found(visit.owner, desk.rules)
    live = next((run for run in seen if run.is_live()), None)
    if visit.dataset is None or live:
        visit.run = (live or seen[0]).name if seen else ""
    base = {} if desk.rules.shared else {"base": gr.update(choices=finetune_runs.choices())}
    return {"visit": visit, "owner": visit.owner, **base, **show(desk, visit)}


def choose_run(desk: Desk, visit: Visit | None, name: Any) -> Updates:
    """Shows another run."""
    if visit is None:
        return {}
    visit.run, visit.case, visit.sent = str(name or ""), "", {}
    return show(desk, visit)


def choose_case(desk: Desk, visit: Visit | None, case: Any) -> Updates:
    """Lets another held-out recording be heard."""
    if visit is None:
        return {}
    visit.case = str(case or "")
    return show(desk, visit)


def tick(desk: Desk, visit: Visit | None, playing: bool) -> Updates:
    """What has changed since the last look; a player that plays is left alone."""
    return show(desk, visit, playing) if visit else {}


def show(desk: Desk, visit: Visit, playing: bool = False) -> Updates:
    """Everything about the chosen run; only what the page does not show yet."""
    seen = finetune_runs.found(visit.owner, desk.rules)
    run = next((one for one in seen if one.name == visit.run), None)
    live = runs.current()
    listed = {
        "which": gr.update(
            choices=[(titled(one), one.name) for one in seen],
            value=run.name if run else None,
            visible=len(seen) > 1 or bool(seen and run is None),
        ),
        "timer": gr.update(active=live is not None),
        "guide": gr.update(visible=run is None and visit.dataset is None),
    }
    if run is None:
        hidden = {name: gr.update(**HIDDEN) for name in OF_RUN}
        return visit.news({**listed, **hidden, "start": gr.update(**SHOWN)})
    found = digest(run.events(), time.time())
    found.step = max(found.step, int(run.heartbeat().get("step") or 0))
    state = state_of(run, found)
    if state == "starting" and found.end is not None:
        found.fraction = 0.0  # of a length that it has yet to tell
    is_live = state in view.LIVE
    parts = {
        **listed,
        "run": gr.update(**SHOWN),
        "titled": view.run_title(titled(run), run.config() or RunConfig()),
        "meter": view.meter(state, found, _why(run, state)),
        "curves": view.curves(found, is_live),
        "start": gr.update(visible=not is_live),
        "stop": gr.update(visible=is_live and state != "stopping"),
        "resume": _resume(run, live),
        "delete": gr.update(visible=not is_live),
        **_judged(run, is_live, found),
    }
    if visit.named != run.name:
        visit.named, parts["name"] = run.name, finetune_runs.title_of(run)
    news = visit.news(parts)
    return {**news, **visit.news(heard(visit, run, found, playing))}


def _resume(run: Run, live: Run | None) -> Any:
    """The button that goes on with a run: one that was interrupted, or one that is done."""
    done = can_train_on(run)
    visible = live is None and (done or can_resume(run))
    return gr.update(visible=visible, value="Train on" if done else "Resume")


def state_of(run: Run, found: Digest) -> str:
    """A key of `finetune_view.STATES`."""
    if run.is_live():
        state = run.state()
        return "judging" if found.end is not None and state == "running" else state
    ended = run.outcome()
    return ended.reason if ended else "starting"


def _why(run: Run, state: str) -> str:
    """What the run itself says about how it ended."""
    if state in view.LIVE:
        return ""
    ended = run.outcome()
    return ended.text if ended else ""


def _judged(run: Run, is_live: bool, found: Digest) -> Updates:
    said, ready = read_json(run.folder / VERDICT), not is_live and has_best(run)
    missing = html.note(
        "No verdict yet." if ready else "There is no evaluation yet: nothing to judge or to use."
    )
    return {
        "judged": gr.update(visible=not is_live),
        "verdict": view.verdict(said) if said else missing,
        "judge": gr.update(visible=ready and not said),
        "use_panel": gr.update(visible=ready),
    }


def start(desk: Desk, visit: Visit | None, *form: Any) -> Updates:
    """Starts a run of what the form says on what has been checked."""
    if visit is None or visit.dataset is None:
        return {"status": html.problem("Give recordings first.")}
    visit.session.stop()
    try:
        config, base = wanted(desk, visit, *form), finetune_runs.base_of(form[0])
        title = finetune_runs.title(dataset_report.count(visit.report), base)
        run, gone = finetune_runs.start(config, visit.dataset, base, title, visit.owner, desk.rules)
    except Exception as error:
        return {"status": html.problem(plain_error(error))}
    visit.run, visit.case, visit.sent = run.name, "", {}
    said = view.made_room(len(gone)) if gone else ""
    return {"status": said, "used_status": "", **show(desk, visit)}


def stop(desk: Desk, visit: Visit | None) -> Iterator[Updates]:
    """Stops the run; it keeps its best state."""
    run = desk.run_of(visit)
    if visit is None or run is None:
        return
    yield visit.news({"meter": view.meter("stopping", digest(run.events(), time.time()))})
    try:
        run.stop()
    except Exception as error:
        yield {"status": html.problem(plain_error(error))}
    yield show(desk, visit, playing=True)  # that it has stopped, before a new player is drawn
    yield show(desk, visit)


def resume(desk: Desk, visit: Visit | None, length: Any, amount: Any) -> Updates:
    """Goes on with a run that was stopped or killed, or makes one that is done longer by what the
    form says; an earlier verdict is no longer its."""
    run = desk.run_of(visit)
    if visit is None or run is None:
        return {}
    visit.session.stop()  # a verdict on what it was
    said = ""
    try:
        if can_train_on(run):
            more = lasting(length, amount)
            finetune_runs.train_on(run, desk.rules, **more)
            said = html.note(f"{sum(more.values()):g} {next(iter(more))} more.")
        else:
            run.resume()
        (run.folder / VERDICT).unlink(missing_ok=True)
    except Exception as error:
        return {"status": html.problem(plain_error(error))}
    return {"status": said, "used_status": "", **show(desk, visit)}


def delete(desk: Desk, visit: Visit | None, sure: bool) -> Updates:
    """Removes the run that is shown, with its copy of the recordings; not one that is live."""
    run = desk.run_of(visit)
    if visit is None or run is None or not sure:
        return {}
    if run.is_live():
        return {"status": html.problem("Stop the run first.")}
    shutil.rmtree(run.folder, ignore_errors=True)
    seen = finetune_runs.found(visit.owner, desk.rules)
    visit.run, visit.case, visit.sent = seen[0].name if seen else "", "", {}
    return {"status": "", "used_status": "", **show(desk, visit)}


async def judge(desk: Desk, visit: Visit | None) -> AsyncIterator[Updates]:
    """The verdict of a run that was stopped before it could judge itself."""
    run = desk.run_of(visit)
    if visit is None or run is None or not has_best(run) or run.is_live():
        return
    if (run.folder / VERDICT).is_file():
        return
    command = processes.command("judge", run.folder)
    job = visit.session.begin(Job(partial(_judge, run, command), desk.host.heavy))
    yield {"verdict": html.note(view.ABOUT["judging"]), "judge": gr.update(**HIDDEN)}
    async for _ in job.follow():
        if visit.session.job is not job:
            return
    try:
        job.result()
    except Cancelled:
        pass
    except Exception as error:
        yield {"verdict": html.problem(plain_error(error))}
        return
    visit.sent.pop("verdict", None)
    visit.sent.pop("judge", None)
    yield show(desk, visit)


def _judge(run: Run, command: list[str], job: Job) -> None:
    with run.kept():
        run_command(command, job)
