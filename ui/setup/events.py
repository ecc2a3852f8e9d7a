"""What happens in the Setup tab: values in, new contents of the tab's parts out, by name."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

import gradio as gr

from pipeline.stage import Cancelled
from ui.components import html
from ui.components.rendering import render
from ui.finetune.visit import Visit
from ui.jobs import Job
from ui.listen import item_events
from ui.session import Host, Session, is_shared, plain_error, uploaded
from ui.setup import machine, weights
from ui.wiring import Updates


def opened(session: Session | None) -> Iterator[Updates]:
    """Fills the tab; the first time takes a moment, for it loads torch."""
    if session is None:
        return
    yield {"checkpoints": checkpoint_table(session), "others": html.note("Looking ...")}
    devices = machine.devices()
    chosen = session.device or "auto"
    yield {
        "device": gr.update(
            choices=[(title, name) for name, title in devices.items()],
            value=chosen if chosen in devices else "auto",
        ),
        "facts": render("setup/facts.html", facts=machine.facts(session.folder)),
        **others(),
    }


def checkpoint_table(session: Session) -> str:
    """The checkpoints as a table."""
    return render("setup/checkpoints.html", rows=weights.checkpoints(session))


def others() -> Updates:
    """The weights of others as a table, and the list of what can be downloaded."""
    known = weights.of_others()
    wanted = [(one.title, one.name) for one in known if weights.can_download(one)]
    folders = {} if is_shared() else weights.folders()
    return {
        "others": render("setup/others.html", rows=known, folders=folders),
        "wanted": gr.update(choices=wanted, value=wanted[0][1] if wanted else None),
        "download": gr.update(interactive=bool(wanted)),
    }


def set_device(session: Session | None, device: Any, precision: Any) -> Updates:
    """Keeps device and precision for every network that this visitor runs."""
    if session is None or device not in machine.DEVICES or precision not in machine.PRECISIONS:
        return {}
    session.device = "" if device == "auto" else device
    session.precision = precision
    text = "Every network of yours runs like this from now on, until the page is closed."
    return {"device_note": html.note(text)}


async def speed(host: Host, session: Session | None) -> AsyncIterator[Updates]:
    """Tests the machine for three seconds, in its turn."""
    if session is None:
        return
    job = session.begin_beside(Job(partial(machine.measure_speed, session), host.heavy))
    yield {"test": gr.update(interactive=False)}
    async for progress in job.follow():
        yield {"speed": html.running(progress)}
    yield {"test": gr.update(interactive=True), "speed": _outcome(job, _speed_table)}


def _speed_table(speeds: list[machine.Speed]) -> str:
    most = max((one.times for one in speeds), default=1.0)
    return render("setup/speed.html", speeds=speeds, most=most)


async def download(host: Host, session: Session | None, name: Any) -> AsyncIterator[Updates]:
    """Downloads the weights of one model."""
    if session is None:
        return
    job = session.begin_beside(Job(partial(weights.download, str(name)), host.light))
    session.setup_job = job
    yield {"download": gr.update(visible=False), "stop": gr.update(visible=True)}
    async for progress in job.follow():
        yield {"downloaded": html.running(progress)}
    text = _outcome(job, lambda _: html.note("Downloaded and verified."))
    yield {"stop": gr.update(visible=False), "downloaded": text, **others()}
    yield {"download": gr.update(visible=True)}


def stop(session: Session | None) -> None:
    """Stops the download."""
    if session is not None and session.setup_job is not None:
        session.setup_job.stop()


def adopt(
    session: Session | None, path: Any, model: Any, size: Any, value: Any
) -> tuple[Any, str, Any]:
    """Takes weights that the visitor brings: Restore's editor, a message, the checkpoints."""
    file = uploaded(path)
    if session is None or file is None:
        return gr.skip(), html.problem("The upload did not arrive. Try again."), gr.skip()
    try:
        new, title = weights.adopt(session, file, model, size, value)
    except Exception as error:
        return gr.skip(), html.problem(plain_error(error)), gr.skip()
    note = html.note(f"{file.name} is selected in the stage {title} of the Restore tab.")
    return new, note, checkpoint_table(session)


def reset(is_sure: Any, visit: Visit | None, session: Session | None) -> bool:
    """Stops this page's jobs and deletes its files; fine-tuning runs stay.

    Returns:
        whether it was done; the page then loads itself anew.
    """
    if is_sure is not True:
        return False
    for one in (session, visit.session if visit else None):
        if one is not None:
            _forget(one)
    if visit is not None and (folder := visit.forget_data()):
        shutil.rmtree(folder, ignore_errors=True)
    return True


def _forget(session: Session) -> None:
    source = session.source.path if session.source else None
    session.forget()
    if session.setup_job is not None:
        session.setup_job.stop()
    if (upload := uploaded(source)) is not None:
        upload.unlink(missing_ok=True)
    shutil.rmtree(session.networks, ignore_errors=True)
    item_events.forget(session)
    for tab_session in session.tab_sessions.values():
        _forget(tab_session)
    session.editor, session.parcel, session.device, session.precision = None, None, "", ""


def _outcome(job: Job, shown: Any) -> str:
    try:
        return str(shown(job.result()))
    except Cancelled:
        return html.note("Stopped.")
    except Exception as error:
        return html.problem(plain_error(error))
