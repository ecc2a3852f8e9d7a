"""The diagnosis of a recording: all findings, and the recipe that is proposed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from pipeline import recipe
from pipeline.audio.containers import Info
from pipeline.audio.excerpts import spread_excerpts
from pipeline.audio.sound import Audio
from pipeline.diagnosis import (
    bandwidth,
    channels,
    clicks,
    content,
    distortion,
    facts,
    gaps,
    low_frequency,
    neural_codec,
    noise,
)
from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.propose import propose
from pipeline.diagnosis.recording import Recording
from pipeline.stage import Tick, no_tick

EXCERPTS, EXCERPT_S = 3, 4.0  # on which is measured what a stage takes out
NOTHING_DB = -200.0

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
    noise.background_noise,
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
    facts.loudness,
    facts.true_peak,
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

    def with_content(self, kind: str, audio: Audio) -> Diagnosis:
        """The diagnosis of the same recording, proposed anew for what the user says that it is.

        Args:
            kind: one of `models.card.CLASSES`.
            audio: the recording.
        """
        recording = Recording(audio, kind=kind)
        anew = {one.__name__: one for one in (content.content, noise.background_noise)}
        findings = tuple(
            recording.ask(anew[one.name]) if one.name in anew else one for one in self.findings
        )
        return Diagnosis(findings, propose(findings, partial(removed_db, audio)))

    def to_json(self) -> dict[str, Any]:
        """Findings and recipe, as the command line prints them."""
        return {"findings": [one.to_json() for one in self.findings], "recipe": self.recipe}


def diagnose(
    audio: Audio, info: Info | None = None, tick: Tick = no_tick, kind: str | None = None
) -> Diagnosis:
    """Examines a recording and proposes a recipe.

    Loudness, peaks, clipping, offset and silence are measured on every sample, all else on excerpts
    that do not grow with the length. Five minutes of stereo take 1.5 s of one core.

    Args:
        audio: any rate, number of channels and length; silence too.
        info: of its file, where it came from one: a lossy container is evidence.
        tick: called with the fraction done; may raise to stop.
        kind: what the user says that it is, one of `models.card.CLASSES`; None asks the classifier.
    """
    recording, findings = Recording(audio, info, kind), []
    tick(0.0)
    for number, finding in enumerate(FINDINGS, 1):
        findings.append(recording.ask(finding))
        tick(number / len(FINDINGS))
    return Diagnosis(tuple(findings), propose(findings, partial(removed_db, audio)))


def removed_db(audio: Audio, entry: dict[str, Any]) -> float:
    """Level in dB of what a stage takes out of excerpts, over that of the excerpts.

    Args:
        audio: the recording.
        entry: a stage of a recipe's document; the stage must keep rate and length.
    """
    stage = recipe.load({"version": recipe.VERSION, "stages": [entry]})
    change = total = 0.0
    for excerpt in spread_excerpts(audio, EXCERPT_S, EXCERPTS):
        difference = excerpt.samples - stage(excerpt).samples
        change += float(np.square(difference, dtype=np.float64).sum())
        total += float(np.square(excerpt.samples, dtype=np.float64).sum())
    return float(10 * np.log10(change / total)) if change and total else NOTHING_DB
