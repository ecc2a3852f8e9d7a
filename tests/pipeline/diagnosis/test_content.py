"""What a recording holds: told by a net, or said by the user; the proposal follows it."""

from __future__ import annotations

import numpy as np
import pytest

from models.card import CLASSES
from pipeline.audio.sound import Audio
from pipeline.degradation.effects import BandLimit
from pipeline.diagnosis.classes import class_chances
from pipeline.diagnosis.content import content, stated
from pipeline.diagnosis.diagnose import diagnose
from pipeline.diagnosis.recording import Recording
from tests.support.sounds import music, speech

VOICE = Audio(speech(5.0), 48_000)


def test_the_chances_are_those_of_all_classes() -> None:
    chances = class_chances([VOICE.samples[0]], VOICE.rate)
    assert tuple(chances) == CLASSES and sum(chances.values()) == pytest.approx(1)


@pytest.mark.parametrize("gain", [0.01, 1.0])
@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_level_and_rate_do_not_decide(gain: float, rate: int) -> None:
    from pipeline.audio.resampling import resample

    at_rate = resample(VOICE, rate)
    finding = content(Recording(Audio(np.float32(gain) * at_rate.samples, rate)))
    assert finding.value == "speech"
    assert content(Recording(Audio(np.float32(gain) * music(5.0).samples, 44_100))).value == "music"


def test_silence_and_a_moment_are_nothing() -> None:
    for length in (100, 48_000):
        finding = content(Recording(Audio(np.zeros((1, length), np.float32), 48_000)))
        assert (finding.value, finding.confidence) == (None, 0.0)


def test_what_the_user_says_is_certain_and_decides_the_net() -> None:
    dull = BandLimit(4000.0)(VOICE)
    listened = diagnose(dull)
    for kind, net in (
        ("speech", "speech"),
        ("singing", "speech"),
        ("other", "speech"),
        ("music", "music"),
    ):
        said = listened.with_content(kind, dull)
        (entry,) = said.recipe["stages"]
        assert entry["checkpoint"] == f"enhancer-{net}-48k"
        assert said == diagnose(dull, kind=kind)
    with pytest.raises(ValueError, match="expected one of speech, music"):
        stated("noise")
