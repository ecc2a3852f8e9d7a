"""The variants of the article "Wave U-Net Enhancer", and what it says of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from training.tables.table import Row

TITLE = "Wave U-Net Enhancer (article): voices from a neural codec, repaired, at 48 kHz"


@dataclass(frozen=True)
class Variant:
    """A training run that differs in one point from the others of its table.

    Args:
        label: its row.
        config: name of the training config.
        changes: of the config.
        adversary: changes of the config's discriminators.
    """

    label: str
    config: str = "codec-repair"
    changes: dict[str, Any] = field(default_factory=dict)
    adversary: dict[str, Any] = field(default_factory=dict)


def _shown(label: str, representation: str, **more: Any) -> Variant:
    return Variant(label, "representations", {}, {"representation": representation, **more})


NETS: dict[str, Variant] = {
    **{
        f"skips-{n}": Variant(f"{n} skips", changes={"config": {"size": "base", "n_skips": n}})
        for n in range(7)
    },
    "wave-unet": Variant(
        "Wave-U-Net, all 12 skips concatenated",
        changes={
            "model": "wave_unet",
            "config": {"size": "M1", "sources": 1, "sample_rate": 48_000},
        },
    ),
    "dac-mel": Variant("2 skips, the codec's mel loss", changes={"losses": {"dac_mel": 15.0}}),
}
REPRESENTATIONS: dict[str, Variant] = {
    "log1p": _shown("log1p, phase gated", "log1p_phase"),
    "log1p-no-gate": _shown("log1p, phase everywhere", "log1p_phase", gate=0.0),
    "log": _shown("logarithm, phase everywhere", "log_phase"),
    "complex": _shown("complex", "complex"),
    "raw": _shown("raw magnitude and phase", "raw"),
}
SMALL: dict[str, dict[str, Any]] = {  # what two cores can train in an evening
    "enhancer": {"size": "small"},
    "wave_unet": {"levels": 10, "filters": 16},
}
NET_COLUMNS = (
    *("LSD", "LSD to 12 kHz", "mel to 12 kHz, dB"),
    *("artefact kept", "error correlation", "steps"),
)
REPRESENTATION_COLUMNS = (
    *("separation", "feature first", "feature last"),
    *("LSD", "LSD to 16 kHz", "energy, dB", "rollbacks", "steps"),
)
_NO_FIGURES = (None,) * len(NET_COLUMNS)
_NONE_EITHER = (None,) * len(REPRESENTATION_COLUMNS)
SAID_OF_NETS = (
    Row("2 deepest of 6 skips", _NO_FIGURES, "article", "trains"),
    Row("3 skips or more", _NO_FIGURES, "article", "much worse"),
    Row("Wave-U-Net", _NO_FIGURES, "article", "hardly better than the input; artefacts stay"),
)
SAID_OF_REPRESENTATIONS = (
    Row("log1p, phase gated", _NONE_EITHER, "article", "clearly better than the logarithm"),
    Row("logarithm", _NONE_EITHER, "article", "worse: faint and loud look alike"),
    Row("complex", _NONE_EITHER, "article", "the loss became NaN"),
    Row("raw magnitude and phase", _NONE_EITHER, "article", "collapsed after 5000 steps"),
)
DIFFERS = (
    "The article gives no figures, only one pair of recordings and words; its remarks are quoted "
    "here. It trained 28 M parameters for three days on one MI300X, on 20 hours of pairs.",
    "The damage here is our own codec at 1.5 to 6 kbit/s, not NeuCodec. The skip variants learn "
    "without an adversary, the representations on band limits from the weights of a base.",
    "Artefact kept: the share of the codec's change of level, by bin and frame below 12 kHz, that "
    "the output still has; 1 is the codec's output, 0 owes it nothing. Error correlation: of the "
    "waveforms' errors below 12 kHz; any two errors share the clean sound, so that it is above 0 "
    "even for silence.",
    "How it sounds is not claimed: there were no listeners.",
)
