"""The parts of a run's recordings: to train on, to validate on, and to test on."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from training.config import TrainingConfig
from training.data.clips import NOISES, Clip, kept_for_test, read_clips, split
from training.runs.run_folder import RunConfig, RunFolder


@dataclass(frozen=True)
class Parts:
    """Recordings by what a run does with them.

    Args:
        trained, held_out: clips to learn from, and to validate on.
        test_groups: of the clips that are used for neither.
    """

    trained: list[Clip]
    held_out: list[Clip]
    test_groups: tuple[str, ...]

    def described(self, config: TrainingConfig, sample_rate: int) -> RunConfig:
        """What the run's config.json says of it: all but base, data and device."""
        return RunConfig(
            training=dataclasses.asdict(config),
            trained_groups=_groups(self.trained),
            validation_groups=_groups(self.held_out),
            test_groups=self.test_groups,
            trained_minutes=round(_minutes(self.trained, sample_rate), 1),
        )


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
    clips = read_clips(folders, sample_rate, set(config.kinds))
    config = _as_begun(config, run)
    trained, held_out = split(clips, config)
    if all(clip.kind == NOISES for clip in trained):
        raise ValueError("data: every recording is held out; add more, of other groups")
    test = kept_for_test({clip.group: clip.kind for clip in clips}, config)
    return Parts(trained, held_out, tuple(sorted(test)))


def _as_begun(config: TrainingConfig, run: RunFolder) -> TrainingConfig:
    """The config with the split that the run began with, whatever was added to its data since."""
    begun = RunConfig.read(run.path)
    if begun is None:
        return config
    return dataclasses.replace(
        config,
        validation_groups=begun.validation_groups,
        validation_share=0.0,
        test_groups=begun.test_groups,
        test_share=0.0,
    )


def _groups(clips: list[Clip]) -> tuple[str, ...]:
    return tuple(sorted({clip.group for clip in clips}))


def _minutes(clips: list[Clip], sample_rate: int) -> float:
    return sum(len(clip.samples) for clip in clips) / sample_rate / 60
