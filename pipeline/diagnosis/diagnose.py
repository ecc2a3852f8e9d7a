"""What is wrong with a recording, and the recipe that is proposed for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline.audio.containers import Info
from pipeline.audio.sound import Audio
from pipeline.diagnosis import (
    band,
    channels,
    clicks_and_bits,
    content,
    dropouts,
    generated,
    level,
    noise,
)
from pipeline.diagnosis.finding import Finding, Subject
from pipeline.diagnosis.propose import propose
from pipeline.stage import Tick, no_tick


@dataclass(frozen=True)
class Diagnosis:
    """What was found, and what to do about it.

    Attributes:
        findings: everything that was measured, in order, trouble or not.
        recipe: a recipe's document; each stage has its reason, and there is no stage where there
            is nothing to do, which its summary then says.
    """

    findings: tuple[Finding, ...]
    recipe: dict[str, Any]

    @property
    def troubles(self) -> tuple[Finding, ...]:
        """Only what is wrong."""
        return tuple(finding for finding in self.findings if finding.trouble)

    def as_dict(self) -> dict[str, Any]:
        """What the command line prints as JSON: findings and recipe."""
        return {
            "findings": [finding.as_dict() for finding in self.findings],
            "recipe": self.recipe,
        }


def diagnose(audio: Audio, info: Info | None = None, tick: Tick = no_tick) -> Diagnosis:
    """Measures a recording and proposes what to do.

    Loudness, peaks, clipping, offset and silence are measured on every sample, all else on a part
    of them that does not grow with the length. Five minutes of stereo take 1.5 s of one core.

    Args:
        audio: any rate, number of channels and length, silence too.
        info: of its file, where it came from one: a lossy container is evidence.
        tick: told the fraction done; may raise to stop.
    """
    subject, found = Subject(audio, info), []
    tick(0.0)
    for index, measure in enumerate(MEASURES, 1):
        found += measure(subject)
        tick(index / len(MEASURES))
    return Diagnosis(tuple(found), propose(found))


def facts(subject: Subject) -> list[Finding]:
    """Duration, rate and channels."""
    audio = subject.audio
    minutes, seconds = divmod(audio.seconds, 60)
    long = f"{minutes:.0f} min {seconds:.0f} s" if minutes else f"{seconds:.3g} s"
    many = {1: "Mono.", 2: "Stereo."}.get(audio.channels, f"{audio.channels} channels.")
    return [
        Finding("duration", audio.seconds, "s", 1.0, f"It lasts {long}."),
        Finding("sample_rate", float(audio.rate), "Hz", 1.0, f"{audio.rate} samples a second."),
        Finding("channels", float(audio.channels), "", 1.0, many),
    ]


MEASURES: tuple[Callable[[Subject], list[Finding]], ...] = (
    facts,
    content.content,
    band.band,
    noise.noise,
    noise.hum,
    noise.rumble,
    channels.offset,
    clicks_and_bits.clicks,
    clicks_and_bits.quantisation,
    level.clipping,
    dropouts.gaps,
    channels.channels,
    level.level,
    generated.neural,
)
"""Every measurement, in the order in which findings are listed."""
