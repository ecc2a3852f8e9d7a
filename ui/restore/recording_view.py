"""The facts panel: what the chosen recording is."""

from __future__ import annotations

from ui.components.formatting import channels, clock, hertz
from ui.components.rendering import render
from ui.restore.source import Source

FULL_BAND_HZ = 24_000.0

_CHARACTERS = (
    (4_300.0, "Like a telephone: voices lack their consonants."),
    (6_500.0, "Narrow: dull and muffled."),
    (9_000.0, "Like wideband speech: clear, but without air."),
    (13_000.0, "Like a low bit rate or an old tape: cymbals and breath are missing."),
    (17_500.0, "Slightly dull: only the very top is missing."),
)


def facts(source: Source) -> str:
    """The whole panel: name, format and bandwidth."""
    audio, info = source.audio, source.info
    depth = "" if info.subtype.startswith(("VORBIS", "OPUS", "MPEG", "MP3")) else f"{info.bits} bit"
    kind = f"{info.container}, {depth}" if depth else info.container
    rate = f"{audio.rate / 1000:g} kHz"
    details = (clock(audio.seconds), rate, channels(audio.channels), kind)
    return panel(source.name, details, source.bandwidth_hz, audio.rate)


def panel(name: str, details: tuple[str, ...], bandwidth_hz: float, rate: int) -> str:
    """The panel of these values."""
    return render(
        "restore/facts.html",
        name=name,
        details=details,
        bandwidth=hertz(bandwidth_hz),
        reach=100 * min(bandwidth_hz / FULL_BAND_HZ, 1.0),
        limit=100 * min(rate / 2 / FULL_BAND_HZ, 1.0),
        character=character(bandwidth_hz),
    )


def character(bandwidth_hz: float) -> str:
    """What a bandwidth sounds like, in one sentence."""
    for limit_hz, text in _CHARACTERS:
        if bandwidth_hz < limit_hz:
            return text
    return "Full band: little is missing at the top."
