"""What a report measures: a net, and recordings that it has not trained on."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from models.checkpoint import load, read_card
from training.data.clips import Clip, read_clips
from training.evaluation.cases import first_of_each_group
from training.runs.run_folder import BEST, RunConfig

RATE = 44_100


@dataclass(frozen=True)
class Subject:
    """A net and the recordings to measure it on.

    Attributes:
        net: as it is run; None measures what there is to compare with only.
        clips: recordings at 44.1 kHz, one for each group.
        facts: sentences about data, training and machine.
        run: folder of the run that the net is from; None for a checkpoint.
    """

    net: nn.Module | None
    clips: tuple[Clip, ...]
    facts: tuple[str, ...]
    run: Path | None = None


def subject(
    folder: Path, kinds: set[str], *, run: Path | None, checkpoint: Path | None, most: int
) -> Subject:
    """The best net of a run or of a checkpoint, and recordings from a folder.

    Of a run, only recordings of the groups that it kept for the test are measured, or of those to
    validate on where it kept none. Of a checkpoint, the folder must hold others than it learned
    from.

    Args:
        folder: of recordings.
        kinds: of recordings.
        run, checkpoint: folders; at most one of them.
        most: largest number of recordings.

    Raises:
        ValueError: no recording, or a net at another rate.
    """
    clips = read_clips([folder], RATE, kinds)
    weights = run / BEST if run else checkpoint
    card = read_card(weights) if weights else None
    if card and card.config.get("sample_rate") != RATE:
        raise ValueError(f"{card.name}: got a net at another rate, expected one at {RATE} Hz")
    if run:
        clips = _kept(clips, run)
    chosen = tuple(first_of_each_group(clips, 1)[:most])
    facts = [f"{len(chosen)} recordings of {len({clip.group for clip in chosen})} groups."]
    if card:
        hours = card.training.get("hours")
        length = f", {hours} hours" if hours else ""
        facts.append(f"{card.model} {card.config}, {card.step} steps{length}.")
    facts.append(f"Machine: {platform.machine()}, {platform.system()}.")
    return Subject(load(weights) if weights else None, chosen, tuple(facts), run)


def _kept(clips: list[Clip], run: Path) -> list[Clip]:
    config = RunConfig.read(run)
    if config is None:
        raise ValueError(f"{run}: not a run")
    groups = set(config.test_groups) or set(config.validation_groups)
    kept = [clip for clip in clips if clip.group in groups]
    if not kept:
        raise ValueError(f"{run}: none of its test recordings are in the folder")
    return kept
