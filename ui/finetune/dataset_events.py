"""Steps one and two of the Fine-tune tab: recordings, what to start from, and for how long."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from models.checkpoint import Card
from pipeline.stage import Cancelled, titled
from training.data.clips import LEFT_OUT, held_out
from training.data.dataset import Dataset, Limits, gather
from training.learn.cost import Cost
from ui.components import html
from ui.components.formatting import about
from ui.finetune import dataset_report
from ui.finetune.checkpoints import base_of, rate_of, weights_of
from ui.finetune.commands import run_command
from ui.finetune.networks import NETWORKS
from ui.finetune.run_plan import (
    MINUTES,
    PRESET,
    PRESET_MINUTES,
    STEPS,
    USUAL,
    config_for,
    cost_command,
    missing,
    planned,
    printed_cost,
    task_of,
)
from ui.finetune.visit import Desk, Form, Updates, Visit
from ui.jobs import Job
from ui.session import Session, plain_error, uploaded

LOOK_S = 0.2


async def check(
    desk: Desk, visit: Visit | None, session: Session | None, files: Any, base: Any
) -> AsyncIterator[Updates]:
    """Checks an upload, and shows of each recording whether it will be used."""
    visit = visit or desk.open_visit(session)
    old = visit.forget_data()
    yield {
        "visit": visit, "checked": "", "report": "", "forecast": "",
        "start": gr.update(interactive=False), "damage": gr.update(visible=True),
    }  # fmt: skip
    given = files if isinstance(files, list) else [files]
    paths = [path for path in map(uploaded, given) if path is not None]
    folder = visit.session.new_folder("data")
    work = partial(_check, paths, folder, old, desk.rules.of_data, base)
    job = visit.session.begin(Job(work, desk.host.light))
    async for progress in job.follow():
        if visit.session.job is not job:
            return
        yield {"checked": html.running(progress) if paths else ""}
    if paths and visit.session.job is job:
        yield checked(visit, job)


def checked(visit: Visit, job: Job) -> Updates:
    """What the page shows once the recordings have been checked, or could not be."""
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
    paths: Sequence[Path], folder: Path, old: Path | None, limits: Limits, base: Any, job: Job
) -> tuple[Dataset, dict[str, Any]] | None:
    from training.data.check import check as check_dataset

    if old is not None:
        shutil.rmtree(old, ignore_errors=True)
    if not paths:
        return None
    job.tick(0.0, "Unpacking")
    dataset = gather(paths, folder, limits)
    card = base_of(base)
    damage = NETWORKS[card.model].damages[0]
    config = config_for(card, dataset, damage, USUAL, minutes=PRESET_MINUTES)
    report = check_dataset(
        dataset, rate_of(card), titled(job.tick, "Checking each recording"), config
    )
    report.write()
    return dataset, report.as_dict()


def _is_checked_for(visit: Visit, base: Card) -> bool:
    """Whether the report has the rate of this network, and its split."""
    if visit.dataset is None or visit.report["rate"] != rate_of(base):
        return False
    damage = NETWORKS[base.model].damages[0]
    config = config_for(base, visit.dataset, damage, USUAL, minutes=PRESET_MINUTES)
    used = [row for row in visit.report["rows"] if row["verdict"] != LEFT_OUT]
    groups = {row["group"]: row["kind"] for row in used}
    return sorted(held_out(groups, config) & groups.keys()) == visit.report["split"]["held_out"]


async def rebase(
    desk: Desk, visit: Visit | None, session: Session | None, files: Any, base: Any
) -> AsyncIterator[Updates]:
    """Offers what another network can learn, and checks the recordings for it."""
    start = base_of(base)
    network = NETWORKS[start.model]
    damages: Updates = {"choices": network.labels(), "value": network.damages[0]}
    yield {"damage": gr.update(**damages)}
    if visit is None or visit.dataset is None or _is_checked_for(visit, start):
        return
    async for updates in check(desk, visit, session, files, base):
        if "damage" in updates:
            updates["damage"] = gr.update(**damages, visible=updates["damage"]["visible"])
        yield updates


async def measure(desk: Desk, visit: Visit | None, *form: Any) -> AsyncIterator[Updates]:
    """Measures what a run from the checkpoint costs on this machine, and shows what to expect."""
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
            await asyncio.sleep(LOOK_S)
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
    damage = task_of(base, form[1])
    if problem := missing(dataset, damage):
        raise ValueError(problem)
    config = config_for(base, dataset, damage, USUAL, minutes=1.0)
    return printed_cost(run_command(cost_command(config, dataset, base, visit.session.folder), job))


def forecast(desk: Desk, visit: Visit | None, *form: Any) -> str:
    """What a run of that length will be like."""
    cost = visit.costs.get(str(form[0])) if visit else None
    if visit is None or visit.dataset is None or not visit.report or cost is None:
        return ""
    try:
        config = planned(desk, visit, *form)
    except ValueError as error:
        return html.problem(plain_error(error))
    minutes = config.minutes or cost.minutes(config.steps)
    learned_s = config.steps * config.batch * config.seconds
    n_times = max(1, round(learned_s / (60 * max(dataset_report.used_minutes(visit.report), 0.01))))
    steps = f"About {config.steps:,} steps here" if config.minutes else f"{config.steps:,} steps"
    took = f"{cost.step_s:.2g} s each, measured" if config.minutes else about(60 * minutes)
    times = "once" if n_times == 1 else f"about {n_times:,} times"
    text = f"{steps} ({took}): it learns from each second {times}."
    hours = 0.0 if weights_of(base_of(form[0])) else NETWORKS[config.model].hours
    if hours:
        text += f" A new network needs about {hours:g} hours on two cores to become useful."
    return html.note(text)


def amount_for(length: str) -> Any:
    """The number field that belongs to a kind of length."""
    value = {MINUTES: 20, STEPS: 1000}.get(length, 5)
    return gr.update(visible=length != PRESET, value=value, label=length)
