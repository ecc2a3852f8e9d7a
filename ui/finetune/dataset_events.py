"""Steps one and two of the Fine-tune tab: recordings, what to start from, and for how long."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from pipeline.stage import Cancelled, titled
from training.config import TrainingConfig
from training.data.dataset import Dataset, Limits, gather
from training.learn.cost import Cost
from training.runs import processes
from training.runs.run import Run
from ui.components import html
from ui.components.formatting import about
from ui.finetune import dataset_report, runs
from ui.finetune.runs import Rules, base_of, config_for, cost_in, measuring
from ui.jobs import Job
from ui.session import Host, Session, plain_error, uploaded

PRESET, MINUTES, STEPS = "5 minutes", "Minutes", "Steps"
PRESET_MINUTES, MOST_STEPS = 5.0, 1_000_000
NARROW = (
    "None of the recordings held back reaches up to 19 kHz, so nothing could be judged by them. "
    "Give recordings of 44.1 kHz or more that were never MP3, or learn the telephone line."
)
Updates = dict[str, Any]
Form = tuple[Any, ...]
"""What the form holds: checkpoint, damage, kind of length, amount."""


@dataclass(frozen=True)
class Desk:
    """What the tab's handlers share, the same for every visitor: nothing in here changes."""

    rules: Rules
    host: Host

    def run_of(self, visit: Visit | None) -> Run | None:
        """The run that a visitor sees, if it is this visitor's to command."""
        seen = runs.found(visit.owner, self.rules) if visit else []
        return next((run for run in seen if visit and run.name == visit.run), None)


@dataclass
class Visit:
    """One visitor's Fine-tune tab.

    Attributes:
        session: with a folder and a job of this tab's own.
        owner: the secret of this visitor's browser, by which runs are found again.
        dataset, report: of what was given last, once it has been checked.
        costs: what a run costs here, by checkpoint.
        measuring: the job that measures it, by checkpoint.
        form: what the form held last.
        run: the run that is shown; none where empty.
        named: the run whose title the name's field was given.
        case: the held-out recording that is heard.
        sent: what the page shows of the run, so that nothing is sent twice.
    """

    session: Session
    owner: str = ""
    dataset: Dataset | None = None
    report: dict[str, Any] = field(default_factory=dict)
    costs: dict[str, Cost] = field(default_factory=dict)
    measuring: dict[str, Job] = field(default_factory=dict)
    form: Form = ()
    run: str = ""
    named: str = ""
    case: str = ""
    sent: dict[str, Any] = field(default_factory=dict)

    def forget_data(self) -> None:
        """Drops what was given; runs have their own copy."""
        self.session.stop()
        if self.dataset is not None:
            shutil.rmtree(self.dataset.folder, ignore_errors=True)
        self.dataset, self.report = None, {}
        self.costs.clear()

    def news(self, updates: Updates) -> Updates:
        """Of the updates, those that change what the page shows."""
        fresh = {name: new for name, new in updates.items() if self.sent.get(name, ...) != new}
        self.sent.update(fresh)
        return fresh


def close_visit(visit: Visit | None) -> None:
    """`delete_callback` of the visit's `gr.State`; a run goes on."""
    if visit is not None:
        visit.session.close()


async def check(desk: Desk, visit: Visit | None, files: Any, base: Any) -> AsyncIterator[Updates]:
    """Takes what was given, and says of each recording whether it will be used."""
    visit = visit or Visit(desk.host.open_session())
    visit.forget_data()
    yield {
        "visit": visit, "checked": "", "report": "", "forecast": "",
        "start": gr.update(interactive=False), "damage": gr.update(visible=True),
    }  # fmt: skip
    paths = [path for path in map(uploaded, files or ()) if path is not None]
    if not paths:
        return
    work = partial(_check, paths, visit.session.new_folder("data"), desk.rules.of_data, base)
    job = visit.session.begin(Job(work, desk.host.light))
    async for progress in job.follow():
        if visit.session.job is not job:
            return
        yield {"checked": html.running(progress)}
    if visit.session.job is job:
        yield checked(visit, job)


def checked(visit: Visit, job: Job) -> Updates:
    """What the page says once the recordings have been checked, or could not be."""
    try:
        visit.dataset, visit.report = job.result()
    except Cancelled:
        return {"checked": html.note("Stopped.")}
    except Exception as error:
        return {"checked": html.problem(plain_error(error))}
    return {
        "checked": dataset_report.summary(visit.report),
        "report": dataset_report.table(visit.report),
        "start": gr.update(interactive=dataset_report.is_usable(visit.report)),
        "guide": gr.update(visible=False),
        "damage": gr.update(visible=not dataset_report.has_pairs(visit.report)),
    }


def _check(
    paths: Sequence[Path], folder: Path, limits: Limits, base: Any, job: Job
) -> tuple[Dataset, dict[str, Any]]:
    from training.data.check import check as look

    job.tick(0.0, "Unpacking")
    dataset = gather(paths, folder, limits)
    card = base_of(base)
    config = config_for(card, dataset, "world", runs.USUAL, minutes=PRESET_MINUTES)
    rate = int(card.config.get("sample_rate", 48_000))
    report = look(dataset, rate, titled(job.tick, "Listening to each recording"), config)
    report.write()
    return dataset, report.as_dict()


async def measure(desk: Desk, visit: Visit | None, *form: Any) -> AsyncIterator[Updates]:
    """Measures what a run of the checkpoint costs on this machine, and tells what to expect."""
    if visit is None or visit.dataset is None or not dataset_report.is_usable(visit.report):
        return
    name, visit.form = str(form[0]), form
    if name not in visit.costs:
        yield {"forecast": html.note("Measuring how fast this machine learns ...")}
        job = visit.measuring.get(name)
        if job is None or job.ended or job.stopped:
            job = visit.session.begin(Job(partial(_measure, visit, form), desk.host.light))
            visit.measuring = {name: job}
        while not job.ended:
            await asyncio.sleep(0.2)
        if visit.session.job is not job:
            return
        try:
            visit.costs[name] = job.result()
        except Cancelled:
            yield {"forecast": ""}
            return
        except Exception as error:
            yield {"forecast": html.problem(plain_error(error))}
            return
    yield {"forecast": forecast(desk, visit, *visit.form)}


def _measure(visit: Visit, form: Form, job: Job) -> Cost:
    base, dataset = base_of(form[0]), visit.dataset
    if dataset is None:
        raise Cancelled
    config = config_for(base, dataset, str(form[1]), runs.USUAL, minutes=1.0)
    printed = run_command(measuring(config, dataset, base, visit.session.folder), job)
    return cost_in(printed)


def run_command(command: Sequence[str], job: Job) -> str:
    """What a command printed; it is killed when the job is stopped.

    Raises:
        ValueError: it failed, with the last line that it said.
        Cancelled: the job was stopped.
    """
    process = subprocess.Popen(
        command, cwd=processes.CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        while True:
            job.check()
            with suppress(subprocess.TimeoutExpired):
                printed, said = process.communicate(timeout=0.1)
                break
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    if process.returncode:
        last = (said.strip().splitlines() or ["it failed"])[-1]
        raise ValueError(last.partition(": ")[2] or last)
    return printed


def forecast(desk: Desk, visit: Visit | None, *form: Any) -> str:
    """What a run of that length will be like."""
    if visit is None or visit.dataset is None or not visit.report:
        return ""
    cost = visit.costs.get(str(form[0]))
    if cost is None:
        return ""
    try:
        config = wanted(desk, visit, *form)
    except ValueError as error:
        return html.problem(plain_error(error))
    minutes = config.minutes or cost.minutes(config.steps)
    heard = config.steps * config.batch * config.seconds
    used = 60 * max(dataset_report.used_minutes(visit.report), 0.01)
    times = max(1, round(heard / used))
    said = f"About {config.steps:,} steps here" if config.minutes else f"{config.steps:,} steps"
    took = f"{cost.step_s:.2g} s each, measured" if config.minutes else about(60 * minutes)
    each = "once" if times == 1 else f"about {times:,} times"
    return html.note(f"{said} ({took}): each second is heard {each}.")


def wanted(desk: Desk, visit: Visit, *form: Any) -> TrainingConfig:
    """The training config that the form says.

    Raises:
        ValueError: no data, no checkpoint, or a length that will not do.
    """
    name, damage, length, amount = form
    if visit.dataset is None:
        raise ValueError("Give recordings first.")
    base = base_of(name)
    cost = visit.costs.get(base.name, runs.USUAL)
    known = damage if damage in runs.DAMAGES.values() else "world"
    if known == "world" and not dataset_report.can_judge(visit.report):
        raise ValueError(NARROW)
    if length == PRESET:
        minutes = desk.rules.of_runs.allowed(PRESET_MINUTES)
        return config_for(base, visit.dataset, known, cost, minutes=minutes)
    asked = lasting(length, amount)
    most = desk.rules.of_runs.minutes
    if most is not None and (asked.get("minutes") or cost.minutes(asked.get("steps", 0))) > most:
        raise ValueError(f"A run may take {most:g} minutes here: choose a shorter one.")
    return config_for(base, visit.dataset, known, cost, **asked)


def lasting(length: Any, amount: Any) -> dict[str, Any]:
    """The form's length: "minutes", or whole "steps".

    Raises:
        ValueError: the amount is no number above 0.
    """
    if length not in (MINUTES, STEPS):
        return {"minutes": PRESET_MINUTES}
    if not isinstance(amount, (int, float)) or not 0 < amount <= MOST_STEPS:
        raise ValueError(f"{length}: expected a number above 0.")
    if length == MINUTES:
        return {"minutes": float(amount)}
    return {"steps": max(1, int(amount))}


def amount_for(length: str) -> Any:
    """The number field that belongs to a kind of length."""
    value = {MINUTES: 20, STEPS: 1000}.get(length, 5)
    return gr.update(visible=length != PRESET, value=value, label=length)


def about_base(name: Any) -> str:
    """A line about the checkpoint."""
    try:
        card = base_of(name)
    except ValueError as error:
        return html.problem(str(error))
    return html.note(card.summary) if card.summary else ""


__all__ = ["Desk", "Visit", "about_base", "amount_for", "check", "forecast", "measure"]
