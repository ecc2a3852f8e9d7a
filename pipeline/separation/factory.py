"""The separator of a name."""

from __future__ import annotations

from pipeline.separation.classical import HarmonicPercussive, MidSide
from pipeline.separation.demucs import Demucs
from pipeline.separation.separators import (
    HARMONIC_PERCUSSIVE,
    MID_SIDE,
    OURS,
    SEPARATORS,
    Separator,
)
from pipeline.separation.voice import VoiceSeparator


def separator(
    name: str,
    *,
    shifts: int = 0,
    overlap: float = 0.25,
    device: str = "auto",
    weights: str | None = None,
    precision: str = "float32",
    voice_model: str = "",
    own: str = "",
) -> Separator:
    """The separator of a name; its weights are loaded when it is first used.

    Args:
        name: a key of `separators.SEPARATORS`.
        shifts: (Demucs) passes over shifted copies that are averaged; 0 is one pass, unshifted.
        overlap: (Demucs) share of a segment that the next one repeats, in [0, 1).
        device: (Demucs, our own) one of `pipeline.inference.DEVICES`.
        weights: folder with the weights; see `separation.demucs_weights`, `separation.voice`.
        precision: (Demucs, our own) one of `models.net.PRECISIONS`.
        voice_model, own: (our own) name of a checkpoint, and a folder with a user's own ones.

    Raises:
        ValueError: no such separator.
    """
    if name not in SEPARATORS:
        raise ValueError(f"separator: got {name!r}, expected one of {', '.join(SEPARATORS)}")
    if name == HARMONIC_PERCUSSIVE:
        return HarmonicPercussive()
    if name == MID_SIDE:
        return MidSide()
    if name in OURS:
        return VoiceSeparator(name, device, weights, voice_model, own, precision)
    return Demucs(name, shifts, overlap, device, weights, precision)
