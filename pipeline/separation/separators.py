"""What a separator is, and the names of all separators and of their stems."""

from __future__ import annotations

from typing import Protocol

from pipeline.audio.buffers import allocate, blocks
from pipeline.audio.sound import Audio
from pipeline.stage import Tick, no_tick

HARMONIC_PERCUSSIVE, MID_SIDE = OFFLINE = ("harmonic_percussive", "mid_side")
"""The separators that need no trained weights."""

WAVE_UNET, VOICE_MASKER = OURS = ("wave_unet", "voice_masker")
"""Our own, which need a checkpoint."""

_FOUR = ("drums", "bass", "other", "vocals")

SEPARATORS: dict[str, tuple[str, ...]] = {
    "htdemucs": _FOUR,
    "htdemucs_ft": _FOUR,
    "htdemucs_6s": (*_FOUR, "guitar", "piano"),
    "hdemucs_mmi": _FOUR,
    "mdx_extra": _FOUR,
    VOICE_MASKER: ("voice", "accompaniment"),
    WAVE_UNET: ("voice", "accompaniment"),
    HARMONIC_PERCUSSIVE: ("harmonic", "percussive"),
    MID_SIDE: ("mid", "side"),
}
"""Every separator by name, and the names of its stems."""

DEMUCS = tuple(name for name in SEPARATORS if name not in (*OFFLINE, *OURS))
"""The separators whose weights are downloaded when they are first used."""


class Separator(Protocol):
    """Separates a sound into stems.

    Attributes:
        names: of the stems, in the order in which they are shown.
    """

    @property
    def names(self) -> tuple[str, ...]: ...

    def stems(self, audio: Audio, tick: Tick = no_tick) -> dict[str, Audio]:
        """The stems by name, each with the rate, channels and frames of `audio`."""
        ...

    def estimate_seconds(self, frames: int, rate: int, channels: int) -> float:
        """Seconds that `stems` will take."""
        ...


def silent_stems(audio: Audio, names: tuple[str, ...]) -> dict[str, Audio]:
    """The stems of silence."""
    nothing = Audio(allocate(audio.channels, audio.frames), audio.rate)
    return dict.fromkeys(names, nothing)


def fitted(stem: Audio, frames: int) -> Audio:
    """The stem with exactly `frames`: resampling back and forth may change the length by one."""
    if stem.frames >= frames:
        return Audio(stem.samples[:, :frames], stem.rate)
    out = allocate(stem.channels, frames)
    for start, stop in blocks(stem.samples, out):
        out[:, start:stop] = stem.samples[:, start:stop]
    return Audio(out, stem.rate)
