"""Several recordings that are restored one after another: what is known of each, and the work."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import restoration as engine
from pipeline.analysis.bandwidth import effective_bandwidth_hz
from pipeline.audio.containers import Info
from pipeline.audio.decode import decode, load
from pipeline.recipe import dump
from pipeline.stage import share, titled
from ui import zero_gpu
from ui.components.player import PlayerData
from ui.jobs import Job, Progress
from ui.restore import result_player, source
from ui.restore.estimate import total_seconds
from ui.restore.steps import load_chain
from ui.session import Session

if TYPE_CHECKING:
    from pipeline.diagnosis.diagnose import Diagnosis

MOST_FILES = 100
RESTORE_SHARE = 0.95
"""Share of the progress of a restoration; measuring its result has the rest."""


@dataclass(frozen=True)
class Outcome:
    """A restored recording.

    Attributes:
        recipe: the document that it was restored by, as it was chosen.
        dumped: the same with every setting.
        bandwidth_hz: of the result.
    """

    recipe: Mapping[str, Any]
    dumped: Mapping[str, Any]
    done: engine.RestoredFile
    bandwidth_hz: float


@dataclass(frozen=True)
class Item:
    """One of several recordings.

    Attributes:
        path, name: the uploaded file, and what the visitor calls it.
        stem: what its result is named after; no two items have the same.
        info, diagnosis: None until it has been read.
        problem: why it could not be read or restored; empty where nothing went wrong.
        outcome: its result.
    """

    path: Path
    name: str
    stem: str
    info: Info | None = None
    diagnosis: Diagnosis | None = None
    problem: str = ""
    outcome: Outcome | None = None

    @property
    def is_unread(self) -> bool:
        """Whether it still has to be read."""
        return self.diagnosis is None and not self.problem


@dataclass
class Several:
    """A visitor's recordings.

    Attributes:
        folder: of the zip.
        running: the index of the item that is worked on, and how far that is; or None.
        chosen: the index of the item whose player is shown, or None.
        player: that player, once it is ready; its files lie in `player_folder`.
    """

    items: list[Item]
    folder: Path
    running: tuple[int, Progress] | None = None
    chosen: int | None = None
    player: PlayerData | None = None
    player_folder: Path | None = None

    def close_player(self) -> None:
        """Closes the player that is open, and removes its files."""
        if self.player_folder is not None:
            shutil.rmtree(self.player_folder, ignore_errors=True)
        self.chosen = self.player = self.player_folder = None


def gathered(paths: Sequence[Path], folder: Path, known: Sequence[Item] = ()) -> Several:
    """The recordings at these paths; equal names get numbers.

    Args:
        folder: of the zip.
        known: recordings of before; those among the paths keep what is known of them.

    Raises:
        ValueError: more than MOST_FILES.
    """
    if len(paths) > MOST_FILES:
        raise ValueError(
            f"{len(paths)} files at once, expected at most {MOST_FILES}: choose fewer, or use the "
            "command line, which takes whole folders."
        )
    by_path = {item.path: item for item in known if item.path in paths}
    used = {item.stem.casefold() for item in by_path.values()}
    for path in dict.fromkeys(paths):
        if path not in by_path:
            stem = _unused(source.safe_stem(path.name), used)
            used.add(stem.casefold())
            by_path[path] = Item(path, path.name, stem)
    return Several([by_path[path] for path in dict.fromkeys(paths)], folder)


def _unused(stem: str, used: set[str]) -> str:
    """The stem, or the stem with the first number that makes it new on any file system."""
    numbered, number = stem, 1
    while numbered.casefold() in used:
        number += 1
        numbered = f"{stem} ({number})"
    return numbered


def read(max_seconds: float, item: Item, job: Job) -> Item:
    """Reads and diagnoses a recording; its sound is not kept.

    Raises:
        AudioError: it cannot be read.
    """
    chosen = source.read(item.path, item.name, max_seconds, job.tick)
    return replace(item, info=chosen.info, diagnosis=chosen.diagnosis)


def restore(
    document: Mapping[str, Any] | None, session: Session, max_seconds: float, item: Item, job: Job
) -> Item:
    """Restores a recording into a folder of its own, as the command line does.

    Args:
        document: the recipe; None is the one that is proposed for the recording.

    Raises:
        ValueError: it cannot be restored.
    """
    assert item.info is not None
    recipe = chosen_recipe(item, document)
    chain = load_chain(recipe, session)
    expected_s = total_seconds(item.info, chain)
    job.expect(expected_s)
    folder = session.new_folder("result")
    work = partial(engine.restore_file, item.path, folder, chain, max_seconds=max_seconds)
    try:
        done = zero_gpu.run(work, expected_s, share(job.tick, 0, RESTORE_SHARE))
        job.tick(RESTORE_SHARE, "Measuring")
        outcome = Outcome(recipe, dump(chain), done, effective_bandwidth_hz(load(done.path)))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    if item.outcome is not None:
        shutil.rmtree(item.outcome.done.path.parent, ignore_errors=True)
    return replace(item, outcome=outcome, problem="")


def chosen_recipe(item: Item, document: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The recipe for all, or the one that is proposed for a recording."""
    assert item.diagnosis is not None
    return item.diagnosis.recipe if document is None else document


def player(item: Item, folder: Path, max_seconds: float, job: Job) -> PlayerData:
    """The player of a recording and, where there is one, its result."""
    reading = titled(share(job.tick, 0, 0.3), "Reading")
    audio, _ = decode(item.path, max_seconds=max_seconds, tick=reading)
    findings = item.diagnosis.findings if item.diagnosis else ()
    rest = share(job.tick, 0.3, 1)
    if item.outcome is None:
        return result_player.of_recording(audio, findings, folder, rest)
    sounds = [("Degraded", audio), ("Restored", load(item.outcome.done.path))]
    marks = result_player.marks(findings, 0.0, audio.seconds)
    kept_hz = item.outcome.done.guarantee.kept_below_hz
    return result_player.of_steps(sounds, folder, rest, folder.name, marks, kept_hz)
