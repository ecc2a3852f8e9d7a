"""The tables of the Wave-U-Net's paper: the SDR of separated seconds, beside our figures."""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from torch import nn

from models.checkpoint import load, read_card
from pipeline.audio.sound import Audio
from pipeline.evaluation.borders import border_jumps
from pipeline.evaluation.segment_sdr import SegmentSdr, pooled, segment_sdr
from pipeline.plots.separation_figures import border_spectrograms, sdr_violin
from training.config import CONFIGS, TrainingConfig, read_config
from training.data.clips import held_out, kept_for_test, read_clips
from training.evaluation.separation_cases import separation_cases
from training.evaluation.validation import restored
from training.tables.runs import train, weights_of
from training.tables.table import Report, Row, Table
from training.tables.wave_unet_paper import (
    COLUMNS,
    DIFFERS,
    FRAMES,
    MODELS,
    PAPER,
    PAPER_M6,
    SOURCES,
    TITLE,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SECONDS = 12.0  # of each mixture, at most
RATE = 22_050
SMALL = {"levels": 10, "filters": 16}  # what two cores can train in an evening
GLUED = "windows of 16384"  # without context the paper puts them together as they are


@dataclass(frozen=True)
class Separated:
    """What one network makes of all mixtures.

    Args:
        segments: name of the source -> its ratios.
        voice: (T,) the estimate of the longest mixture's voice.
        borders: first samples of the windows that it consists of.
        rate: in Hz.
        steps: that it was trained for.
    """

    segments: Mapping[str, SegmentSdr]
    voice: np.ndarray
    borders: Sequence[int]
    rate: int
    steps: int


def report(
    folders: list[Path],
    runs: Path,
    figures: Path | None = None,
    *,
    models: Sequence[str] = tuple(MODELS),
    others: Sequence[Path] = (),
    steps: int | None = None,
    small: bool = False,
) -> Report:
    """The tables, with a row for each network that has been trained.

    Args:
        folders: of recordings, with a manifest.
        runs: folder of the runs, one for each model, such as M1.
        figures: folder for PNG files; none are drawn where None.
        models: keys of `MODELS`.
        others: folders of further checkpoints that separate two sources.
        steps: length of the training of models that have no run yet; None trains none.
        small: train them in the size `SMALL`.

    Raises:
        ValueError: an unknown model, or no held-out voices and music.
    """
    weights = {path.name: path for path in others}
    for name in models:
        if name not in MODELS:
            raise ValueError(f"models: got {name!r}, expected some of {', '.join(MODELS)}")
        if steps and not weights_of(runs / name):
            train(model_config(name, steps, small), folders, runs / name)
        if best := weights_of(runs / name):
            weights[name] = best
    done = {
        name: one for label, path in weights.items() for name, one in _both(label, path, folders)
    }
    ours = {**references(folders), **{name: one.segments for name, one in done.items()}}
    learned = ", ".join(f"{name} {one.steps}" for name, one in done.items()) or "none is trained"
    facts = (
        f"Steps: {learned}; the paper's take 80 000 and more. Machine: {platform.machine()}.",
        *DIFFERS,
    )
    drawn = _drawn(done, figures) if figures else ()
    return Report(TITLE, (_all(ours), _audible(ours), PAPER_M6, *_borders(done)), facts, drawn)


def model_config(name: str, steps: int, small: bool) -> TrainingConfig:
    """The training config of one of `MODELS`."""
    file, changes = MODELS[name]
    config = dataclasses.replace(read_config(CONFIGS / f"{file}.json", steps=steps), **changes)
    if small and config.model == "wave_unet":
        config = dataclasses.replace(config, config={**config.config, **SMALL})
    return config


def _both(name: str, checkpoint: Path, folders: list[Path]) -> Iterator[tuple[str, Separated]]:
    """Of a network without context also what it makes of windows that are put together."""
    yield name, separated(checkpoint, folders, glued=False)
    if read_card(checkpoint).config.get("context") is False:
        yield f"{name}, {GLUED}", separated(checkpoint, folders, glued=True)


def separated(checkpoint: Path, folders: list[Path], glued: bool) -> Separated:
    """What a checkpoint makes of the mixtures.

    Args:
        checkpoint: its folder.
        folders: of recordings.
        glued: whether windows of 16384 samples are separated on their own and put together.
    """
    net, steps = load(checkpoint), read_card(checkpoint).step
    rate = int(net.config.sample_rate)
    size = round(FRAMES * rate) if glued else 1 << 62
    parts: dict[str, list[SegmentSdr]] = {source: [] for source in SOURCES}
    voices: list[np.ndarray] = []
    for mixture, sources in mixtures(folders, rate):
        estimate = _estimate(net, mixture, size)
        voices.append(estimate[-1])
        for source, row in SOURCES.items():
            parts[source].append(segment_sdr(estimate[row], sources[row], rate))
    longest = max(voices, key=len)
    segments = {source: pooled(some) for source, some in parts.items()}
    return Separated(segments, longest, range(size, len(longest), size), rate, steps)


def _estimate(net: nn.Module, mixture: np.ndarray, size: int) -> np.ndarray:
    """(K, T) of a mixture (T,), in windows that know nothing of each other."""
    windows = [mixture[start : start + size] for start in range(0, len(mixture), size)]
    return np.concatenate([restored(net, window) for window in windows], axis=1)


def references(folders: list[Path]) -> dict[str, Mapping[str, SegmentSdr]]:
    """The mixture, and half of it, as estimates of both sources."""
    some = mixtures(folders, RATE)
    return {
        name: {
            source: pooled([segment_sdr(gain * x, clean[row], RATE) for x, clean in some])
            for source, row in SOURCES.items()
        }
        for name, gain in (("mixture", 1.0), ("half mixture", 0.5))
    }


def mixtures(folders: list[Path], rate: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """(T,) and its sources (2, T): music and voice of the groups that no run learns from.

    Raises:
        ValueError: none of these groups has voices and music.
    """
    config = read_config(CONFIGS / "wave-unet.json")
    clips = read_clips(folders, rate, set(config.kinds))
    groups = {clip.group: clip.kind for clip in clips}
    for chosen in (kept_for_test(groups, config), held_out(groups, config)):
        some = [clip for clip in clips if clip.group in chosen]
        cases = separation_cases(some, rate, seconds=SECONDS, levels_db=(0.0,))
        if cases:
            return [(case.degraded, case.clean) for case in cases]
    raise ValueError("data: got no held-out voices and music, expected some of both")


def _all(ours: Mapping[str, Mapping[str, SegmentSdr]]) -> Table:
    """The paper's table 2."""
    rows = []
    for name, segments in ours.items():
        parts = [part.statistics() for part in segments.values()]
        values = [value for one in parts for value in (one.median, one.mad, one.mean, one.sd)]
        rows.append(Row(name, tuple(values)))
    return Table("SDR of seconds, in dB", COLUMNS, (*PAPER, *rows))


def _audible(ours: Mapping[str, Mapping[str, SegmentSdr]]) -> Table:
    """The same without the nearly silent segments, which rule the mean."""
    names = ("Med.", "Mean", "audible", "nearly silent", "silent")
    rows = []
    for label, segments in ours.items():
        values: list[float] = []
        for part in segments.values():
            audible, faint = part.audible().statistics(), len(part.near_silent().values)
            values += [audible.median, audible.mean, audible.n, faint, part.silent]
        rows.append(Row(label, tuple(values)))
    columns = tuple(f"{source} {name}" for source in SOURCES for name in names)
    return Table(
        "SDR of the seconds that are not nearly silent, in dB, and how many", columns, tuple(rows)
    )


def _borders(done: Mapping[str, Separated]) -> tuple[Table, ...]:
    """Jumps of level where the windows of a glued network meet, in its estimate and in others."""
    places = next((one.borders for one in done.values() if len(one.borders) > 1), ())
    rows = []
    for name, one in done.items():
        if places and one.rate == RATE:
            jumps = border_jumps(one.voice, places, one.rate)
            rows.append(Row(name, (jumps.at_borders, jumps.elsewhere, jumps.ratio)))
    title = "Jumps of the voice's level over 10 ms, in dB, where windows of 16384 samples meet"
    return (Table(title, ("at borders", "elsewhere", "ratio"), tuple(rows)),) if rows else ()


def _drawn(done: Mapping[str, Separated], folder: Path) -> tuple[Path, ...]:
    """The paper's figures 3 and 4, of what was separated here."""
    figures: dict[str, Figure] = {}
    for name, one in done.items():
        if all(np.isfinite(part.values).sum() > 1 for part in one.segments.values()):
            figures[f"sdr-{name.replace(', ', '-').replace(' ', '-')}"] = sdr_violin(one.segments)
    estimates = {
        name: (Audio(one.voice[None], one.rate), [at / one.rate for at in one.borders])
        for name, one in done.items()
        if one.rate == RATE
    }
    if estimates:
        figures["borders"] = border_spectrograms(estimates)
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / f"{name}.png" for name in figures}
    for name, path in paths.items():
        figures[name].savefig(path, dpi=110)
    return tuple(paths.values())
