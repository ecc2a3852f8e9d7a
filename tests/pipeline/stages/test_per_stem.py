"""PerStem: nothing is lost, every stem is restored, gains and mutes do what they say."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from pipeline.audio import buffers
from pipeline.audio.sound import Audio
from pipeline.separation.mixture_consistency import consistent
from pipeline.separation.separators import OFFLINE
from pipeline.stage import Cancelled, Tick, no_tick
from pipeline.stages.per_stem import PerStem
from tests.support.helpers import Gain
from tests.support.separators import tiny_demucs, tiny_wave_unet
from tests.support.sounds import RATE
from tests.support.ticks import Recorder, stop_beyond

SEPARATORS = ["htdemucs", "wave_unet", *OFFLINE]


@pytest.fixture(scope="module", autouse=True)
def weights(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tiny_demucs(tmp_path_factory.mktemp("demucs"))
        patch.setenv("WAVEMEND_DEMUCS", str(folder))
        patch.setenv("WAVEMEND_CHECKPOINTS", str(tiny_wave_unet(folder / "own").parent))
        yield


def db(x: np.ndarray, reference: np.ndarray) -> float:
    power = np.square(x.astype(float)).mean() / np.square(reference.astype(float)).mean()
    return float(10 * np.log10(max(power, 1e-30)))


@dataclasses.dataclass(frozen=True)
class Doubled:
    """A stage that resamples: twice the rate, each sample twice."""

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        return Audio(np.repeat(audio.samples, 2, axis=1), 2 * audio.rate)


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_without_a_chain_the_stems_add_up_to_the_sound(separator, rate, channels, rng):
    """White noise: at 48 and 96 kHz much of it lies above what the net ever hears."""
    sound = Audio(rng.uniform(-0.5, 0.5, (channels, 15_001)).astype(np.float32), rate)
    stage = PerStem(separator)
    stems = stage.stems(sound)
    assert tuple(stems) == stage.names
    made = stage.mix(stems)
    assert (made.rate, made.samples.shape) == (rate, sound.samples.shape)
    assert db(made.samples - sound.samples, sound.samples) < -100


def test_with_nothing_to_do_the_sound_itself_comes_back_without_weights(noise, tmp_path):
    tick = Recorder()
    stage = PerStem(weights=str(tmp_path / "nowhere"), gains_db={"bass": 0.0})
    assert stage(noise, tick) is noise
    assert tick.fractions == [0.0, 1.0] and stage.estimate_seconds(RATE, RATE, 2) == 0


@pytest.mark.parametrize("separator", SEPARATORS)
def test_a_chain_runs_on_every_stem(separator, noise):
    """A chain that multiplies by two is linear, so its place does not matter."""
    sound = Audio(noise.samples[:, :15_001], RATE)
    stage, before = PerStem(separator, stages=(Gain(2.0),)), PerStem(separator).stems(sound)
    for name, stem in stage.stems(sound).items():
        np.testing.assert_allclose(stem.samples, 2 * before[name].samples, atol=1e-6)
    assert db(stage(sound).samples - 2 * sound.samples, sound.samples) < -100


def test_gains_and_mutes(noise):
    stems = PerStem("mid_side").stems(noise)
    mid, side = (stems[name].samples for name in ("mid", "side"))
    wider = PerStem("mid_side", gains_db={"side": 6.0})(noise)
    np.testing.assert_allclose(wider.samples, mid + 10**0.3 * side, atol=1e-5)
    np.testing.assert_array_equal(PerStem("mid_side", gains_db={"side": None})(noise).samples, mid)
    silent = PerStem("mid_side", gains_db={"side": None, "mid": None})(noise)
    assert not silent.samples.any() and silent.frames == noise.frames


def test_silence_stays_silent():
    silence = Audio(np.zeros((2, 4000), np.float32), RATE)
    for separator in SEPARATORS:
        assert not PerStem(separator, stages=(Gain(),))(silence).samples.any()


def test_a_chain_may_raise_the_rate(noise):
    made = PerStem("mid_side", stages=(Doubled(),))(noise)
    assert (made.rate, made.frames) == (2 * RATE, 2 * noise.frames)
    np.testing.assert_allclose(made.samples[:, ::2], noise.samples, atol=1e-6)


def test_what_was_lost_goes_where_the_sound_was(rng, noise):
    """Stem "a" plays first, "b" then, and the separator lost all above a level."""
    frames = 40_000
    loud = rng.uniform(-0.5, 0.5, (2, frames)).astype(np.float32)
    first = np.arange(frames) < frames // 2
    a, b = loud * first, loud * ~first
    found = {"a": Audio(0.6 * a, RATE), "b": Audio(0.6 * b, RATE)}
    whole = Audio(a + b, RATE)
    given = dict(consistent(whole, dict(found)))
    assert db(given["a"].samples + given["b"].samples - whole.samples, whole.samples) < -120
    inner = slice(0, frames // 2 - 5000)
    assert db(given["b"].samples[:, inner], whole.samples) < -100
    assert db(given["a"].samples[:, inner] - a[:, inner], whole.samples) < -100


def test_what_was_lost_goes_to_the_stem_that_has_that_band(rng):
    """A bass and a cymbal at once: the bass stays free of what was lost of the cymbal."""
    bins = np.fft.rfftfreq(48_000, 1 / RATE)
    spectrum = np.fft.rfft(rng.standard_normal((1, 48_000)))
    bass, cymbal = (
        np.fft.irfft(spectrum * within).astype(np.float32)
        for within in (bins < 300, (bins > 6000) & (bins < 12_000))
    )
    whole = Audio(10 * bass + cymbal, RATE)
    found = {"bass": Audio(10 * bass, RATE), "cymbal": Audio(0.8 * cymbal, RATE)}
    given = dict(consistent(whole, found))
    inner = slice(5000, -5000)
    assert db(given["bass"].samples[:, inner] - 10 * bass[:, inner], 0.2 * cymbal) < -30
    assert db(given["cymbal"].samples[:, inner] - cymbal[:, inner], 0.2 * cymbal) < -30


def test_where_all_stems_are_silent_they_share_alike(noise):
    nothing = Audio(np.zeros_like(noise.samples), RATE)
    given = dict(consistent(noise, {"a": nothing, "b": nothing}))
    np.testing.assert_allclose(given["a"].samples, noise.samples / 2, atol=1e-6)


def test_consistency_is_the_same_block_by_block_on_disk(noise, request):
    half = Audio(noise.samples[::-1] * np.linspace(0, 1, noise.frames, dtype=np.float32), RATE)
    stems = {"a": half, "b": Audio(0.1 * noise.samples, RATE)}
    whole = dict(consistent(noise, dict(stems)))
    request.getfixturevalue("long_sound_is_short")
    given = dict(consistent(noise, stems))
    assert not stems  # each was let go when it had been used
    for name, stem in given.items():
        np.testing.assert_allclose(stem.samples, whole[name].samples, atol=1e-6)
        assert buffers._mapping(stem.samples)[0] is not None


@pytest.mark.parametrize("separator", ["htdemucs", "harmonic_percussive"])
def test_progress_rises_and_the_work_stops_at_any_time(separator, noise):
    stage = PerStem(separator, stages=(Gain(), Gain()))
    tick = Recorder()
    stage(noise, tick)
    assert tick.rises_to_one()
    assert {f"Restoring {name}" for name in stage.names} <= set(tick.whats)
    for limit in (0.1, 0.6, 0.99):
        with pytest.raises(Cancelled):
            stage(noise, stop_beyond(limit))


def test_it_takes_as_long_as_separating_and_every_stem_s_chain():
    stage = PerStem("mid_side", stages=(PerStemless(),))
    alone = PerStem("mid_side", gains_db={"mid": 1.0}).estimate_seconds(RATE, RATE, 2)
    assert stage.estimate_seconds(RATE, RATE, 2) == pytest.approx(alone + 2 * 7.0)


@dataclasses.dataclass(frozen=True)
class PerStemless:
    def estimate_seconds(self, frames: int, rate: int, channels: int) -> float:
        return 7.0


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"separator": "spleeter"}, "separator: got 'spleeter'"),
        ({"shifts": 1.5}, "shifts: got 1.5, expected a whole number"),
        ({"overlap": 1.0}, "overlap: got 1.0, expected a number from 0 to 0.9"),
        ({"gains_db": {"mid": 0}}, "got 'mid', expected one of drums, bass, other, vocals"),
        ({"gains_db": {"bass": -61}}, "got -61 for bass, expected -60 to 24 dB, or null"),
        ({"gains_db": {"bass": float("nan")}}, "gains_db: got nan for bass"),
        ({"gains_db": {"bass": True}}, "gains_db: got True for bass"),
        ({"gains_db": None}, "gains_db: got None"),
        ({"stages": (PerStem(),)}, "cannot run inside PerStem"),
    ],
)
def test_settings_are_checked(settings, words):
    with pytest.raises(ValueError, match=words):
        PerStem(**settings)


def test_a_mix_needs_every_stem_in_one_shape(noise):
    stage = PerStem("mid_side")
    stems = stage.stems(noise)
    short = Audio(noise.samples[:, :100], RATE)
    for wrong in ({"mid": stems["mid"]}, {**stems, "mid": short}, {**stems, "more": short}):
        with pytest.raises(ValueError, match="expected mid, side, all of one rate and shape"):
            stage.mix(wrong)


def test_it_is_a_value_that_settings_given_to_it_cannot_change():
    gains = {"mid": 1.0}
    stage = PerStem("mid_side", gains_db=gains)
    gains["mid"] = 2.0
    assert stage.gains_db == {"mid": 1.0}
    assert stage == PerStem("mid_side", gains_db={"mid": 1.0}) != PerStem("mid_side")
    assert len({stage, PerStem("mid_side")}) == 2
    assert dataclasses.replace(PerStem(shifts=2.0)).shifts == 2
