"""The networks that can be trained: what each learns to undo, and where Restore uses it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from training.config import CONFIGS
from training.tasks import TASKS

ENHANCED = ("world", "music", "lossy_music", "telephone", "codec")
FRESH = "new-"
"""The names of networks without weights begin with it."""


@dataclass(frozen=True)
class Network:
    """A kind of network.

    Args:
        config: name of its training config.
        damages: keys of `TASKS` that it can learn to undo, the usual one first.
        stage: of Restore, which uses it.
        knob: of the stage, which names the checkpoint.
        settings: of the stage besides, so that it runs the network.
        title: of a network without weights.
        size: named size that is offered without weights; none where it is empty.
        rate: in Hz, of that size.
        hours: that it needs on two cores to become useful.
    """

    config: str
    damages: tuple[str, ...]
    stage: str
    knob: str = "checkpoint"
    settings: dict[str, str] = field(default_factory=dict)
    title: str = ""
    size: str = ""
    rate: int = 48_000
    hours: float = 0.0

    def fresh_config(self, model: str) -> dict[str, Any]:
        """The config of a net, by its key in `NETWORKS`, in the size that is offered."""
        settings = json.loads((CONFIGS / f"{self.config}.json").read_text("utf-8"))
        of_net = settings["config"] if settings["model"] == model else {}
        return {**of_net, "size": self.size, "sample_rate": self.rate}

    def labels(self) -> list[tuple[str, str]]:
        """The damages for a list: (name on the page, task)."""
        return [(TASKS[name].label, name) for name in self.damages]


NETWORKS: dict[str, Network] = {  # by the key of `models.registry.NETS`
    "spectral_enhancer": Network("fine-tune", ENHANCED, "enhance"),
    "enhancer": Network(
        "fine-tune", ENHANCED, "enhance", title="Waveform enhancer, 48 kHz", size="small", hours=4
    ),
    "residual_unet": Network(
        "residual-unet-half", ("half_rate",), "enhance",
        title="Residual U-Net, 22.05 to 44.1 kHz", size="quarter", rate=44_100, hours=3,
    ),
    "plain_unet": Network(
        "plain-unet-small", ("low_rate",), "enhance",
        title="Plain U-Net, 16 to 44.1 kHz", size="small", rate=44_100, hours=2,
    ),
    "tcn_masker": Network(
        "denoiser-speech", ("noisy_speech", "reverberant_speech", "voice_over_music"),
        "denoise_speech",
    ),
    "mask_unet": Network("mask-unet", ("generated",), "mask_unet"),
    "wavenet": Network("wavenet", ("generated",), "wavenet"),
    "wave_unet": Network(
        "voice-and-music", ("separation",), "per_stem",
        knob="voice_model", settings={"separator": "wave_unet"},
    ),
}  # fmt: skip
