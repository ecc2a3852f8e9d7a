"""One part restored: the rest stays the same sample for sample, and the joints are smooth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from pipeline.dsp.part import FADE_S, PartChain
from pipeline.stage import Chain, Tick, no_tick

RATE = 16_000


@dataclass(frozen=True)
class Halved:
    """Halves the level, at another rate if there is one."""

    rate: int = RATE

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        half = Audio(0.5 * audio.samples, audio.rate)
        return half if self.rate == audio.rate else resample(half, self.rate)


@pytest.fixture
def sound(rng: np.random.Generator) -> Audio:
    return Audio(0.1 * rng.standard_normal((2, 9 * RATE + 7)).astype(np.float32), RATE)


@pytest.mark.parametrize(("start_s", "end_s"), [(3.2, 5.7), (0.0, 0.5), (7.0, 9.0), (4.0, 4.01)])
def test_only_the_part_changes_and_it_fades(sound: Audio, start_s: float, end_s: float) -> None:
    out = PartChain((), Chain((Halved(),)), start_s, end_s)(sound)
    start, stop = round(start_s * RATE), round(end_s * RATE)
    assert out.samples.shape == sound.samples.shape
    outside = np.r_[0:start, stop : sound.frames]
    assert np.array_equal(out.samples[:, outside], sound.samples[:, outside])
    gain = out.samples[0, start:stop] / sound.samples[0, start:stop]
    fade = min(round(FADE_S * RATE), (stop - start) // 2)
    assert np.allclose(gain[fade : gain.size - fade], 0.5, atol=1e-5)
    assert np.abs(np.diff(np.r_[1.0, gain, 1.0])).max() < 2 / fade


def test_a_chain_that_changes_the_rate_stays_in_place(sound: Audio) -> None:
    out = PartChain((), Chain((Halved(48_000),)), 3.2, 5.7)(sound)
    expected = resample(sound, 48_000)
    assert (out.rate, out.frames) == (48_000, expected.frames)
    inside = slice(round(3.3 * 48_000), round(5.6 * 48_000))
    assert np.abs(out.samples[:, inside] - 0.5 * expected.samples[:, inside]).max() < 1e-4
    before = slice(0, round(3.2 * 48_000))
    assert np.array_equal(out.samples[:, before], expected.samples[:, before])


@pytest.mark.parametrize("part_s", [(5.0, 5.0), (-1.0, 2.0), (8.0, 99.0), (0.0, float("nan"))])
def test_a_part_outside_the_sound_is_refused(sound: Audio, part_s: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="mark it again"):
        PartChain((), Chain(()), *part_s)(sound)
