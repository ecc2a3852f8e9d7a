"""All results in one zip: sounds, recipes, and a page with a row for each."""

from __future__ import annotations

import json
import tempfile
import zipfile
from pathlib import Path

from pipeline.files import write_atomically
from pipeline.report import batch as batch_page
from pipeline.stage import Tick
from ui.limits import GIB
from ui.restore.several.batch import Item, Several
from ui.session import Session, size

NAME = "Restored recordings.zip"
PAGE = "report.html"


def write(several: Several, session: Session, tick: Tick) -> Path:
    """Writes the zip into the visitor's folder, whole or not at all; it is never held in memory.

    Raises:
        ValueError: nothing has been restored, or the zip would not fit into what one page may keep.
    """
    done = [item for item in several.items if item.outcome]
    if not done:
        raise ValueError("Nothing has been restored yet.")
    path = several.folder / NAME
    path.unlink(missing_ok=True)
    _check_room(session, done)
    with (
        write_atomically(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive,
    ):
        for at, item in enumerate(done):
            tick(at / len(done), "Writing the zip")
            outcome = item.outcome
            assert outcome is not None
            archive.write(outcome.done.path, sound_name(item))
            recipe = json.dumps(outcome.dumped, indent=2, ensure_ascii=False) + "\n"
            archive.writestr(f"{item.stem}.recipe.json", recipe.encode("utf-8", "replace"))
        archive.writestr(PAGE, _page(several))
    return path


def sound_name(item: Item) -> str:
    """The name of an item's result in the zip."""
    assert item.outcome is not None
    return f"{item.stem}{item.outcome.done.path.suffix}"


def _check_room(session: Session, done: list[Item]) -> None:
    limit = session.limits.bytes_each
    needed = sum(item.outcome.done.path.stat().st_size for item in done if item.outcome)
    if limit is not None and size(session.folder) + needed > limit:
        raise ValueError(
            f"The zip does not fit into the {limit / GIB:g} GB that one page may keep here. "
            "Restore fewer recordings at once."
        )


def _page(several: Several) -> bytes:
    rows = [_row(item) for item in several.items]
    taken_s = sum(item.outcome.done.seconds_taken for item in several.items if item.outcome)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / PAGE
        batch_page.write(path, "Restored on the page", rows, taken_s)
        return path.read_bytes()


def _row(item: Item) -> batch_page.Row:
    if item.outcome is None:
        status = "failed" if item.problem else "not restored"
        return batch_page.Row(item.name, status, notes=item.problem)
    done = item.outcome.done
    return batch_page.Row(
        item.name, "done", sound_name(item), done.seconds, done.guarantee.times_real_time,
        done.guarantee.lufs_change, done.guarantee.same_length, " ".join(done.notes),
    )  # fmt: skip
