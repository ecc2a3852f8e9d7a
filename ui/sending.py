"""A sound on its way from one tab to another, by "Send to"."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.audio.encode import save
from pipeline.audio.sound import Audio


@dataclass(frozen=True)
class Parcel:
    """What one tab sends to another; it lies in the visitor's session, never in the browser.

    Attributes:
        path: a file of the server's own making, or an upload.
        reference: the clean take of it, where there is one.
        reference_name: what the visitor calls it.
        recipe: the name of the recipe that suits it; "" leaves the choice to the diagnosis.
        name: what the visitor calls the sound; "" is the file's own name.
    """

    path: Path
    reference: Audio | None = None
    reference_name: str = ""
    recipe: str = ""
    name: str = ""


@dataclass(frozen=True)
class Version:
    """One version of a recording, on its way to Listen.

    Attributes:
        item: the recording.
        condition: what was done to it.
        sound: a file, or what is in memory.
    """

    item: str
    condition: str
    sound: Path | Audio


def exact(audio: Audio, folder: Path, stem: str) -> Path:
    """The samples to the bit as a file, written when it is first asked for.

    Args:
        folder: of the result that they belong to.
        stem: what the file is named after.
    """
    path = folder / "sent" / f"{stem}.wav"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        save(audio, path, subtype="FLOAT")
    return path
