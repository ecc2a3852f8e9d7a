"""Channels that are silent, identical, or of opposite polarity."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from pipeline.analysis.channel_statistics import SILENCE
from pipeline.diagnosis.finding import Finding, ramp
from pipeline.diagnosis.recording import Recording

DEAD_DB = -60.0  # below the loudest channel
SAME_DB = -50.0  # what is left of a pair's difference (or sum), below the pair
OPPOSED = -0.4  # correlation from which a channel counts as inverted
SIDES = {2: ("left", "right")}


def dead_channel(recording: Recording) -> Finding:
    """The number of silent channels beside others with sound."""
    alive = _alive(recording)
    dead = [_name(recording, channel) for channel in np.flatnonzero(~alive)]
    if recording.silent or not dead:
        text = "Every channel carries sound." if alive.all() else "No channel carries sound."
        return Finding("dead_channel", 0.0, "", 1.0, text)
    verb = "is" if len(dead) == 1 else "are"
    text = (
        f"The {_listed(dead)} {verb} silent. Copy a good channel over it, or save the recording "
        "as mono."
    )
    return Finding("dead_channel", float(len(dead)), "", 1.0, text, True)


def duplicated_channel(recording: Recording) -> Finding:
    """The number of pairs of channels with the same sound."""
    alive = _alive(recording)
    pairs = _pairs(recording, alive, -1)
    if not pairs:
        text = "No channel is a copy of another."
        if alive.sum() <= 1:
            text = "There are no two channels with sound to compare."
        return Finding("duplicated_channel", 0.0, "", 1.0, text)
    text = (
        "Left and right are identical: mono in a stereo file."
        if recording.audio.channels == 2
        else f"{len(pairs)} pairs of channels are identical, first {_listed(pairs[0])}."
    )
    return Finding("duplicated_channel", float(len(pairs)), "pairs", 1.0, text, True)


def inverted_channel(recording: Recording) -> Finding:
    """The lowest correlation of two channels, -1 for inverted polarity."""
    alive = _alive(recording)
    exact = bool(_pairs(recording, alive, 1))
    products = recording.statistics.products
    lowest = min(
        (
            products[a, b] / np.sqrt(products[a, a] * products[b, b])
            for a, b in combinations(np.flatnonzero(alive), 2)
        ),
        default=0.0,
    )
    trouble = exact or (lowest < OPPOSED and recording.audio.channels == 2)
    if not trouble:
        confidence, text = ramp(lowest, OPPOSED, 0.1), "No channel has inverted polarity."
        return Finding("inverted_channel", float(lowest), "", confidence, text)
    text = (
        "One channel has inverted polarity: played in mono, the centre cancels out. Invert one "
        "channel in an editor."
    )
    confidence = 1.0 if exact else ramp(-lowest, 0.2, 0.8)
    return Finding("inverted_channel", float(lowest), "", confidence, text, True)


def _alive(recording: Recording) -> np.ndarray:
    """(C,) bool: the channels with sound."""
    power = np.diag(recording.statistics.products)
    return power > max(power.max() * 10 ** (DEAD_DB / 10), SILENCE**2)


def _pairs(recording: Recording, alive: np.ndarray, sign: int) -> list[list[str]]:
    """Pairs of channels with sound whose difference (sign -1) or sum (1) is next to nothing."""
    products = recording.statistics.products
    pairs = []
    for a, b in combinations(np.flatnonzero(alive), 2):
        both = products[a, a] + products[b, b]
        if both + 2 * sign * products[a, b] < both * 10 ** (SAME_DB / 10):
            pairs.append([_name(recording, a), _name(recording, b)])
    return pairs


def _name(recording: Recording, channel: int) -> str:
    names = SIDES.get(recording.audio.channels)
    return f"{names[channel]} channel" if names else f"channel {channel + 1}"


def _listed(names: list[str]) -> str:
    return " and ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} and {names[-1]}"
