"""The parts of a run's recordings: to train on, to validate on, and to test on."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from training.config import TrainingConfig
from training.data.clips import NOISES, Clip, kept_for_test, read_clips, split
from training.data.shards.index import Shards, find
from training.runs.run_folder import RunConfig, RunFolder


@dataclass(frozen=True)
class Parts:
    """Recordings by what a run does with them.

    Args:
        trained, held_out: clips to learn from, and to validate on.
        test_groups: of the clips that are used for neither.
        shards: with the recordings to restore, if there are any; the clips to learn from are then
            those to mix with.
    """

    trained: list[Clip]
    held_out: list[Clip]
    test_groups: tuple[str, ...]
    shards: Shards | None = None

    def described(self, config: TrainingConfig, sample_rate: int) -> RunConfig:
        """What the run's config.json says of it: all but base, data and device."""
        return RunConfig(
            training=dataclasses.asdict(config),
            trained_groups=_groups(self.trained),
            validation_groups=_groups(self.held_out),
            test_groups=self.test_groups,
            trained_minutes=round(self._minutes(sample_rate), 1),
        )

    def _minutes(self, sample_rate: int) -> float:
        if self.shards:
            return self.shards.minutes
        return sum(len(clip.samples) for clip in self.trained) / sample_rate / 60


def read_parts(
    config: TrainingConfig, folders: list[Path], sample_rate: int, run: RunFolder
) -> Parts:
    """The recordings of a run. One that is resumed keeps the split that it began with.

    Args:
        config: of the run.
        folders: of clean recordings.
        sample_rate: Hz, of the net.
        run: where config.json lies if the run has begun.

    Raises:
        ValueError: no recordings of the config's kinds, or all of them held out.
    """
    shards = find(folders, sample_rate)
    clips = read_clips(folders, sample_rate, set(config.kinds))
    config = _as_written(config, shards) if shards else _as_begun(config, run)
    trained, held_out = split(clips, config)
    if all(clip.kind == NOISES for clip in trained):
        raise ValueError("data: every recording is held out; add more, of other groups")
    test = kept_for_test({clip.group: clip.kind for clip in clips}, config)
    return Parts(trained, held_out, tuple(sorted(test)), shards)


def _as_written(config: TrainingConfig, shards: Shards) -> TrainingConfig:
    """The config with the split that the shards were written with."""
    return _with_split(config, shards.validation_groups, ())


def _as_begun(config: TrainingConfig, run: RunFolder) -> TrainingConfig:
    """The config with the split that the run began with, whatever was added to its data since."""
    begun = RunConfig.read(run.path)
    if begun is None:
        return config
    return _with_split(config, begun.validation_groups, begun.test_groups)


def _with_split(
    config: TrainingConfig, validation_groups: tuple[str, ...], test_groups: tuple[str, ...]
) -> TrainingConfig:
    return dataclasses.replace(
        config,
        validation_groups=validation_groups,
        validation_share=0.0,
        test_groups=test_groups,
        test_share=0.0,
    )


def _groups(clips: list[Clip]) -> tuple[str, ...]:
    return tuple(sorted({clip.group for clip in clips}))
