"""The recipe proposed for a diagnosis: which stages, with which settings, and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from models import checkpoint
from pipeline.diagnosis.finding import Finding, hertz
from pipeline.recipe import VERSION

TITLE = "Proposed for this recording"
SPEECH = 0.6  # confidence from which a net for speech may touch a recording
CODEC_KEEPS_HZ = 3000.0  # above, a lossy codec leaves holes that are worth filling
BARELY_DB, LOUDLY_DB = 25.0, 15.0  # signal-to-noise ratios: gentle above, strong below
RUMBLE_HZ = 25.0
NO_CURE = (
    "clipping", "dropouts", "digital_silence", "dead_channel", "duplicated_channel",
    "inverted_channel", "true_peak",
)  # fmt: skip


def propose(findings: Iterable[Finding]) -> dict[str, Any]:
    """The document of a recipe, with a reason for every stage.

    Args:
        findings: all findings of one recording; see `pipeline.diagnosis.diagnose`.
    """
    by_name = {finding.name: finding for finding in findings}
    stages = [
        *_low_end(by_name),
        *_clicks(by_name),
        *_grain(by_name),
        *_noise(by_name),
        *_generated(by_name),
        *_treble(by_name),
    ]
    return {
        "version": VERSION,
        "title": TITLE if stages else "Nothing to do",
        "summary": _summary(by_name, stages),
        "stages": stages,
    }


def _low_end(findings: dict[str, Finding]) -> list[dict[str, Any]]:
    names = [name for name in ("hum", "dc_offset", "rumble") if _trouble(findings, name)]
    if not names:
        return []
    knobs = {"rumble_hz": RUMBLE_HZ} if "rumble" in names else {}
    return [_stage("remove_hum", " ".join(findings[name].text for name in names), **knobs)]


def _clicks(findings: dict[str, Finding]) -> list[dict[str, Any]]:
    if not _trouble(findings, "clicks"):
        return []
    return [_stage("declick", findings["clicks"].text)]


def _grain(findings: dict[str, Finding]) -> list[dict[str, Any]]:
    if not _trouble(findings, "quantisation"):
        return []
    return [_stage("dequantize", findings["quantisation"].text)]


def _noise(findings: dict[str, Finding]) -> list[dict[str, Any]]:
    if not _trouble(findings, "snr"):
        return []
    reason = findings["snr"].text
    if findings["content"].value == "music":
        return [_stage("snmf", f"{reason} For music, a model of noise and notes tells them apart.")]
    ratio = float(findings["snr"].value or 0.0)
    depth = 12.0 if ratio > BARELY_DB else 18.0 if ratio > LOUDLY_DB else 24.0
    return [_stage("denoise", reason, reduction_db=depth)]


def _generated(findings: dict[str, Finding]) -> list[dict[str, Any]]:
    cards = checkpoint.available(checkpoint.search_path())
    nets = [card.name for card in cards if card.model == "mask_unet"]
    if not _trouble(findings, "neural_codec") or findings["content"].value != "music" or not nets:
        return []
    return [_stage("mask_unet", findings["neural_codec"].text, checkpoint=nets[0])]


def _treble(findings: dict[str, Finding]) -> list[dict[str, Any]]:
    net = _enhancer(findings)
    holes = _trouble(findings, "codec_holes")
    if net is None or not (_trouble(findings, "bandwidth") or holes):
        return []
    names = [name for name in ("bandwidth", "codec_holes") if _trouble(findings, name)]
    knobs: dict[str, Any] = {"keep_below_hz": CODEC_KEEPS_HZ} if holes else {}
    return [
        _stage("enhance", " ".join(findings[name].text for name in names), checkpoint=net, **knobs)
    ]


def _enhancer(findings: dict[str, Finding]) -> str | None:
    """The checkpoint that knows this kind of sound, if there is one."""
    content = findings["content"]
    if content.value is None or content.confidence < SPEECH:
        return None
    names = [
        card.name
        for card in checkpoint.available(checkpoint.search_path())
        if "enhancer" in card.model and str(content.value) in card.name
    ]
    return names[0] if names else None


def _summary(findings: dict[str, Finding], stages: list[dict[str, Any]]) -> str:
    parts = []
    if not any(finding.trouble for finding in findings.values()):
        parts.append("Nothing is wrong with this recording; leave it as it is.")
    elif not stages:
        parts.append("No stage here mends what was found.")
    dull = _trouble(findings, "bandwidth") or _trouble(findings, "codec_holes")
    if dull and not any(stage["stage"] == "enhance" for stage in stages):
        reach = hertz(float(findings["bandwidth"].value or 0))
        kind = findings["content"].value or "such a short sound"
        parts.append(
            f"It reaches {reach} only, but there is no network here that was trained for {kind}; "
            "one for another kind of sound would add what does not belong."
        )
    parts += [findings[name].text for name in NO_CURE if _trouble(findings, name)]
    return " ".join(parts)


def _stage(name: str, reason: str, **knobs: Any) -> dict[str, Any]:
    return {"stage": name, "reason": reason, **knobs}


def _trouble(findings: dict[str, Finding], name: str) -> bool:
    return name in findings and findings[name].trouble
