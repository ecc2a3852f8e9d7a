"""The chosen recording: read once, checked whole, described in plain words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.audio.containers import Info
from pipeline.audio.decode import load, probe
from pipeline.audio.sound import Audio
from pipeline.stage import Tick, share, titled

if TYPE_CHECKING:
    from pipeline.diagnosis.diagnose import Diagnosis

READ_SHARE = 0.5
"""How much of the progress bar reading takes; looking for what is wrong has the rest."""


@dataclass(frozen=True)
class Source:
    """A recording that can be restored.

    Attributes:
        name: as the visitor calls it, for showing (escaped) only.
        audio: the whole sound; a long one lives in a temporary file without a name.
        bandwidth_hz: the frequency up to which there is sound.
        diagnosis: what is wrong with it, and the recipe that is proposed.
    """

    path: Path
    name: str
    audio: Audio
    info: Info
    bandwidth_hz: float
    diagnosis: Diagnosis

    @property
    def stem(self) -> str:
        """What downloads are named after."""
        return safe_stem(self.name)


def read(path: Path, name: str, max_seconds: float, tick: Tick) -> Source:
    """Reads, measures and diagnoses a recording.

    Args:
        tick: receives the progress; may raise to stop.

    Raises:
        AudioError: what is wrong with the file and what cures it.
    """
    from pipeline.analysis.bandwidth import effective_bandwidth_hz
    from pipeline.diagnosis.diagnose import diagnose

    info = probe(path)
    reading = titled(share(tick, 0, READ_SHARE), "Reading")
    audio = load(path, max_seconds=max_seconds, tick=reading)
    bandwidth_hz = effective_bandwidth_hz(audio)
    found = diagnose(audio, info, titled(share(tick, READ_SHARE, 1), "Listening"))
    return Source(path, name, audio, info, bandwidth_hz, found)


def safe_stem(name: str) -> str:
    """The name without folder and suffix, fit for any file system; letters of any script stay."""
    stem = Path(name.replace("\\", "/")).stem
    clean = re.sub(r"[^\w .()+-]+", "_", stem).strip(" .")
    return clean[:80].strip(" .") or "recording"


def excerpt(audio: Audio, start_s: float, length_s: float) -> Audio:
    """`length_s` seconds from `start_s` on, moved so that they fit; a view, no copy."""
    length = min(round(length_s * audio.rate), audio.frames)
    start = min(max(round(start_s * audio.rate), 0), audio.frames - length)
    return Audio(audio.samples[:, start : start + length], audio.rate)
