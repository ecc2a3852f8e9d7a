"""The sounds of a listening test: cut to a stretch, on one rate, level with each other."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.analysis.loudness import integrated_lufs
from pipeline.audio.decode import decode
from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio, AudioError
from pipeline.evaluation.listening.anchors import CUTOFFS_HZ, REFERENCE, anchor
from pipeline.stage import Tick, part
from ui.components.player import listening_copy, matching_gains
from ui.restore.source import excerpt
from ui.sending import Version

SLACK_S = 0.1
"""The versions of an item may differ so much in length; all end with the shortest."""

SHORTEST_S = 0.2


@dataclass(frozen=True)
class Prepared:
    """A sound that is ready to be played.

    Attributes:
        path: the listening copy; its name says nothing.
        gain_db: by which the page turns it down; never above 0.
        seconds: its length.
    """

    path: Path
    gain_db: float
    seconds: float


@dataclass(frozen=True)
class Stretch:
    """The stretch of every item that is played, in seconds."""

    start_s: float
    length_s: float


Sounds = dict[tuple[str, str], Prepared]
"""(item, condition) -> sound."""


def prepare(
    versions: Sequence[Version], stretch: Stretch, longest_s: float, folder: Path, tick: Tick
) -> Sounds:
    """Writes the listening copies of one item's versions.

    They get one rate, the highest of them, and one length. The loudness of each is measured (ITU-R
    BS.1770), and all are to be turned down to the quietest; the samples stay as they are.

    Args:
        versions: of one item; where one of them is REFERENCE, its anchors are added.
        longest_s: a longer file is refused.
        folder: of the visitor's; the copies have random names.

    Raises:
        AudioError: a file cannot be read, or the versions differ in length.
    """
    audios = {}
    for at, version in enumerate(versions):
        audios[version.condition] = _loaded(version, longest_s, part(tick, at, 2 * len(versions)))
    _check_lengths(versions[0].item, audios)
    rate = max(audio.rate for audio in audios.values())
    audios = {name: resample(_cut(one, stretch), rate) for name, one in audios.items()}
    if REFERENCE in audios:
        audios |= {name: anchor(audios[REFERENCE], name) for name in CUTOFFS_HZ}
    frames = min(audio.frames for audio in audios.values())
    audios = {name: Audio(one.samples[:, :frames], rate) for name, one in audios.items()}
    return _written(versions[0].item, audios, folder, tick)


def linked(path: Path) -> Path:
    """The same file under a new name, so that no name tells what it is."""
    new = path.with_name(_random_name())
    try:
        os.link(path, new)
    except OSError:  # a file system without links
        shutil.copyfile(path, new)
    return new


def _loaded(version: Version, longest_s: float, tick: Tick) -> Audio:
    if isinstance(version.sound, Audio):
        return version.sound
    return decode(version.sound, max_seconds=longest_s, tick=tick).audio


def _check_lengths(item: str, audios: Mapping[str, Audio]) -> None:
    seconds = {name: audio.seconds for name, audio in audios.items()}
    if max(seconds.values()) - min(seconds.values()) > SLACK_S:
        listed = ", ".join(f"{name} {length:.2f} s" for name, length in seconds.items())
        raise AudioError(f"{item}: the versions differ in length ({listed}); they must be aligned")


def _cut(audio: Audio, stretch: Stretch) -> Audio:
    if audio.seconds < SHORTEST_S:
        raise AudioError(f"got a sound of {audio.seconds:.2f} s, expected {SHORTEST_S} s or more")
    return excerpt(audio, stretch.start_s, max(stretch.length_s, SHORTEST_S))


def _written(item: str, audios: Mapping[str, Audio], folder: Path, tick: Tick) -> Sounds:
    gains_db = matching_gains([integrated_lufs(audio) for audio in audios.values()])
    sounds = {}
    for at, ((name, audio), gain_db) in enumerate(zip(audios.items(), gains_db, strict=True)):
        path = listening_copy(audio, folder / _random_name())
        sounds[item, name] = Prepared(path, round(gain_db, 2), audio.seconds)
        tick(0.5 + 0.5 * (at + 1) / len(audios))
    return sounds


def _random_name() -> str:
    return f"{secrets.token_hex(12)}.wav"
