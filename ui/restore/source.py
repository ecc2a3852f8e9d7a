"""The chosen recording: read completely, checked and diagnosed once."""

from __future__ import annotations

import functools
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.audio.containers import Info
from pipeline.audio.decode import decode
from pipeline.audio.sound import Audio
from pipeline.stage import Tick, share, titled
from ui.components.player import PlayerData
from ui.restore import result_player

if TYPE_CHECKING:
    from pipeline.diagnosis.diagnose import Diagnosis

SLACK_S = 0.1
"""A reference may be so much longer or shorter than the recording."""

PREPARED_AFTER_S = 2.0
"""So long after the first page was opened: until then it is being loaded itself."""

NOISE_S, NOISE_HZ = 4.0, 16_000

READ_SHARE, DIAGNOSIS_SHARE = 0.4, 0.4
"""The shares of the progress bar; the player takes the rest."""


@dataclass(frozen=True)
class Source:
    """A recording that can be restored.

    Attributes:
        name: the visitor's name for it, only ever shown, never a path.
        audio: the whole sound; a long one is mapped from an unnamed temporary file.
        diagnosis: what is wrong with it, and the proposed recipe.
        player: the player of the recording alone, with its findings marked; None without a folder.
    """

    path: Path
    name: str
    audio: Audio
    info: Info
    diagnosis: Diagnosis
    player: PlayerData | None = None

    @property
    def stem(self) -> str:
        """What downloads are named after."""
        return safe_stem(self.name)


def read(
    path: Path, name: str, max_seconds: float, tick: Tick, folder: Path | None = None
) -> Source:
    """Reads, measures and diagnoses a recording, and prepares its player.

    Args:
        tick: receives the progress; may raise to stop.
        folder: where the player's files go; None prepares none.

    Raises:
        AudioError: the file cannot be read; the message names the cause and the cure.
    """
    from pipeline.diagnosis.diagnose import diagnose

    reading = titled(share(tick, 0, READ_SHARE), "Reading")
    audio, info = decode(path, max_seconds=max_seconds, tick=reading)
    until = READ_SHARE + DIAGNOSIS_SHARE
    diagnosis = diagnose(audio, info, titled(share(tick, READ_SHARE, until), "Listening"))
    player = None
    if folder is not None:
        player = result_player.of_recording(
            audio, diagnosis.findings, folder, share(tick, until, 1)
        )
    return Source(path, name, audio, info, diagnosis, player)


@functools.cache
def prepare_soon() -> None:
    """Loads in the background, once, what the first diagnosis would take longest for."""
    later = threading.Timer(PREPARED_AFTER_S, _prepare)
    later.daemon = True
    later.start()


def _prepare() -> None:
    from pipeline.diagnosis.diagnose import diagnose

    noise = 0.1 * np.random.default_rng(0).standard_normal((1, round(NOISE_S * NOISE_HZ)))
    diagnose(Audio(noise.astype(np.float32), NOISE_HZ))


def safe_stem(name: str) -> str:
    """The name without folder and suffix, valid on any file system; letters of any script stay."""
    stem = Path(name.replace("\\", "/")).stem
    clean = re.sub(r"[^\w .()+-]+", "_", stem).strip(" .")
    return clean[:80].strip(" .") or "recording"


def excerpt(audio: Audio, start_s: float, length_s: float) -> Audio:
    """`length_s` seconds from `start_s`, moved to fit into the recording; a view, not a copy."""
    length = min(round(length_s * audio.rate), audio.frames)
    start = min(max(round(start_s * audio.rate), 0), audio.frames - length)
    return Audio(audio.samples[:, start : start + length], audio.rate)


def matching(reference: Audio, degraded: Audio, start_s: float) -> Audio:
    """The stretch of a recording's clean reference that belongs to a part from `start_s`."""
    if degraded.seconds < reference.seconds - SLACK_S:
        return excerpt(reference, start_s, degraded.seconds)
    return reference
