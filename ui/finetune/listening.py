"""Held-out recordings to listen to while a run goes on: damaged, base, now, original."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from pipeline.audio.decode import load
from pipeline.audio.sound import Audio
from pipeline.plots import figures
from pipeline.stage import no_tick
from training.runs.run import Run
from training.runs.samples import Sample, read_samples
from ui.components.player import PlayerData, player_value
from ui.finetune.dataset_events import Visit
from ui.finetune.run_digest import Digest
from ui.restore.result_player import loudness_matched

KEPT = 3
"""Players whose files stay: the page may still be fetching those of the last but one."""


def heard(visit: Visit, run: Run, found: Digest, playing: bool) -> dict[str, Any]:
    """The chooser of recordings and the player, as far as there is something to hear.

    Args:
        playing: whether the page's player sounds; it then keeps what it has.
    """
    cases = cases_of(run)
    if visit.case not in cases:
        visit.case = next(iter(cases), "")
    versions = sounds(run, visit.case) if cases else []
    chooser = gr.update(
        choices=[(text, case) for case, text in cases.items()],
        value=visit.case or None,
        visible=len(cases) > 1,
    )
    updates = {"listen": gr.update(visible=bool(cases)), "case": chooser}
    written = (path.stat().st_mtime_ns for _, path in versions)
    stamp = (run.name, visit.case, len(found.evaluations), *written)
    if playing or not versions or visit.sent.get("stamp") == stamp:
        return updates
    try:
        made = player(visit, run, versions, _now(found))
    except (OSError, ValueError):  # a file is being written, or the run was deleted: next time
        return updates
    visit.sent["stamp"] = stamp
    return {**updates, "player": made}


def _now(found: Digest) -> str:
    return f"Step {found.evaluations[-1][0]:,.0f}" if found.evaluations else "Now"


def player(visit: Visit, run: Run, versions: Sequence[tuple[str, Path]], now: str) -> PlayerData:
    """The player of one held-out recording: its versions in step, and their spectrograms."""
    sounds = [(now if text == "Now" else text, load(path)) for text, path in versions]
    folder = visit.session.new_folder("heard")
    frames = min(audio.frames for _, audio in sounds)
    same = [(text, Audio(audio.samples[:, :frames], audio.rate)) for text, audio in sounds]
    pictures = figures.spectrograms(same, folder)
    tracks = loudness_matched(same, no_tick)
    value = player_value(tracks, folder, pictures, of=f"{run.name}/{visit.case}")
    old = sorted(visit.session.folder.glob("heard-*"), key=lambda path: path.stat().st_mtime)
    for path in old[:-KEPT]:
        shutil.rmtree(path, ignore_errors=True)
    return value


def cases_of(run: Run) -> dict[str, str]:
    """The held-out recordings that can be heard: file of the sample -> what the page calls it."""
    samples = sorted(read_samples(run.folder), key=lambda sample: sample.recording)
    return {one.file: " · ".join(filter(None, (one.recording, one.label))) for one in samples}


def sounds(run: Run, case: str) -> Sequence[tuple[str, Path]]:
    """The versions of a held-out recording that there are, by what the page calls them."""
    kinds = (("Damaged", "input"), ("Base", "base"), ("Now", "now"), ("Original", "reference"))
    paths = [(text, Sample(case, case).path(run.folder, kind)) for text, kind in kinds]
    return [(text, path) for text, path in paths if path.is_file()]
