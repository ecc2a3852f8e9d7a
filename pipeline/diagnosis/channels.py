"""Channels that say nothing, say the same, or say the opposite; a constant offset."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from pipeline.diagnosis.finding import SILENCE, Finding, Subject, ramp

DEAD_DB = -60.0  # below the loudest channel
SAME_DB = -50.0  # what is left of a pair's difference (or sum), below the pair
OPPOSED = -0.4  # correlation from which a channel counts as turned over
OFFSET_DB = -46.0  # of full scale: a thud at each edit, and headroom lost
SIDES = {2: ("left", "right")}


def channels(subject: Subject) -> list[Finding]:
    """Dead, duplicated and inverted channels."""
    power = np.diag(subject.sweep.products)
    alive = power > max(power.max() * 10 ** (DEAD_DB / 10), SILENCE**2)
    return [
        _dead(subject, alive),
        _duplicated(subject, alive),
        _inverted(subject, alive),
    ]


def offset(subject: Subject) -> list[Finding]:
    """The largest mean of a channel, as a share of full scale."""
    largest = float(np.abs(subject.sweep.mean).max())
    level_db = 20 * np.log10(max(largest, 1e-12))
    seconds = subject.audio.seconds
    trouble = level_db > OFFSET_DB and seconds > 0.5
    text = (
        f"It is shifted off zero by {100 * largest:.2g} % of full scale (DC offset); "
        "that costs headroom and clicks at cuts."
        if trouble
        else "No DC offset."
    )
    sure = ramp(abs(level_db - OFFSET_DB), -3, 6) * ramp(seconds, 0, 1)
    return [Finding("dc_offset", 100 * largest, "%", sure, text, trouble)]


def _dead(subject: Subject, alive: np.ndarray) -> Finding:
    dead = [_called(subject, at) for at in np.flatnonzero(~alive)]
    if not dead or subject.silent:
        return Finding("dead_channel", 0.0, "", 1.0, "Every channel carries sound." if alive.all()
                       else "No channel carries sound.")  # fmt: skip
    text = f"Nothing is heard in the {_listed(dead)}; copy a good channel over it, or save it mono."
    return Finding("dead_channel", float(len(dead)), "", 1.0, text, True)


def _duplicated(subject: Subject, alive: np.ndarray) -> Finding:
    pairs = _pairs(subject, alive, -1)
    if not pairs:
        text = "No channel is a copy of another." if alive.sum() > 1 else "There is one channel."
        return Finding("duplicated_channel", 0.0, "", 1.0, text)
    text = (
        "Left and right are the same: it is mono in a stereo file."
        if subject.audio.channels == 2
        else f"{len(pairs)} pairs of channels are the same, first {_listed(pairs[0])}."
    )
    return Finding("duplicated_channel", float(len(pairs)), "pairs", 1.0, text, True)


def _inverted(subject: Subject, alive: np.ndarray) -> Finding:
    exact = bool(_pairs(subject, alive, 1))
    products = subject.sweep.products
    lowest = min(
        (
            products[a, b] / np.sqrt(products[a, a] * products[b, b])
            for a, b in combinations(np.flatnonzero(alive), 2)
        ),
        default=0.0,
    )
    trouble = exact or (lowest < OPPOSED and subject.audio.channels == 2)
    if not trouble:
        sure = ramp(lowest, OPPOSED, 0.1)
        return Finding("inverted_channel", float(lowest), "", sure, "No channel is upside down.")
    text = (
        "One channel is upside down (inverted polarity): played in mono, the middle cancels out. "
        "Invert one channel in an editor."
    )
    sure = 1.0 if exact else ramp(-lowest, 0.2, 0.8)
    return Finding("inverted_channel", float(lowest), "", sure, text, True)


def _pairs(subject: Subject, alive: np.ndarray, sign: int) -> list[list[str]]:
    """Pairs of living channels whose difference (sign -1) or sum (1) is next to nothing."""
    products = subject.sweep.products
    found = []
    for a, b in combinations(np.flatnonzero(alive), 2):
        both = products[a, a] + products[b, b]
        if both + 2 * sign * products[a, b] < both * 10 ** (SAME_DB / 10):
            found.append([_called(subject, a), _called(subject, b)])
    return found


def _called(subject: Subject, channel: int) -> str:
    names = SIDES.get(subject.audio.channels)
    return f"{names[channel]} channel" if names else f"channel {channel + 1}"


def _listed(names: list[str]) -> str:
    return " and ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} and {names[-1]}"
