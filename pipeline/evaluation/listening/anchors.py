"""The anchors of a MUSHRA test: the reference, low-passed at 3.5 and at 7 kHz."""

from __future__ import annotations

from pipeline.audio.sound import Audio, AudioError
from pipeline.degradation.effects import BandLimit

REFERENCE = "reference"
LOW_ANCHOR, MID_ANCHOR = "anchor 3.5 kHz", "anchor 7 kHz"
CUTOFFS_HZ = {LOW_ANCHOR: 3500.0, MID_ANCHOR: 7000.0}
MARGIN = 1.02
"""The filter's -6 dB point over the cut-off, up to which it is flat."""

LOWEST_RATE = 16_000


def anchor(reference: Audio, name: str) -> Audio:
    """The reference through an anchor's filter, without delay.

    Flat within 0.1 dB up to the cut-off; 25 dB down at 8/7 and 50 dB down at 9/7 of it.

    Args:
        name: LOW_ANCHOR or MID_ANCHOR.

    Raises:
        AudioError: the reference's rate is so low that it holds nothing above the anchors.

    Source: ITU-R BS.1534-3, 5.1; the mask of the 7 kHz anchor is that of 3.5 kHz, scaled.
    """
    if reference.rate < LOWEST_RATE:
        raise AudioError(
            f"got a reference at {reference.rate} Hz, expected at least {LOWEST_RATE} Hz: below "
            "that the anchors of a MUSHRA test sound like the reference. Use ABX or MOS."
        )
    return BandLimit(cutoff_hz=MARGIN * CUTOFFS_HZ[name], family="sinc", order=8)(reference)
