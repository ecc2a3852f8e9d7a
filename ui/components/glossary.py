"""The field's abbreviations, explained where the page uses them."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

TERMS = {
    "LUFS": "Loudness units below full scale: how loud it is to the ear, on average. "
    "Streaming services play music at about -14.",
    "dBTP": "Decibels true peak: the highest level between and on the samples. "
    "Above 0, players may distort.",
    "dBFS": "Decibels below full scale, the largest level that a file of whole numbers holds.",
    "LSD": "Log-spectral distance to the original in dB: 0 is the same spectrum, lower is better.",
    "SNR": "Signal-to-noise ratio in dB: how far the sound is above the noise; higher is better.",
    "segSNR": "Segmental SNR: the mean of the SNR of stretches of 30 ms; higher is better.",
    "STOI": "Short-time objective intelligibility, 0 to 1: how much of speech is understood.",
    "SI-SDR": "Scale-invariant signal-to-distortion ratio in dB: as SNR, but at any volume.",
}
"""Abbreviation -> what it means, in a sentence or two."""

_KNOWN = re.compile(rf"(?<![\w-])({'|'.join(sorted(TERMS, key=len, reverse=True))})(?![\w-])")


def explained(text: str) -> Markup:
    """A text as HTML in which every known abbreviation shows its meaning on hover and focus."""
    pieces = _KNOWN.split(str(text))
    return Markup("").join(_term(one) if one in TERMS else escape(one) for one in pieces)


def _term(name: str) -> Markup:
    html = '<abbr class="wm-term" tabindex="0" data-about="{}" aria-label="{}: {}">{}</abbr>'
    return Markup(html).format(TERMS[name], name, TERMS[name], name)
