"""The anchors of a MUSHRA test keep to the filter mask of ITU-R BS.1534-3."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.audio.sound import Audio, AudioError
from pipeline.evaluation.listening.anchors import CUTOFFS_HZ, anchor


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
@pytest.mark.parametrize("name", CUTOFFS_HZ)
def test_an_anchor_is_flat_to_its_cutoff_then_steep_and_has_no_delay(name, rate) -> None:
    impulse = np.zeros((1, rate), np.float32)
    impulse[0, rate // 2] = 1
    response = anchor(Audio(impulse, rate), name).samples[0]
    assert np.argmax(response) == rate // 2
    gain_db = 20 * np.log10(np.abs(np.fft.rfft(response)) + 1e-9)  # one bin a Hz
    cutoff = int(CUTOFFS_HZ[name])
    assert np.abs(gain_db[20 : cutoff + 1]).max() < 0.1
    for above, least_db in ((cutoff * 8 // 7, 25), (cutoff * 9 // 7, 50)):
        assert above >= rate // 2 or gain_db[above:].max() < -least_db


def test_sound_of_a_telephone_has_no_anchors() -> None:
    with pytest.raises(AudioError, match="16000 Hz"):
        anchor(Audio(np.zeros((1, 800), np.float32), 8000), "anchor 7 kHz")
