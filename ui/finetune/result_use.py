"""Step six of the Fine-tune tab: what a run has made is used in Restore, downloaded, or shared."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

import gradio as gr

from training.runs import export
from ui.components import html
from ui.finetune import runs, view
from ui.finetune.dataset_events import Desk, Updates, Visit
from ui.finetune.runs import name_for
from ui.restore import own_weights, recipe_events
from ui.session import plain_error

ENHANCE = "enhance"


def use(desk: Desk, visit: Visit | None, name: str) -> Updates:
    """Makes the best state a checkpoint; `used` tells the Restore tab which."""
    run = desk.run_of(visit)
    if run is None:
        return {"used": None}
    try:
        with run.kept():
            card = runs.used(run) or export.use(run.folder, name_for(name), name.strip())
    except Exception as error:
        return {"used": None, "used_status": html.problem(plain_error(error))}
    said = f"{card.title} is in the Restore tab's list of checkpoints."
    return {"used": json.dumps([card.title, card.name]), "used_status": html.note(said)}


def to_restore(stages: Mapping[str, type], used: str, chain: Any) -> tuple[Any, Any, Any]:
    """Editor, recipe list and tab, once a checkpoint is to be used in Restore."""
    if not used:
        return gr.skip(), gr.skip(), gr.skip()
    title, name = json.loads(used)
    value = own_weights.with_network(chain, name, title, stages, ENHANCE)
    return value, recipe_events.OWN, gr.Tabs(selected="restore")


def with_new(before: frozenset[str], shared: bool, chain: Any) -> Any:
    """The editor's value with the checkpoints that were made since the page was drawn.

    Args:
        before: names of those that the editor has known from the beginning.
        shared: whether visitors are strangers; what one has made is no one else's then.
    """
    if shared:
        return gr.skip()
    new = [[card.title, card.name] for card in runs.bases() if card.name not in before]
    if not new or not isinstance(chain, dict):
        return gr.skip()
    return {**chain, "own": {**chain.get("own", {}), ENHANCE: new}}


def download(desk: Desk, visit: Visit | None, name: str) -> Iterator[Updates]:
    """Packs weights, card and recipe."""
    run = desk.run_of(visit)
    if visit is None or run is None:
        return
    yield {"used_status": html.note("Packing ...")}
    try:
        folder, bare = visit.session.folder / "zip", name_for(name)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        with run.kept():
            path = export.archive(run.folder, folder / f"{bare}.zip", bare, name.strip())
        yield {"zipped": str(path), "used_status": ""}
    except Exception as error:
        yield {"zipped": None, "used_status": html.problem(plain_error(error))}


def push(
    desk: Desk, visit: Visit | None, repository: str, token: str, private: bool, name: str
) -> Iterator[Updates]:
    """Uploads the best state; the token leaves the page's field, and is kept nowhere."""
    run = desk.run_of(visit)
    yield {"token": "", "pushed": html.note("Uploading ...")}
    if run is None:
        yield {"pushed": html.problem("There is no run to take it from.")}
        return
    try:
        with run.kept():
            address = export.push(
                run.folder, repository, token, private=bool(private), title=name.strip()
            )
        yield {"pushed": view.pushed(address)}
    except Exception as error:
        yield {"pushed": html.problem(plain_error(error))}
