"""The contract of every stage that a recipe can name, with sound that makes the stage work."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pipeline.analysis import noise_floor
from pipeline.audio import buffers
from pipeline.audio.resampling import resample
from pipeline.audio.sound import LARGEST, Audio
from pipeline.dsp import chunked, stft
from pipeline.knobs import knobs
from pipeline.recipe import STAGES, stage_classes
from pipeline.separation import mixture_consistency
from pipeline.stage import Cancelled
from pipeline.stages import declip, high_band, hum_synthesis, remove_hum, residual, snmf, tone
from tests.support.damaged import HIGHER_RATES, RATE, damaged
from tests.support.separators import tiny_demucs
from tests.support.sounds import tiny_checkpoint, tiny_cleaners
from tests.support.ticks import Recorder, stop_beyond

SHORTER = {"odd": 10_007, "shorter than a window": 600, "one sample": 1}
BLOCKS = {
    (buffers, "BLOCK_FRAMES"): 4000,
    (buffers, "LONG_SAMPLES"): 1000,
    (stft, "BLOCK"): 60,
    (mixture_consistency, "BLOCK"): 30,
    (high_band, "BLOCK"): 50,
    (hum_synthesis, "AT_ONCE"): 7,
    (remove_hum, "PAYLOAD"): 4000,
    (tone, "PAYLOAD"): 4000,
    (residual, "PAYLOAD_S"): 0.1,
    (residual, "CONTEXTS"): 1,
    (noise_floor, "BLOCK"): 3,
}
"""Every size that decides how a sound is cut, and the small value at which all stages cut it."""


@pytest.fixture(scope="module", autouse=True)
def checkpoints(tmp_path_factory):
    """Tiny nets under the names of those that ship."""
    folder = tmp_path_factory.mktemp("checkpoints")
    tiny_checkpoint(folder / "enhancer-speech-48k")
    tiny_cleaners(folder)
    demucs = tiny_demucs(tmp_path_factory.mktemp("demucs"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAVEMEND_DEMUCS", str(demucs))
        patch.setenv("WAVEMEND_CHECKPOINTS", str(folder))
        patch.setattr(snmf, "BLOCK", 128)  # part of the result, so the same for all tests
        patch.setattr(snmf, "FADE", 16)
        patch.setattr(declip, "SEGMENT_S", 0.5)  # part of the result as well
        yield


@pytest.fixture
def small_blocks(monkeypatch):
    for (module, name), value in BLOCKS.items():
        monkeypatch.setattr(module, name, value)


@pytest.fixture
def windows(monkeypatch):
    """Counts the windows and blocks that a stage works on."""
    counted = []
    run, overlap_added = chunked.run, stft.Stft.overlap_added

    def counting_run(fn, *args, **settings):
        return run(lambda window: counted.append(1) or fn(window), *args, **settings)

    def counting_overlap_added(self, spectra):
        counted.append(1)
        return overlap_added(self, spectra)

    monkeypatch.setattr(chunked, "run", counting_run)
    monkeypatch.setattr(stft.Stft, "overlap_added", counting_overlap_added)
    return counted


@pytest.fixture(params=sorted(STAGES))
def name(request):
    return request.param


@pytest.fixture
def stage(name):
    settings = {"gains_db": {"vocals": -6.0}} if name == "per_stem" else {}
    return stage_classes()[name](**settings)


@pytest.fixture(params=[1, 2], ids=["mono", "stereo"])
def sound(request, name):
    return damaged(name, request.param)


def check_form(made: Audio, sound: Audio) -> None:
    """The form of the output: type, finite values, channels and duration."""
    assert made.samples.dtype == np.float32 and np.isfinite(made.samples).all()
    assert made.channels == sound.channels
    assert made.frames == max(1, (2 * sound.frames * made.rate + sound.rate) // (2 * sound.rate))


def db(error: np.ndarray, reference: np.ndarray) -> float:
    energies = (np.square(x, dtype=np.float64).sum() for x in (error, reference))
    return float(10 * np.log10(max(next(energies), 1e-30) / next(energies)))


def test_it_changes_the_sound_window_by_window_as_it_changes_the_whole(
    stage, sound, windows, small_blocks, monkeypatch
):
    before = sound.samples.copy()
    made = stage(sound)
    check_form(made, sound)
    np.testing.assert_array_equal(sound.samples, before)
    assert len(windows) >= 4
    dry = resample(sound, made.rate).samples
    change = made.samples - dry
    assert db(change, dry) > -60
    for module, key in BLOCKS:
        monkeypatch.setattr(module, key, 60.0 if key == "PAYLOAD_S" else 1 << 24)
    whole = stage(sound)
    assert (whole.rate, whole.frames) == (made.rate, made.frames)
    assert db(made.samples - whole.samples, change) < -80


@pytest.mark.parametrize("frames", SHORTER.values(), ids=SHORTER)
def test_a_short_sound_keeps_its_form(stage, sound, frames, small_blocks):
    short = Audio(sound.samples[:, :frames], sound.rate)
    before = short.samples.copy()
    check_form(stage(short), short)
    np.testing.assert_array_equal(short.samples, before)


def test_the_same_input_gives_the_same_output(stage, sound):
    np.testing.assert_array_equal(stage(sound).samples, stage(sound).samples)


@pytest.mark.parametrize("frames", [1, 600, 20_000])
def test_silence_stays_silent(stage, frames, small_blocks):
    made = stage(Audio(np.zeros((2, frames), np.float32), RATE))
    assert not made.samples.any()


@pytest.mark.parametrize("rate", [8000, 44_100, 96_000])
def test_every_rate_keeps_its_duration(stage, rate):
    sound = Audio(0.1 * np.ones((1, rate // 7), np.float32), rate)
    check_form(stage(sound), sound)


def test_progress_rises_from_zero_to_one_and_can_be_stopped(stage, name, small_blocks):
    tick = Recorder()
    stage(damaged(name, 1), tick)
    assert tick.rises_to_one() and len(tick.fractions) > 4
    with pytest.raises(Cancelled):
        stage(damaged(name, 1), stop_beyond(0.5))


def test_every_knob_has_a_help_a_range_that_holds_its_default_and_a_check(stage):
    for name, knob in knobs(stage).items():
        assert knob.help.endswith("."), name
        if knob.low is not None:
            highest = math.inf if knob.high is None else knob.high
            assert knob.default is None or knob.low <= knob.default <= highest
            for wrong in (knob.low - 1, highest + 1):
                with pytest.raises(ValueError, match=name):
                    type(stage)(**{name: wrong})
        if knob.choices:
            assert knob.default in knob.choices


LOUD = LARGEST / 16
EXTREMES = {
    "DC": np.ones(32_000),
    "loud DC": np.full(32_000, LOUD),
    "an impulse": np.eye(1, 32_000, 16_000)[0],
    "a loud impulse": LOUD * np.eye(1, 32_000, 16_000)[0],
    "the Nyquist frequency": np.tile([1.0, -1.0], 16_000),
    "a loud square": LOUD * np.sign(np.sin(0.05 * np.arange(32_000))),
    "nearly nothing": 1e-30 * np.sin(0.05 * np.arange(32_000)),
    "denormal numbers": 1e-40 * np.sin(0.05 * np.arange(32_000)),
    "a step from silence": np.repeat([0.0, 0.7], 16_000),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("samples", EXTREMES.values(), ids=EXTREMES)
def test_an_extreme_sound_keeps_its_form_without_a_warning(stage, name, samples):
    rate = HIGHER_RATES.get(name, RATE)
    sound = Audio(np.stack([samples, samples[::-1]]).astype(np.float32), rate)
    check_form(stage(sound), sound)
