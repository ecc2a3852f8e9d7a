"""The diagnosis of a recording: all findings, and the recipe that is proposed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline.audio.containers import Info
from pipeline.audio.sound import Audio
from pipeline.diagnosis import (
    bandwidth,
    channels,
    clicks,
    content,
    distortion,
    facts,
    gaps,
    level,
    low_frequency,
    neural_codec,
    noise,
)
from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.propose import propose
from pipeline.diagnosis.recording import Recording
from pipeline.stage import Tick, no_tick

FINDINGS: tuple[Callable[[Recording], Finding], ...] = (
    facts.duration,
    facts.sample_rate,
    facts.channels,
    facts.damaged_file,
    content.content,
    bandwidth.bandwidth,
    bandwidth.codec_low_pass,
    bandwidth.codec_holes,
    noise.noise_floor,
    noise.snr,
    low_frequency.hum,
    low_frequency.hum_level,
    low_frequency.rumble,
    low_frequency.dc_offset,
    clicks.clicks,
    distortion.quantisation,
    distortion.clipping,
    gaps.digital_silence,
    gaps.dropouts,
    channels.dead_channel,
    channels.duplicated_channel,
    channels.inverted_channel,
    level.loudness,
    level.true_peak,
    neural_codec.neural_codec,
)
"""Every finding, in the order in which they are listed; each function has its finding's name."""


@dataclass(frozen=True)
class Diagnosis:
    """What is known about a recording, and what to do about it.

    Attributes:
        findings: in the order of FINDINGS, trouble or not.
        recipe: the document of a recipe with a reason for each stage. It has no stages where there
            is nothing to do; its summary then says so.
    """

    findings: tuple[Finding, ...]
    recipe: dict[str, Any]

    @property
    def troubles(self) -> tuple[Finding, ...]:
        """The findings that are something wrong."""
        return tuple(finding for finding in self.findings if finding.trouble)

    def to_json(self) -> dict[str, Any]:
        """Findings and recipe, as the command line prints them."""
        return {"findings": [one.to_json() for one in self.findings], "recipe": self.recipe}


def diagnose(audio: Audio, info: Info | None = None, tick: Tick = no_tick) -> Diagnosis:
    """Examines a recording and proposes a recipe.

    Loudness, peaks, clipping, offset and silence are measured on every sample, all else on excerpts
    that do not grow with the length. Five minutes of stereo take 1.5 s of one core.

    Args:
        audio: any rate, number of channels and length; silence too.
        info: of its file, where it came from one: a lossy container is evidence.
        tick: called with the fraction done; may raise to stop.
    """
    recording, findings = Recording(audio, info), []
    tick(0.0)
    for number, finding in enumerate(FINDINGS, 1):
        findings.append(finding(recording))
        tick(number / len(FINDINGS))
    return Diagnosis(tuple(findings), propose(findings))
