"""The noise print: what is measured, what it removes that other estimates keep, its bounds."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline import recipe
from pipeline.audio.sound import Audio
from pipeline.dsp import stft
from pipeline.dsp.stft import Stft
from pipeline.stage import Chain
from pipeline.stages import noise_print
from pipeline.stages.denoise import Denoise
from pipeline.stages.noise_print import measured, with_noise_prints
from pipeline.stages.snmf import Snmf
from tests.support.noise_sounds import noise

RATE = 16_000
WHINE_HZ = 3000.0


def level_db(samples: np.ndarray, hz: float) -> float:
    """Of a tone."""
    phase = np.exp(2j * np.pi * hz * np.arange(samples.shape[-1]) / RATE)
    return float(20 * np.log10(abs((samples * phase).mean()) + 1e-12))


@pytest.fixture(scope="module")
def whining() -> Audio:
    """Two seconds of hiss and a whine, then four of the same under a swelling chord."""
    at = np.arange(6 * RATE) / RATE
    chord = sum(np.sin(2 * np.pi * hz * at) for hz in (220.0, 277.0, 330.0)) * (at > 2)
    whine = 0.02 * np.sin(2 * np.pi * WHINE_HZ * at)
    hiss = 0.005 * noise("white", (1, at.size))
    return Audio((0.1 * chord + whine + hiss).astype(np.float32), RATE)


def test_it_is_the_mean_power_of_the_part_and_of_nothing_else() -> None:
    sound = np.concatenate([np.ones(RATE), 0.1 * noise("white", (1, 2 * RATE))[0], np.ones(RATE)])
    pair = Audio(np.stack([sound, 0.5 * sound]).astype(np.float32), RATE)
    power = measured(pair, Stft.of_rate(RATE), 1.0, 3.0)
    assert power.shape == (2, Stft.of_rate(RATE).bins)
    assert power.mean(axis=1) == pytest.approx([0.01, 0.0025], rel=0.05)
    np.testing.assert_allclose(power[0], 4 * power[1], rtol=1e-4)


@pytest.mark.parametrize("stage", [Denoise, Snmf])
def test_a_whine_goes_with_a_print_and_stays_without(stage: type, whining: Audio) -> None:
    with_print = stage(reduction_db=20.0, noise_from_s=0.2, noise_to_s=1.8)(whining).samples[0]
    without = stage(reduction_db=20.0)(whining).samples[0]
    later = slice(3 * RATE, 6 * RATE)
    before = level_db(whining.samples[0, later], WHINE_HZ)
    assert level_db(without[later], WHINE_HZ) > before - 3
    assert level_db(with_print[later], WHINE_HZ) < before - 12
    chord = level_db(whining.samples[0, later], 277.0)
    assert level_db(with_print[later], 277.0) == pytest.approx(chord, abs=0.5)


def test_the_size_of_blocks_does_not_show(whining: Audio, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Denoise(noise_from_s=0.2, noise_to_s=1.8)
    whole = stage(whining).samples
    monkeypatch.setattr(stft, "BLOCK", 17)
    monkeypatch.setattr(noise_print, "AT_ONCE", 5)
    np.testing.assert_allclose(stage(whining).samples, whole, atol=1e-6)


def test_an_excerpt_gets_the_print_of_the_whole(whining: Audio) -> None:
    chain = Chain((Denoise(noise_from_s=0.2, noise_to_s=1.8),))
    hop = Stft.of_rate(RATE).hop
    start, stop = 200 * hop, 400 * hop
    excerpt = Audio(whining.samples[:, start:stop], RATE)
    inner = slice(20 * hop, 180 * hop)
    part = with_noise_prints(chain, whining)(excerpt).samples[:, inner]
    whole = chain(whining).samples[:, start:stop][:, inner]
    np.testing.assert_allclose(part, whole, atol=1e-6)
    nothing = Chain((Denoise(),))
    assert with_noise_prints(nothing, whining) == nothing


@pytest.mark.parametrize("span_s", [(3.0, 2.0), (1.0, 1.05), (5.0, 6.5), (7.0, None)])
def test_a_print_outside_the_recording_is_refused(
    whining: Audio, span_s: tuple[float, float | None]
) -> None:
    stage = Denoise(noise_from_s=span_s[0], noise_to_s=span_s[1])
    for run in (stage, lambda audio: with_noise_prints(Chain((stage,)), audio)):
        with pytest.raises(ValueError, match=r"noise print: got .* 0 to 6.00 s; mark the noise"):
            run(whining)
    with pytest.raises(ValueError, match="noise_from_s: got -1.0, expected a number of at least 0"):
        Denoise(noise_from_s=-1.0)


def test_the_recipe_holds_the_seconds_and_recipes_of_before_have_none() -> None:
    stage = Denoise(noise_from_s=1.5, noise_to_s=2.25)
    document = recipe.dump(Chain((stage,)))
    entry = document["stages"][0]
    assert (entry["noise_from_s"], entry["noise_to_s"]) == (1.5, 2.25)
    assert recipe.load(document).stages == (stage,)
    (before,) = recipe.load({"version": 1, "stages": [{"stage": "denoise"}]}).stages
    assert before.noise_span_s is None  # type: ignore[attr-defined]
