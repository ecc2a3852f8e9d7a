"""The contract of every stage that a recipe can name."""

import numpy as np
import pytest

from pipeline.audio.sound import Audio
from pipeline.dsp import chunked
from pipeline.knobs import knobs
from pipeline.recipe import STAGES, stage_classes
from pipeline.stage import Cancelled
from pipeline.stages import residual
from tests.support.separators import tiny_demucs
from tests.support.sounds import RATE, speech, tiny_checkpoint, tiny_cleaners, windowed_sinc
from tests.support.ticks import Recorder, stop_beyond

LENGTHS = {"odd": 10_007, "shorter than a window": 600, "one sample": 1, "several windows": 60_000}


@pytest.fixture(scope="module", autouse=True)
def checkpoints(tmp_path_factory):
    """A tiny net under the name of the one that ships."""
    folder = tmp_path_factory.mktemp("checkpoints")
    tiny_checkpoint(folder / "enhancer-speech-48k")
    tiny_cleaners(folder)
    demucs = tiny_demucs(tmp_path_factory.mktemp("demucs"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAVEMEND_DEMUCS", str(demucs))
        patch.setenv("WAVEMEND_CHECKPOINTS", str(folder))
        yield


@pytest.fixture(autouse=True)
def short_windows(monkeypatch):
    monkeypatch.setattr(residual, "PAYLOAD_S", 0.1)
    monkeypatch.setattr(residual, "CONTEXTS", 1)


@pytest.fixture(params=sorted(STAGES))
def stage(request):
    settings = {"gains_db": {"vocals": -6.0}} if request.param == "per_stem" else {}
    return stage_classes()[request.param](**settings)


@pytest.fixture(params=[1, 2], ids=["mono", "stereo"])
def channels(request):
    return request.param


@pytest.fixture(params=LENGTHS.values(), ids=LENGTHS)
def sound(request, channels):
    voices = np.concatenate([speech(2.0, seed=seed) for seed in range(channels)])
    return Audio(windowed_sinc(voices, 5000)[:, : request.param], RATE)


def test_shape_duration_type_and_input_are_kept(stage, sound):
    before = sound.samples.copy()
    made = stage(sound)
    assert made.samples.dtype == np.float32 and np.isfinite(made.samples).all()
    assert made.channels == sound.channels
    assert made.frames == max(1, round(sound.frames * made.rate / sound.rate))
    np.testing.assert_array_equal(sound.samples, before)


def test_the_same_input_gives_the_same_output(stage, sound):
    np.testing.assert_array_equal(stage(sound).samples, stage(sound).samples)


def test_silence_stays_silent(stage, sound):
    made = stage(Audio(np.zeros_like(sound.samples), RATE))
    assert not made.samples.any()


def test_windowed_equals_whole(stage, sound, monkeypatch):
    made = stage(sound).samples
    run = chunked.run
    monkeypatch.setattr(
        chunked, "run", lambda *args, **settings: run(*args, **{**settings, "payload": 1 << 30})
    )
    whole = stage(sound).samples.astype(float)
    error = np.square(made - whole).sum() / max(np.square(whole).sum(), 1e-20)
    assert error < 1e-8


@pytest.mark.parametrize("rate", [8000, 44_100, 96_000])
def test_every_rate_keeps_its_duration(stage, rate):
    made = stage(Audio(0.1 * np.ones((1, rate // 7), np.float32), rate))
    assert made.frames == round(rate // 7 * made.rate / rate)


def test_progress_rises_from_zero_to_one_and_can_be_stopped(stage):
    sound = Audio(windowed_sinc(speech(2.0), 5000), RATE)
    tick = Recorder()
    stage(sound, tick)
    assert tick.rises_to_one()
    with pytest.raises(Cancelled):
        stage(sound, stop_beyond(0.5))


def test_every_knob_has_a_help_a_range_that_holds_its_default_and_a_check(stage):
    for name, meta in knobs(stage).items():
        assert meta["help"].endswith("."), name
        if meta["low"] is not None:
            assert meta["default"] is None or meta["low"] <= meta["default"] <= meta["high"]
            with pytest.raises(ValueError, match=name):
                type(stage)(**{name: meta["high"] + 1})
        if meta["choices"]:
            assert meta["default"] in meta["choices"]
