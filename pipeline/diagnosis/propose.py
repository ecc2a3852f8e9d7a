"""The recipe proposed for a diagnosis: which stages, with which settings, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from models import checkpoint
from pipeline.diagnosis.finding import Finding, hertz
from pipeline.diagnosis.neural_codec import CODEC_RATES_HZ
from pipeline.diagnosis.voice_noise import speech_denoiser
from pipeline.recipe import VERSION, read, titles
from pipeline.stages.cleaners import MaskUnet
from pipeline.stages.enhance import Enhance

TITLE, NOTHING_TO_DO, NOTHING_FITS = (
    "Proposed for this recording",
    "Nothing to do",
    "No stage proposed",
)
CERTAIN = 0.6  # confidence in the content from which no other is offered
CODEC_KEEPS_HZ = 3000.0  # of speech: above, a lossy codec leaves holes that are worth filling
LOSSY_MUSIC = "lossy-music"  # the recipe for such holes in music
NARROWEST_HZ = 1900.0  # band limits in training are 2 kHz and more
GENTLE_DB, STRONG_DB = 25.0, 15.0  # signal-to-noise ratios: gentle above, strong below
RUMBLE_HZ = 25.0
NEEDS_PROOF = {
    "denoise": "snr",
    "snmf": "snr",
    "mask_unet": "neural_codec",
}
"""Stages that take something out, and the findings that they are proposed for."""

DENSE_DB = 8.0  # noise in music nearer than that may be distorted instruments without a pause
BASS_DB, SHORT_S = -20.0, 10.0  # hum or rumble so near to music so short may be its bass
PROVEN = 0.7  # confidence in such a finding that is proof
HARMLESS_DB = -40.0  # what takes less than that of a recording needs none
ENHANCED_AS = {"singing": "speech", "other": "speech"}  # no network was trained for these
ENHANCING = {"speech": "Band-limited speech", "music": "Band-limited music"}
"""Content -> title of the recipe that restores its treble."""

NEURAL_RECIPES = {"speech": "neural-codec-speech", "music": "ai-generated-music"}
"""Content -> recipe for what a neural codec or a generator produced."""

UNTREATED = (
    "damaged_file",
    "dropouts", "digital_silence", "dead_channel", "duplicated_channel",
    "inverted_channel", "true_peak",
)  # fmt: skip
"""Findings that no stage treats; the summary reports them."""

Findings = Mapping[str, Finding]
Entry = dict[str, Any]


def propose(
    findings: Iterable[Finding], removed_db: Callable[[Entry], float] | None = None
) -> dict[str, Any]:
    """The document of a recipe, with a reason for every stage.

    Args:
        findings: all findings of one recording; see `pipeline.diagnosis.diagnose`.
        removed_db: measures how much of the recording a stage takes out. One that takes more than
            HARMLESS_DB is proposed only where its finding is PROVEN; None measures nothing.
    """
    by_name = {finding.name: finding for finding in findings}
    wanted = [entry for rule in RULES if (entry := rule(by_name)) is not None]
    stages: list[Entry] = []
    withheld: list[Entry] = []
    for entry in wanted:
        doubtful = removed_db is not None and _is_doubtful(by_name, entry, removed_db)
        (withheld if doubtful else stages).append(entry)
    title = TITLE
    if not stages:
        title = NOTHING_FITS if _any_trouble(by_name) else NOTHING_TO_DO
    asked = [*map(_why_withheld, withheld), _neural_question(by_name, stages)]
    summary = " ".join(filter(None, [_summary(by_name, stages), *asked]))
    return {"version": VERSION, "title": title, "summary": summary, "stages": stages}


def _remove_hum(findings: Findings) -> Entry | None:
    names = [name for name in ("hum", "dc_offset", "rumble") if _trouble(findings, name)]
    knobs = {"rumble_hz": RUMBLE_HZ} if "rumble" in names else {}
    return _entry("remove_hum", _reasons(findings, names), **knobs) if names else None


def _declick(findings: Findings) -> Entry | None:
    return _entry("declick", findings["clicks"].text) if _trouble(findings, "clicks") else None


def _declip(findings: Findings) -> Entry | None:
    return _entry("declip", findings["clipping"].text) if _trouble(findings, "clipping") else None


def _dequantize(findings: Findings) -> Entry | None:
    if not _trouble(findings, "quantisation"):
        return None
    return _entry("dequantize", findings["quantisation"].text)


def _denoise_speech(findings: Findings) -> Entry | None:
    denoiser = speech_denoiser()
    is_speech = findings["content"].value == "speech"
    if denoiser is None or not is_speech or not _trouble(findings, "background_noise"):
        return None
    reason = findings["background_noise"].text
    return _entry("denoise_speech", reason, checkpoint=denoiser.checkpoint)


def _denoise(findings: Findings) -> Entry | None:
    if not _trouble(findings, "snr") or _denoise_speech(findings) is not None:
        return None
    reason = findings["snr"].text
    if _certain_content(findings) == "other":
        return None  # of rain or wind, noise is what was recorded
    if findings["content"].value == "music":
        return _entry("snmf", f"{reason} For music, a model of the noise and one of the notes.")
    ratio = float(findings["snr"].value or 0.0)
    depth = 12.0 if ratio > GENTLE_DB else 18.0 if ratio > STRONG_DB else 24.0
    return _entry("denoise", reason, reduction_db=depth)


def _mask_unet(findings: Findings) -> Entry | None:
    name = _checkpoint(MaskUnet.MODELS)
    music = findings["content"].value == "music"
    if name is None or not music or not _trouble(findings, "neural_codec"):
        return None
    return _entry("mask_unet", findings["neural_codec"].text, checkpoint=name)


def _enhance(findings: Findings) -> Entry | None:
    names = [name for name in ("bandwidth", "codec_holes") if _trouble(findings, name)]
    name = _checkpoint(Enhance.MODELS, network) if (network := _network_for(findings)) else None
    if name is None or not names:
        return None
    if _is_too_narrow(findings):
        return None
    reason = _reasons(findings, names)
    if "codec_holes" not in names:
        return _entry("enhance", reason, checkpoint=name)
    if network == "music":
        (stage,) = read(LOSSY_MUSIC)["stages"]
        return {**stage, "reason": reason}
    return _entry("enhance", reason, checkpoint=name, keep_below_hz=CODEC_KEEPS_HZ)


RULES: tuple[Callable[[Findings], Entry | None], ...] = (
    _remove_hum,
    _declick,
    _declip,
    _dequantize,
    _denoise,
    _denoise_speech,
    _mask_unet,
    _enhance,
)
"""One for each stage that can be proposed, in the order in which the stages run."""


def _checkpoint(models: Iterable[str], content: str | None = None) -> str | None:
    """The shipped checkpoint of one of the models, for the content if given.

    Others, which someone trained on this machine, are used only where a person chooses them.
    """
    names = (
        card.name
        for card in checkpoint.available([checkpoint.SHIPPED])
        if card.model in models and content in (None, card.content)
    )
    return next(names, None)


def _certain_content(findings: Findings) -> str | None:
    """The content, where that is certain enough to leave out a stage for it."""
    content = findings["content"]
    return str(content.value) if content.value and content.confidence >= CERTAIN else None


def _is_too_narrow(findings: Findings) -> bool:
    """Whether less of the band is left than the networks met in training."""
    return (
        _trouble(findings, "bandwidth") and float(findings["bandwidth"].value or 0) < NARROWEST_HZ
    )


def _network_for(findings: Findings) -> str | None:
    """The content of the network that restores the treble; None where nothing can be told.

    The wrong one of the two is nearly as good as the right one, and far better than none: the log-
    spectral distance of a voice cut at 4 kHz falls from 2.8 to 0.94 instead of 0.90.
    """
    content = findings["content"].value
    return ENHANCED_AS.get(str(content), str(content)) if content else None


def _summary(findings: Findings, stages: list[Entry]) -> str:
    parts = []
    if not _any_trouble(findings):
        parts.append("No problem was detected in this recording; leave it as it is.")
    elif not stages:
        parts.append("No stage is proposed for what was detected.")
    dull = _trouble(findings, "bandwidth") or _trouble(findings, "codec_holes")
    if dull and not any(entry["stage"] == "enhance" for entry in stages):
        parts.append(_why_not_enhanced(findings))
    parts.append(_chosen_for(findings, stages))
    parts += [findings[name].text for name in UNTREATED if _trouble(findings, name)]
    return " ".join(filter(None, parts))


def _is_doubtful(findings: Findings, entry: Entry, removed_db: Callable[[Entry], float]) -> bool:
    """Whether a stage takes out a part of the recording that may not be what it is meant for."""
    if entry["stage"] == "snmf" and float(findings["snr"].value or 0) < DENSE_DB:
        return True
    if entry["stage"] == "remove_hum":
        return _may_be_bass(findings) and removed_db(entry) > BASS_DB
    name = NEEDS_PROOF.get(entry["stage"])
    if name is None or findings[name].confidence >= PROVEN:
        return False
    return removed_db(entry) > HARMLESS_DB


def _may_be_bass(findings: Findings) -> bool:
    """Whether hum or rumble was found in music that is so short that one note may fill it."""
    is_low = _trouble(findings, "hum") or _trouble(findings, "rumble")
    is_short = "duration" in findings and float(findings["duration"].value or 0) < SHORT_S
    return is_low and is_short and findings["content"].value == "music"


def _why_withheld(entry: Entry) -> str:
    noise = "hum or rumble" if entry["stage"] == "remove_hum" else "noise"
    return (
        f"There may be {noise}, but {entry['stage']} is not proposed: it would also take out what "
        f"may be part of the sound. Switch it on and compare, if you hear {noise}."
    )


def _neural_question(findings: Findings, stages: list[Entry]) -> str:
    """Asks for what cannot be measured, where something points to it; "" elsewhere."""
    name = NEURAL_RECIPES.get(str(findings["content"].value))
    rate = findings["sample_rate"].value if "sample_rate" in findings else None
    is_usual = rate in CODEC_RATES_HZ or _trouble(findings, "neural_codec")
    if name is None or not is_usual or any(entry["stage"] == "mask_unet" for entry in stages):
        return ""
    return (
        "Did a neural codec or a generator produce it? That cannot be measured reliably. "
        f'If one did, choose "{titles()[name]}".'
    )


def _why_not_enhanced(findings: Findings) -> str:
    """Why the missing treble is not restored, and what the user can do about it."""
    reach = f"It reaches only {hertz(float(findings['bandwidth'].value or 0))}"
    network = _network_for(findings)
    if _is_too_narrow(findings):
        return f"{reach}: too little is left to restore the treble from."
    if network is not None:
        return f"{reach}, but no network for {network} is there."
    titles = " or ".join(f'"{title}"' for title in ENHANCING.values())
    return f"{reach}. It cannot be told whether this is speech or music: choose {titles}."


def _chosen_for(findings: Findings, stages: list[Entry]) -> str:
    """For what the treble's network was chosen, where that may be wrong; "" elsewhere."""
    network, content = _network_for(findings), findings["content"]
    if network is None or not any(entry["stage"] == "enhance" for entry in stages):
        return ""
    if content.value not in (network, "singing"):
        return (
            f"No network was trained for {content.value} sound; the one for {network} is nearest."
        )
    if content.confidence >= CERTAIN:
        return ""
    other = ENHANCING["music" if network == "speech" else "speech"]
    return f'Whether this is {content.value} is not certain: if it is not, choose "{other}".'


def _reasons(findings: Findings, names: Iterable[str]) -> str:
    return " ".join(findings[name].text for name in names)


def _entry(stage: str, reason: str, **knobs: Any) -> Entry:
    return {"stage": stage, "reason": reason, **knobs}


def _trouble(findings: Findings, name: str) -> bool:
    return name in findings and findings[name].trouble


def _any_trouble(findings: Findings) -> bool:
    return any(finding.trouble for finding in findings.values())
