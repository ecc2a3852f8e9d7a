"""A recipe in words: titles, settings, and one line for all of it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from pipeline.knobs import Knob, knobs

TITLES = {
    "snmf": "Music noise (S-NMF)",
    "mask_unet": "AI music haze (Mask U-Net)",
    "wavenet": "Learned denoiser (WaveNet)",
    "per_stem": "Separate into stems",
    "dequantize": "Coarse bits (dequantise)",
    "bits": "Fewer bits",
    "mu_law": "Mu-law",
    "telephone": "Telephone line",
    "noise": "Noise at a level",
    "noise_at_snr": "Noise at an SNR",
    "hum": "Mains hum",
}
"""Display names of the stages whose own name will not do."""


def title(stage: str) -> str:
    """A stage's display name: "remove_hum" is "Remove hum"."""
    return TITLES.get(stage, stage.replace("_", " ").capitalize())


def label(name: str, meta: Knob) -> str:
    """A knob's label; a unit in its name is not repeated."""
    bare = name.removesuffix(f"_{meta.unit.lower()}") if meta.unit else name
    return meta.label or bare.replace("_", " ").capitalize()


def about(cls: type) -> str:
    """What a stage does, in one sentence: the first of its docstring."""
    return (inspect.getdoc(cls) or "").split("\n\n")[0].replace("\n", " ")


def summary(document: Mapping[str, Any], stages: Mapping[str, type]) -> str:
    """One line: the stages, with the knobs that are not at their default."""
    return " + ".join(_summed(entry, stages) for entry in document["stages"])


def _summed(entry: Mapping[str, Any], stages: Mapping[str, type]) -> str:
    changed = settings(entry, stages)
    if entry.get("stages"):
        changed.append(f"on each: {summary(entry, stages)}")
    name = title(entry["stage"])
    return f"{name} ({', '.join(changed)})" if changed else name


def settings(entry: Mapping[str, Any], stages: Mapping[str, type]) -> list[str]:
    """The settings of a stage that are not at their default, and its gains."""
    meta = knobs(stages[entry["stage"]])
    changed = [
        _said(name, meta[name], value)
        for name, value in entry.items()
        if name in meta and value != meta[name].default
    ]
    for stem, gain in entry.get("gains_db", {}).items():
        changed.append(f"{stem} muted" if gain is None else f"{stem} {gain:+g} dB")
    return changed


def _said(name: str, meta: Knob, value: Any) -> str:
    title = label(name, meta)
    shown = title if title[:2].isupper() else title[:1].lower() + title[1:]
    number = f"{round(value, 3):.12g}" if isinstance(value, float) else value
    unit = "" if title.lower() == f"{meta.unit}s" else meta.unit  # "bits 10", not "bits 10 bit"
    text = "automatic" if value is None else f"{number} {unit}".rstrip()
    return f"{shown} {text}"
