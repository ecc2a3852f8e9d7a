"""What listeners would say of speech without a reference, as DNSMOS predicts it.

Source: Reddy et al. 2022, "DNSMOS P.835" (arXiv 2110.01763). The predictor, with its weights, is
the package speechmos, which is not among the requirements. It hears nothing above 8 kHz.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio

RATE = 16_000
SHORTEST_S = 1.0


@dataclass(frozen=True)
class Opinion:
    """Predicted mean opinion scores of speech, 1 (bad) to 5 (excellent).

    Args:
        overall: of everything together.
        signal: of the voice.
        background: of the noise; 5 is none.
    """

    overall: float
    signal: float
    background: float


def dnsmos(audio: Audio) -> Opinion:
    """The mean over the channels.

    Raises:
        ValueError: speechmos is not installed, or the sound is shorter than `SHORTEST_S`.
    """
    if audio.seconds < SHORTEST_S:
        raise ValueError(
            f"got {audio.seconds:.2f} s of sound, expected at least {SHORTEST_S:g} s of speech"
        )
    predictor = _predictor()
    x = resample(audio, RATE).samples
    x = x / max(1.0, float(np.abs(x).max()))  # the predictor refuses more than full scale
    rows = [predictor.run(channel, RATE) for channel in x]
    return Opinion(
        *(float(np.mean([row[f"{name}_mos"] for row in rows])) for name in ("ovrl", "sig", "bak"))
    )


def _predictor() -> Any:
    try:
        return importlib.import_module("speechmos.dnsmos")
    except ImportError as error:
        raise ValueError(
            "DNSMOS needs packages that are not installed: pip install speechmos onnxruntime"
        ) from error
