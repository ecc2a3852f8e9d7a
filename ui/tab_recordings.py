"""What the tabs with a recording and a result of their own have in common.

Each keeps them in a session of its own, which lies in the visitor's session: its work does not stop
another tab's, and a page that is loaded again finds it.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from pipeline.audio.decode import decode
from pipeline.audio.encode import save
from pipeline.audio.sound import Audio, peak
from pipeline.stage import Cancelled, titled
from ui.components import html
from ui.components.formatting import channels, clock
from ui.jobs import Job
from ui.restore import views
from ui.restore.events import watched
from ui.restore.result import PREVIEW_S
from ui.session import Host, Session, plain_error, uploaded
from ui.wiring import Updates

CHOOSE_FIRST = html.problem("Choose a recording first.")
NO_RESULT = html.problem("There is no result to download yet.")
SOUND_SUFFIXES = {"WAV": ".wav", "FLAC": ".flac"}
"""The sounds to download by their name on the page."""


@dataclass(frozen=True)
class Recording:
    """A recording that a tab works on.

    Attributes:
        path: an upload, an example, or what another tab has sent.
        name: the visitor's name for it, only ever shown, never a path.
    """

    path: Path
    name: str
    audio: Audio


@dataclass(frozen=True)
class RecordingTab:
    """How a tab takes a recording.

    Attributes:
        name: of the tab, under which its session lies in the visitor's.
        longest_s: a longer recording is refused; the host's limit holds too.
        cleared: the page without a recording.
        buttons: which buttons can be pressed, for the tab's session.
    """

    name: str
    longest_s: float
    cleared: Callable[[], Updates]
    buttons: Callable[..., Updates]


def opened(name: str, host: Host, tab_session: Session | None, session: Session | None) -> Session:
    """The session of the tab of this name; a new one where there is none.

    Two events at once may both come without one: they get the same.
    """
    if tab_session is None and session is not None:
        tab_session = session.tab_sessions.get(name)
    if tab_session is None:
        tab_session = host.open_session(session.visitor if session else "")
    if session is not None:
        session.tab_sessions[name] = tab_session
    return tab_session


def continued(name: str, tab_session: Session | None, session: Session | None) -> Session | None:
    """The tab's session from before a reload; None where the tab has one at hand, or had none."""
    return session.tab_sessions.get(name) if tab_session is None and session is not None else None


async def choose(
    tab: RecordingTab,
    host: Host,
    origin: str,
    tab_session: Session | None,
    session: Session | None,
    path: Any,
    name: str = "",
) -> AsyncIterator[Updates]:
    """Reads a new recording; whatever belongs to the previous one goes first.

    Args:
        origin: "file", "example" or "sent".
        path: an uploaded file, or the `Path` of a file of the server's own choosing.
        name: what the visitor calls it; "" is the file's own name.
    """
    tab_session = opened(tab.name, host, tab_session, session)
    tab_session.forget()
    file = path if isinstance(path, Path) else uploaded(path)
    others = {} if origin == "file" else {"file": None}
    yield {
        "tab_session": tab_session,
        "facts": "",
        **others,
        **tab.cleared(),
        **tab.buttons(tab_session),
    }
    if file is None:
        return
    longest_s = min(tab.longest_s, host.limits.seconds)
    job = tab_session.begin(Job(partial(read, file, name or file.name, longest_s), host.light))
    yield {"stop": gr.update(visible=True)}
    async for progress in watched(tab_session, job):
        yield {"facts": progress}
    if tab_session.job is not job:
        return
    try:
        tab_session.source = job.result()
    except Exception as error:
        yield {"facts": failure(error), **tab.buttons(tab_session)}
    else:
        yield {**recording(tab_session.source), **tab.buttons(tab_session)}


def read(path: Path, name: str, longest_s: float, job: Job) -> Recording:
    """Reads a recording; raises `AudioError` where it cannot be read."""
    audio, _ = decode(path, max_seconds=longest_s, tick=titled(job.tick, "Reading"))
    return Recording(path, name, audio)


def recording(source: Recording) -> Updates:
    """Shows a recording: its name and format, and where an excerpt of it may begin."""
    audio = source.audio
    details = (clock(audio.seconds), f"{audio.rate / 1000:g} kHz", channels(audio.channels))
    last_s = max(audio.seconds - PREVIEW_S, 0.0)
    return {
        "facts": views.facts_panel(source.name, details, None, audio.rate),
        "at": gr.update(maximum=max(round(last_s, 1), 0.1), value=0.0, visible=last_s > 0),
    }


def again(tab_session: Session, buttons: Callable[..., Updates]) -> Updates:
    """The tab on a page that was loaded again: session, upload, recording and buttons."""
    updates: Updates = {"tab_session": tab_session, **buttons(tab_session)}
    source = tab_session.source
    if source is None:
        return updates
    file = {"file": str(source.path)} if uploaded(source.path) is not None else {}
    return {**updates, **file, **recording(source)}


def finished(
    tab_session: Session,
    key: str,
    job: Job,
    show: Callable[[Any], Updates],
    buttons: Callable[[Session], Updates],
) -> Updates:
    """The page after the work has ended, in whichever way; an earlier result stays.

    Args:
        key: of the result among the session's.
    """
    try:
        new = job.result()
    except Exception as error:
        return {"status": failure(error), **buttons(tab_session)}
    old, tab_session.results[key] = tab_session.results.get(key), new
    if old is not None:
        shutil.rmtree(old.folder, ignore_errors=True)
    return {"status": "", **buttons(tab_session), **show(new)}


def failure(error: Exception) -> str:
    """The message for a job that did not finish."""
    return (
        html.note("Stopped.") if isinstance(error, Cancelled) else html.problem(plain_error(error))
    )


def download(
    tab_session: Session | None, key: str, name: str, write: Callable[[Any], Path]
) -> Iterator[Updates]:
    """Writes a download of the result with this key; a long one takes a while.

    Args:
        name: what is written, for the visitor.
    """
    result = tab_session.results.get(key) if tab_session else None
    if result is None:
        yield {"download": None, "delivery": NO_RESULT}
        return
    yield {"download": None, "delivery": html.note(f"Writing {name} ...")}
    try:
        yield {"download": write(result), "delivery": ""}
    except Exception as error:
        yield {"download": None, "delivery": html.problem(plain_error(error))}


def sound_file(audio: Audio, folder: Path, stem: str, name: str) -> Path:
    """A sound as one of SOUND_SUFFIXES, written when it is first asked for.

    24 bits; a WAV file above full scale is in 32-bit float.

    Raises:
        ValueError: samples that the format cannot hold (with the cure).
    """
    path = folder / f"{stem}{SOUND_SUFFIXES[name]}"
    if not path.exists():
        above = name == "WAV" and peak(audio) > 1
        save(audio, path, subtype="FLOAT" if above else "PCM_24")
    return path


def stop(tab_session: Session | None) -> None:
    """Stops the tab's work."""
    if tab_session is not None:
        tab_session.stop()
