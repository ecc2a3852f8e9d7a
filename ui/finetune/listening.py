"""Held-out recordings to listen to during a run: damaged, base, now, original."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import gradio as gr

from pipeline.audio.decode import load
from pipeline.audio.sound import Audio
from pipeline.plots import figures
from pipeline.stage import no_tick
from training.runs.run import Run
from training.runs.samples import Sample, read_samples
from ui.components.player import PlayerData, player_value
from ui.finetune.run_digest import Digest
from ui.finetune.visit import Updates, Visit
from ui.restore.result_player import loudness_matched

KEPT = 3
"""Players whose files stay: the page may still be fetching those of an earlier one."""

NOW = "Now"
VERSIONS = (("Damaged", "input"), ("Base", "base"), (NOW, "now"), ("Original", "reference"))
"""The versions of a held-out recording: (name on the page, folder of the samples)."""


def listening(visit: Visit, run: Run, digest: Digest, is_playing: bool) -> Updates:
    """The list of held-out recordings and the player, once there is something to hear.

    Args:
        is_playing: whether the page's player plays; it is then left alone.
    """
    titles = sample_titles(run)
    if visit.sample not in titles:
        visit.sample = next(iter(titles), "")
    chooser = gr.update(
        choices=[(title, file) for file, title in titles.items()],
        value=visit.sample or None,
        visible=len(titles) > 1,
    )
    updates = {"listen": gr.update(visible=bool(titles)), "case": chooser}
    versions = versions_of(run, visit.sample) if titles else []
    if is_playing or not versions:
        return updates
    times = (path.stat().st_mtime_ns for _, path in versions)
    stamp = (run.name, visit.sample, len(digest.evaluations), *times)
    if visit.shown.get("stamp") == stamp:
        return updates
    try:
        player = draw_player(visit, run, versions, _now(digest))
    except (OSError, ValueError):  # a file is being written, or the run was deleted: next time
        return updates
    visit.shown["stamp"] = stamp
    return {**updates, "player": player}


def _now(digest: Digest) -> str:
    return f"Step {digest.evaluations[-1][0]:,.0f}" if digest.evaluations else NOW


def draw_player(
    visit: Visit, run: Run, versions: Sequence[tuple[str, Path]], now: str
) -> PlayerData:
    """The player of one held-out recording: its versions in step, and their spectrograms."""
    sounds = [(now if title == NOW else title, load(path)) for title, path in versions]
    folder = visit.session.new_folder("heard")
    frames = min(audio.frames for _, audio in sounds)
    sounds = [(title, Audio(audio.samples[:, :frames], audio.rate)) for title, audio in sounds]
    pictures = figures.spectrograms(sounds, folder)
    tracks = loudness_matched(sounds, no_tick)
    value = player_value(tracks, folder, pictures, of=f"{run.name}/{visit.sample}")
    old = sorted(visit.session.folder.glob("heard-*"), key=lambda path: path.stat().st_mtime)
    for path in old[:-KEPT]:
        shutil.rmtree(path, ignore_errors=True)
    return value


def sample_titles(run: Run) -> dict[str, str]:
    """The held-out recordings that can be heard: file of the sample -> its title."""
    samples = sorted(read_samples(run.folder), key=lambda sample: sample.recording)
    return {one.file: " · ".join(filter(None, (one.recording, one.label))) for one in samples}


def versions_of(run: Run, sample: str) -> list[tuple[str, Path]]:
    """The versions of a held-out recording that exist: (title, file)."""
    paths = [(title, Sample(sample, sample).path(run.folder, kind)) for title, kind in VERSIONS]
    return [(title, path) for title, path in paths if path.is_file()]
