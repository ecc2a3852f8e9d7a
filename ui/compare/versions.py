"""The versions of a recording: the input, and what each candidate makes of it, or why it fails."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import recipe
from pipeline.audio.buffers import allocate, blocks
from pipeline.audio.decode import decode
from pipeline.audio.sound import Audio
from pipeline.stage import Cancelled, Chain, Tick, titled
from pipeline.stages.noise_print import with_noise_prints
from ui.compare.candidates import Candidate
from ui.compare.measures import Measures
from ui.restore import estimate
from ui.restore.result import PREVIEW_S, run_chain
from ui.restore.source import excerpt
from ui.session import plain_error

INPUT, REFERENCE = "Input", "Reference"
UNHEARD_S = 0.001
"""Lengths that differ by less need no note."""


@dataclass(frozen=True)
class Version:
    """The input, the reference, a candidate that was run, or why it could not be.

    Attributes:
        title: its name on the page.
        candidate: None for the input and the reference.
        audio: None where it failed.
        note: what was done to make it comparable, or "".
        problem: why it failed, or "".
        document: the recipe with every knob; None without one.
        seconds_taken: by the recipe.
        measures: None for the reference and where it failed.
    """

    title: str
    candidate: Candidate | None = None
    audio: Audio | None = None
    note: str = ""
    problem: str = ""
    document: dict[str, Any] | None = None
    seconds_taken: float | None = None
    measures: Measures | None = None


@dataclass(frozen=True)
class Part:
    """What of the recording is compared.

    Attributes:
        whole: the recording.
        at_s: start of an excerpt of `PREVIEW_S` seconds; None is the whole recording.
    """

    whole: Audio
    at_s: float | None

    def of(self, audio: Audio) -> Audio:
        """This part of a sound that is as long as the recording."""
        return audio if self.at_s is None else excerpt(audio, self.at_s, PREVIEW_S)


def run(
    candidate: Candidate, chain: Chain | ValueError | None, before: Audio, part: Part, tick: Tick
) -> Version:
    """Runs a candidate, or reads its file; never fails but by `Cancelled`.

    Args:
        chain: of its recipe, or why there is none; None for a file.
        before: the part of the recording that is restored.
    """
    try:
        if isinstance(chain, ValueError):
            raise chain
        if chain is None:
            return _opened(candidate, part, tick)
        estimate.warm_up(chain)  # so that loading its networks is not the recipe's time
        ready = chain if part.at_s is None else with_noise_prints(chain, part.whole)
        restored, _ = run_chain(before, ready, tick, candidate.title, keep=False)
    except Cancelled:
        raise
    except Exception as error:
        return Version(candidate.title, candidate, problem=plain_error(error))
    taken_s = restored.guarantee.seconds_taken
    document = recipe.dump(chain)
    return Version(
        candidate.title, candidate, restored.audio, document=document, seconds_taken=taken_s
    )


def _opened(candidate: Candidate, part: Part, tick: Tick) -> Version:
    """A finished file: as long as the recording, at its own rate."""
    reading = titled(tick, f"Reading {candidate.title}")
    most_s = 2 * part.whole.seconds + 60
    audio, _ = decode(Path(str(candidate.path)), max_seconds=most_s, tick=reading)
    audio, note = fitted(audio, part.whole)
    return Version(candidate.title, candidate, part.of(audio), note)


def fitted(audio: Audio, like: Audio) -> tuple[Audio, str]:
    """A sound with the length and the channels of another, at its own rate; what was done to it.

    Raises:
        ValueError: it has more than one channel, and another number of them.
    """
    if audio.channels not in (1, like.channels):
        raise ValueError(
            f"got {audio.channels} channels, expected {like.channels}, as the recording has"
        )
    frames, notes = round(like.seconds * audio.rate), []
    if audio.channels != like.channels:
        notes.append(f"Mono: the same in all {like.channels} channels.")
    off_s = abs(audio.frames - frames) / audio.rate
    if off_s >= UNHEARD_S:
        kind = "cut off" if audio.frames > frames else "of silence added at"
        notes.append(f"{off_s:.3g} s {kind} the end.")
    if audio.samples.shape == (like.channels, frames):
        return audio, ""
    return Audio(_as_long(audio.samples, like.channels, frames), audio.rate), " ".join(notes)


def _as_long(samples: np.ndarray, channels: int, frames: int) -> np.ndarray:
    """Cut, or padded with silence; one channel fills all."""
    out = allocate(channels, frames)
    for start, stop in blocks(out, samples):
        end = min(stop, samples.shape[1])
        out[:, start:end] = samples[:, start:end]
    return out
