"""A telephone call and its clean original, and the code blocks of a document."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import soundfile


def write_recordings(folder: Path) -> Path:
    """Writes half a second: "clean.wav" at 48 kHz, and "call.wav" at 8 kHz; returns the folder."""
    time_s = np.arange(24_000) / 48_000
    clean = sum(0.1 * np.sin(2 * np.pi * hz * time_s) for hz in (300, 900, 2500, 9000))
    soundfile.write(folder / "clean.wav", clean, 48_000, "PCM_24")
    call = sum(0.1 * np.sin(2 * np.pi * hz * time_s[::6]) for hz in (300, 900, 2500))
    soundfile.write(folder / "call.wav", call, 8_000)
    return folder


def blocks(document: Path, language: str) -> list[str]:
    """The code blocks of a document that are in this language."""
    return re.findall(rf"```{language}\n(.*?)```", document.read_text(encoding="utf-8"), re.S)
