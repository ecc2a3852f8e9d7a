"""The facts panel: name, format and bandwidth of the chosen recording."""

from __future__ import annotations

from ui.components.formatting import channels, clock, hertz
from ui.components.rendering import render
from ui.restore.source import Source

FULL_BAND_HZ = 24_000.0

_CHARACTERS = (
    (4_300.0, "As narrow as a telephone line."),
    (6_500.0, "Narrow: dull and muffled."),
    (9_000.0, "Like wideband telephony: clear, but without brilliance."),
    (13_000.0, "Rather dull: the upper treble is missing."),
    (17_500.0, "Slightly dull: only the very top is missing."),
)


def facts(source: Source) -> str:
    """The whole panel."""
    audio, info = source.audio, source.info
    lossy = info.subtype.startswith(("VORBIS", "OPUS", "MPEG", "MP3"))
    kind = info.container if lossy else f"{info.container}, {info.bits} bit"
    details = (clock(audio.seconds), f"{audio.rate / 1000:g} kHz", channels(audio.channels), kind)
    return panel(source.name, details, bandwidth_hz(source), audio.rate)


def bandwidth_hz(source: Source) -> float | None:
    """The bandwidth that the diagnosis measured; None if it could not tell."""
    for finding in source.diagnosis.findings:
        if finding.name == "bandwidth" and finding.confidence and isinstance(finding.value, float):
            return finding.value
    return None


def panel(name: str, details: tuple[str, ...], bandwidth_hz: float | None, rate: int) -> str:
    """The panel of these values."""
    return render(
        "restore/facts.html",
        name=name,
        details=details,
        bandwidth=None if bandwidth_hz is None else hertz(bandwidth_hz),
        reach=100 * min((bandwidth_hz or 0.0) / FULL_BAND_HZ, 1.0),
        limit=100 * min(rate / 2 / FULL_BAND_HZ, 1.0),
        character=None if bandwidth_hz is None else character(bandwidth_hz),
    )


def character(bandwidth_hz: float) -> str:
    """What a bandwidth sounds like, in one sentence, for speech and music alike."""
    for limit_hz, text in _CHARACTERS:
        if bandwidth_hz < limit_hz:
            return text
    return "Full band: little is missing at the top."
