"""Steps three to five of the Fine-tune tab: the run, its sound, and the verdict.

What a run is and does lies in its folder, so that a closed page or a restarted app loses nothing.
Each handler returns at once what the page does not show yet. The page returns the revision that it
shows; where that is not the last one sent, an update was lost or overtaken, and all is sent again.
"""

from __future__ import annotations

import secrets
import time
from functools import partial
from typing import Any

import gradio as gr

from pipeline.stage import Cancelled
from training.runs import processes
from training.runs import run as all_runs
from training.runs.run import Run
from training.runs.run_folder import VERDICT, RunConfig, read_json
from ui.components import html
from ui.finetune import dataset_report, run_view, runs
from ui.finetune.checkpoints import base_of, choices, has_best
from ui.finetune.commands import run_command
from ui.finetune.listening import listening
from ui.finetune.run_digest import Digest, digest_of
from ui.finetune.run_plan import PATIENCE, length_of, planned
from ui.finetune.visit import Desk, Updates, Visit
from ui.jobs import Job
from ui.session import Session, plain_error

OF_RUN = ("run", "listen", "judged", "stop", "resume", "delete")


def open_page(desk: Desk, visit: Visit | None, session: Session | None, owner: Any) -> Updates:
    """What a new page shows: the run that is going on, else the newest one, else the guide."""
    visit = visit or desk.open_visit(session)
    visit.owner = owner if isinstance(owner, str) and len(owner) >= 16 else secrets.token_hex(16)
    known = runs.visible(visit.owner, desk.rules)
    live = next((run for run in known if run.is_live()), None)
    if visit.dataset is None or live:
        visit.run = (live or known[0]).name if known else ""
    base = {} if desk.rules.shared else {"base": gr.update(choices=choices())}
    visit.shown = {}
    return {"visit": visit, "owner": visit.owner, **base, **show_all(desk, visit)}


def choose_run(desk: Desk, visit: Visit | None, name: Any) -> Updates:
    """Shows another run."""
    if visit is None:
        return {}
    visit.run, visit.sample, visit.problem = str(name or ""), "", ""
    return show_all(desk, visit)


def choose_sample(desk: Desk, visit: Visit | None, sample: Any) -> Updates:
    """Puts another held-out recording into the player."""
    if visit is None:
        return {}
    visit.sample = str(sample or "")
    return show_all(desk, visit)


def tick(desk: Desk, visit: Visit | None, is_playing: Any, revision: Any) -> Updates:
    """What has changed since the last tick; a player that plays is left alone.

    Args:
        revision: of the last update that the page has received.
    """
    if visit is None:
        return {}
    if revision != visit.revision:
        visit.shown = {}
    return show(desk, visit, bool(is_playing))


def show_all(desk: Desk, visit: Visit) -> Updates:
    """Everything about the chosen run; the player only where it changes."""
    visit.shown = {"stamp": visit.shown.get("stamp")}
    return show(desk, visit)


def show(desk: Desk, visit: Visit, is_playing: bool = False) -> Updates:
    """What the page does not show yet of the chosen run."""
    known = runs.visible(visit.owner, desk.rules)
    run = next((one for one in known if one.name == visit.run), None)
    live = all_runs.current()
    parts = {"which": _list(known, run)}
    if run is None:
        parts |= _no_run(visit)
    else:
        digest = _digest(run)
        parts |= _run(visit, run, digest, live) | listening(visit, run, digest, is_playing)
    changes = visit.changes(parts)
    must_look = live is not None or (run is not None and visit.is_judging(run.name))
    changes |= visit.changes({"timer": gr.update(active=must_look or bool(changes))})
    if changes:
        visit.revision += 1
        changes["revision"] = visit.revision
    return changes


def _list(known: list[Run], run: Run | None) -> Any:
    """The list of runs, where there is more than one to choose from."""
    return gr.update(
        choices=[(runs.dated_title(one), one.name) for one in known],
        value=run.name if run else None,
        visible=len(known) > 1 or bool(known and run is None),
    )


def _no_run(visit: Visit) -> Updates:
    hidden = {name: gr.update(visible=False) for name in OF_RUN}
    guide = gr.update(visible=visit.dataset is None)
    return {**hidden, "guide": guide, "start": gr.update(visible=True)}


def _digest(run: Run) -> Digest:
    digest = digest_of(run.events(), time.time())
    digest.step = max(digest.step, int(run.heartbeat().get("step") or 0))
    return digest


def _run(visit: Visit, run: Run, digest: Digest, live: Run | None) -> Updates:
    state = state_of(run, digest)
    if state == "starting" and digest.end is not None:
        digest.fraction = 0.0  # of a length that it has not announced yet
    is_live = state in run_view.LIVE
    parts = {
        "guide": gr.update(visible=False),
        "run": gr.update(visible=True),
        "titled": run_view.run_title(runs.dated_title(run), run.config() or RunConfig()),
        "meter": run_view.meter(state, digest, "" if is_live else _end_text(run)),
        "curves": run_view.curves(digest, is_live),
        "start": gr.update(visible=not is_live),
        "stop": gr.update(visible=is_live and state != "stopping"),
        "resume": _resume_button(run, live),
        "delete": gr.update(visible=not is_live),
        **_verdict(visit, run, is_live),
    }
    if visit.titled != run.name:
        visit.titled, parts["name"] = run.name, runs.title_of(run)
    return parts


def _resume_button(run: Run, live: Run | None) -> Any:
    """Continues a run that was interrupted, or makes one longer that is done."""
    is_done = runs.can_train_on(run)
    visible = live is None and (is_done or runs.can_resume(run))
    return gr.update(visible=visible, value="Train on" if is_done else "Resume")


def state_of(run: Run, digest: Digest) -> str:
    """A key of `run_view.STATES`."""
    if run.is_live():
        state = run.state()
        return "judging" if digest.end is not None and state == "running" else state
    outcome = run.outcome()
    return outcome.reason if outcome else "starting"


def _end_text(run: Run) -> str:
    """What the run itself says about its end."""
    outcome = run.outcome()
    return outcome.text if outcome else ""


def _verdict(visit: Visit, run: Run, is_live: bool) -> Updates:
    document, is_ready = read_json(run.folder / VERDICT), not is_live and has_best(run)
    is_judging = visit.is_judging(run.name)
    if document:
        text = run_view.verdict(document)
    elif is_judging:
        text = html.note(run_view.ABOUT["judging"])
    elif visit.problem:
        text = html.problem(visit.problem)
    else:
        text = html.note("No verdict yet." if is_ready else "There is nothing to judge or use yet.")
    return {
        "judged": gr.update(visible=not is_live),
        "verdict": text,
        "judge": gr.update(visible=is_ready and not document and not is_judging),
        "use_panel": gr.update(visible=is_ready),
    }


def start(desk: Desk, visit: Visit | None, *form: Any) -> Updates:
    """Starts the run that the form describes on the recordings that were checked."""
    if visit is None or visit.dataset is None:
        return {"status": html.problem("Upload recordings first.")}
    visit.session.stop()
    try:
        config, base = planned(desk, visit, *form), base_of(form[0])
        title = runs.new_title(dataset_report.n_used(visit.report), base)
        run, deleted = runs.start(config, visit.dataset, base, title, visit.owner, desk.rules)
    except Exception as error:
        return {"status": html.problem(plain_error(error))}
    visit.run, visit.sample, visit.problem = run.name, "", ""
    status = run_view.deleted_runs(len(deleted)) if deleted else ""
    return {"status": status, "used_status": "", **show_all(desk, visit)}


def stopping(desk: Desk, visit: Visit | None) -> Updates:
    """Shows at once that the run is being stopped."""
    run = desk.run_of(visit)
    if visit is None or run is None or not run.is_live():
        return {}
    parts = {"meter": run_view.meter("stopping", _digest(run)), "stop": gr.update(visible=False)}
    return visit.changes(parts)


def stop(desk: Desk, visit: Visit | None) -> Updates:
    """Stops the run, which keeps its best state, and lets it be judged."""
    run = desk.run_of(visit)
    if visit is None or run is None:
        return {}
    problem = {}
    try:
        run.stop()
    except Exception as error:
        problem = {"status": html.problem(plain_error(error))}
    return {**problem, **judge(desk, visit)}


def resume(desk: Desk, visit: Visit | None, length: Any, amount: Any) -> Updates:
    """Continues a run that was stopped or killed, or makes a finished one longer by the form's
    length; an earlier verdict no longer holds."""
    run = desk.run_of(visit)
    if visit is None or run is None:
        return {}
    visit.session.stop()  # a verdict on what the run was
    status = ""
    try:
        if runs.can_train_on(run):
            more = length_of(length, amount)
            runs.train_on(run, desk.rules, PATIENCE, **more)
            status = html.note(f"{sum(more.values()):g} {next(iter(more))} more.")
        else:
            run.resume()
        (run.folder / VERDICT).unlink(missing_ok=True)
    except Exception as error:
        return {"status": html.problem(plain_error(error))}
    visit.problem = ""
    return {"status": status, "used_status": "", **show_all(desk, visit)}


def delete(desk: Desk, visit: Visit | None, is_confirmed: Any) -> Updates:
    """Removes the run that is shown, with its copy of the recordings, unless it is live."""
    run = desk.run_of(visit)
    if visit is None or run is None or is_confirmed is not True:
        return {}
    if run.is_live():
        return {"status": html.problem("Stop the run first.")}
    runs.delete(run)
    known = runs.visible(visit.owner, desk.rules)
    visit.run, visit.sample, visit.problem = known[0].name if known else "", "", ""
    return {"status": "", "used_status": "", **show_all(desk, visit)}


def judge(desk: Desk, visit: Visit | None) -> Updates:
    """Starts to judge a run that ended before it could judge itself; ticks show the verdict."""
    run = desk.run_of(visit)
    if visit is None or run is None:
        return {}
    is_judged = (run.folder / VERDICT).is_file()
    if has_best(run) and not run.is_live() and not is_judged and not visit.is_judging(run.name):
        job = Job(partial(_judge, visit, run), desk.host.heavy)
        visit.problem, visit.judging = "", (run.name, job)
        visit.session.begin(job)
    return show_all(desk, visit)


def _judge(visit: Visit, run: Run, job: Job) -> None:
    try:
        with run.kept():
            run_command(processes.command("judge", run.folder), job)
    except Cancelled:
        raise
    except Exception as error:
        visit.problem = plain_error(error)
