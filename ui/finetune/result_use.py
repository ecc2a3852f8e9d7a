"""Step six of the Fine-tune tab: a run's result is used in Restore, downloaded, or shared."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

import gradio as gr

from training.runs import export
from ui.components import html
from ui.finetune import run_view
from ui.finetune.checkpoints import bases, free_name, made_of
from ui.finetune.networks import NETWORKS
from ui.finetune.visit import Desk, Updates, Visit
from ui.restore import own_weights, recipe_events
from ui.session import Session, plain_error


def use(desk: Desk, visit: Visit | None, session: Session | None, name: Any) -> Updates:
    """Makes the best state a checkpoint; `used` names it for the Restore tab.

    Where visitors are strangers it belongs to this visitor's session alone, and ends with it; the
    run, from which it can be made again, stays.
    """
    run = desk.run_of(visit)
    if run is None:
        return {"used": None}
    title = str(name or "").strip()
    try:
        own = _own_folder(desk, session)
        with run.kept():
            card = made_of(run, own) or export.use(run.folder, free_name(title, own), title, own)
    except Exception as error:
        return {"used": None, "used_status": html.problem(plain_error(error))}
    text = f"{card.title} is in the Restore tab's list of checkpoints."
    used = json.dumps([card.title, card.name, card.model])
    return {"used": used, "used_status": html.note(text)}


def _own_folder(desk: Desk, session: Session | None) -> Any:
    """The visitor's own folder of checkpoints; None for the one that all share."""
    if not desk.rules.shared:
        return None
    if session is None:
        raise ValueError("This page has expired. Reload it, then try again.")
    return session.networks


def to_restore(stages: Mapping[str, type], used: Any, chain: Any) -> tuple[Any, Any, Any]:
    """Editor, recipe list and tab, when a checkpoint is to be used in Restore."""
    if not used or not isinstance(used, str):
        return gr.skip(), gr.skip(), gr.skip()
    title, name, model = json.loads(used)
    network = NETWORKS[model]
    value = own_weights.with_network(
        chain, name, title, stages, network.stage, {**network.settings, network.knob: name}
    )
    return value, recipe_events.OWN, gr.Tabs(selected="restore")


def new_networks(known: frozenset[str], is_shared: bool) -> dict[str, list[list[str]]]:
    """The checkpoints that were made since the server started: stage -> [[title, name], ...].

    Args:
        known: names of the checkpoints that Restore's editor lists anyway.
        is_shared: whether visitors are strangers, who see no checkpoints of others.
    """
    new: dict[str, list[list[str]]] = {}
    for card in () if is_shared else bases():
        if card.name not in known:
            new.setdefault(NETWORKS[card.model].stage, []).append([card.title, card.name])
    return new


def download(desk: Desk, visit: Visit | None, name: Any) -> Iterator[Updates]:
    """Packs weights, card and training config into a zip."""
    run, title = desk.run_of(visit), str(name or "").strip()
    if visit is None or run is None:
        return
    yield {"used_status": html.note("Packing ...")}
    try:
        folder, stem = visit.session.folder / "zip", free_name(title)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        with run.kept():
            path = export.archive(run.folder, folder / f"{stem}.zip", stem, title)
        yield {"zipped": str(path), "used_status": ""}
    except Exception as error:
        yield {"zipped": None, "used_status": html.problem(plain_error(error))}


def push(
    desk: Desk, visit: Visit | None, repository: Any, token: Any, is_private: Any, name: Any
) -> Iterator[Updates]:
    """Uploads the best state to the Hub; the token is removed from the page and not stored."""
    run = desk.run_of(visit)
    yield {"token": "", "pushed": html.note("Uploading ...")}
    if run is None:
        yield {"pushed": html.problem("There is no run to upload.")}
        return
    texts = [str(value or "").strip() for value in (repository, token, name)]
    try:
        with run.kept():
            address = export.push(
                run.folder, texts[0], texts[1], private=bool(is_private), title=texts[2]
            )
        yield {"pushed": run_view.pushed(address)}
    except Exception as error:
        yield {"pushed": html.problem(plain_error(error))}
