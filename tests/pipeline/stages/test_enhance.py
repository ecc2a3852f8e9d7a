"""What the Enhance stage promises about a recording, with tiny random nets."""

import gc
from pathlib import Path

import numpy as np
import pytest

from pipeline import inference
from pipeline.analysis.loudness import integrated_lufs
from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from pipeline.dsp import fir
from pipeline.stage import Cancelled
from pipeline.stages import enhance
from pipeline.stages.enhance import Enhance
from tests.support.sounds import RATE, limited, windowed_sinc
from tests.support.ticks import Recorder, stop_beyond

pytestmark = pytest.mark.usefixtures("tiny_nets")


def null_db(before, after, below_hz):
    """Energy of the difference below a frequency over that of the original there."""
    taps = low_pass(below_hz, before.rate)
    parts = [fir.filtered(x, taps) for x in (before.samples, after.samples - before.samples)]
    energy = [np.square(part[:, 2000:-2000].astype(float)).sum() for part in parts]
    return 10 * np.log10(energy[1] / energy[0] + 1e-30)


def low_pass(below_hz, rate):
    from scipy.signal import firwin

    return firwin(2001, below_hz - 100, window=("kaiser", 12), fs=rate)


@pytest.mark.parametrize("checkpoint", ["tiny", "spectral", "residual"])
@pytest.mark.parametrize("keep_below_hz", [None, 3000.0])
def test_the_kept_band_is_the_original_and_the_rest_is_not(checkpoint, keep_below_hz):
    sound = limited()
    stage = Enhance(checkpoint, keep_below_hz=keep_below_hz)
    made = stage(sound)
    kept = stage.kept_below_hz(sound)
    assert kept == keep_below_hz or 4500 < kept < 6000
    assert null_db(sound, made, kept) < -80
    assert null_db(sound, made, 20_000) > -70


def test_the_kept_band_keeps_its_level_and_no_dc_is_added():
    sound = limited(channels=2)
    made = Enhance("tiny")(sound)
    kept = windowed_sinc(made.samples, 4500)
    was = windowed_sinc(sound.samples, 4500)
    change = integrated_lufs(Audio(kept, RATE)) - integrated_lufs(Audio(was, RATE))
    assert abs(change) < 0.1
    np.testing.assert_allclose(made.samples.mean(1), sound.samples.mean(1), atol=1e-6)


@pytest.mark.parametrize(("level", "gain"), [(0.02, 0.1), (4.0, 3.0)])
def test_beyond_the_trained_levels_only_the_scale_differs(level, gain):
    sound = Audio(level * limited(channels=2).samples, RATE)
    expected = gain * Enhance("tiny")(sound).samples
    made = Enhance("tiny")(Audio(gain * sound.samples, RATE)).samples
    assert np.abs(made - expected).max() < 1e-4 * np.abs(expected).max()


def test_with_nothing_kept_the_network_adds_no_dc():
    sound = limited()
    made = Enhance("tiny", keep_below_hz=0.0)(sound)
    net = inference.load("tiny", "cpu")
    raw = inference.apply(net, sound.samples.copy())
    offset = abs(float(raw.mean() - sound.samples.mean()))
    assert offset > 1e-3  # the net alone would
    assert abs(float(made.samples.mean() - sound.samples.mean())) < offset / 50


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("frames", [1, 2, 1001, 30_011])
def test_rates_and_lengths_are_exact(rate, frames):
    x = np.random.default_rng(frames).standard_normal((2, frames)).astype(np.float32) * 0.1
    made = Enhance("tiny", keep_below_hz=1500.0)(Audio(x, rate))
    expected_rate = max(rate, 48_000) if rate != 44_100 else 44_100
    assert (made.rate, made.channels) == (expected_rate, 2)
    assert made.frames == max(1, int(frames * expected_rate / rate + 0.5))


@pytest.mark.parametrize("choice, rate", [("auto", 48_000), ("input", 16_000), ("48000", 48_000)])
def test_the_output_rate_is_as_chosen(choice, rate):
    made = Enhance("tiny", output_rate=choice)(limited(rate=16_000))
    assert made.rate == rate and made.frames == 2 * rate


@pytest.mark.parametrize("choice, rate", [("auto", 44_100), ("48000", 48_000), ("44100", 44_100)])
def test_super_resolution_to_44_1_khz_is_at_its_nets_rate(choice, rate):
    sound = limited(rate=22_050, cutoff_hz=8000)
    made = Enhance("residual", output_rate=choice)(sound)
    assert (made.rate, made.frames) == (rate, 2 * rate)
    assert null_db(resample(sound, rate), made, Enhance("residual").kept_below_hz(sound)) < -80
    assert null_db(resample(sound, rate), made, 20_000) > -70


def test_a_delay_free_crossover_keeps_what_a_resampled_input_has():
    sound = limited(3000, rate=16_000)
    stage = Enhance("tiny")
    assert null_db(resample(sound, RATE), stage(sound), stage.kept_below_hz(sound)) < -80


def test_content_above_half_the_nets_rate_survives():
    t = np.arange(96_000) / 96_000
    tone = 0.1 * np.sin(2 * np.pi * 30_000 * t)
    sound = Audio((limited(rate=96_000, seconds=1.0).samples + tone).astype(np.float32), 96_000)
    made = Enhance("tiny", keep_below_hz=4000.0)(sound)
    probe = np.exp(-2j * np.pi * 30_000 * t) * np.hanning(t.size) * 4 / t.size
    assert abs(made.samples[0] @ probe) == pytest.approx(0.1, rel=1e-3)


def test_a_net_of_another_rate_adds_below_its_own_half():
    sound = limited()
    made = Enhance("low")(sound)
    assert made.rate == RATE and made.frames == sound.frames
    assert null_db(sound, made, Enhance("low").kept_below_hz(sound)) < -80


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_a_full_band_recording_is_returned_bit_for_bit(rate):
    wide = np.random.default_rng(0).standard_normal((2, rate)).astype(np.float32) * 0.1
    sound = Audio(wide, rate)
    stage = Enhance("tiny")
    tick = Recorder()
    np.testing.assert_array_equal(stage(sound, tick).samples, wide)
    assert tick.fractions[-1] == 1
    assert stage.kept_below_hz(sound) == rate / 2


def test_a_mix_of_zero_returns_the_input_and_half_a_mix_adds_half():
    sound = limited()
    none, half, full = (Enhance("tiny", mix=mix)(sound).samples for mix in (0.0, 50.0, 100.0))
    np.testing.assert_array_equal(none, sound.samples)
    np.testing.assert_allclose(half - none, (full - none) / 2, atol=1e-6)


def test_the_same_input_gives_the_same_bits_and_channels_do_not_mix():
    sound = limited(channels=3)
    stage = Enhance("tiny", keep_below_hz=2000.0)
    made = stage(sound)
    np.testing.assert_array_equal(made.samples, stage(sound).samples)
    alone = stage(Audio(sound.samples[2:], RATE))
    np.testing.assert_allclose(made.samples[2:], alone.samples, atol=1e-5)


def test_long_sound_takes_the_same_way_through_temporary_files(monkeypatch, short_windows):
    from pipeline.audio import buffers

    sound = limited(rate=44_100, channels=2)
    stage = Enhance("tiny")
    expected = stage(sound).samples
    monkeypatch.setattr(buffers, "LONG_SAMPLES", 1000)
    made = stage(sound)
    assert buffers._mapping(made.samples)[1] is not None
    np.testing.assert_array_equal(made.samples, expected)


def test_progress_rises_to_one_and_cancelling_stops(short_windows):
    tick = Recorder()
    Enhance("tiny")(limited(rate=44_100), tick)
    assert tick.rises_to_one() and len(tick.fractions) > 10
    with pytest.raises(Cancelled):
        Enhance("tiny")(limited(), stop_beyond(0.3))


def test_nothing_is_left_of_work_that_was_stopped(monkeypatch, short_windows):
    from pipeline.audio import buffers

    def temporary_files():
        return Path("/proc/self/maps").read_text(encoding="utf-8").count("(deleted)")

    def tick(fraction, what=""):
        if fraction > 0.5:
            during.append(temporary_files())
            raise Cancelled

    monkeypatch.setattr(buffers, "LONG_SAMPLES", 1000)
    sound, during = limited(rate=44_100), []
    before = temporary_files()
    with pytest.raises(Cancelled):
        Enhance("tiny")(sound, tick)
    gc.collect()
    assert during[0] >= before + 2 and temporary_files() == before


def test_the_estimate_follows_the_last_run():
    stage = Enhance("tiny", device="cpu")
    inference._measured_speed.clear()
    before = stage.estimate_seconds(RATE * 60, RATE, 1)
    assert before == pytest.approx(60 / enhance.STORED_SPEED["cpu"])
    stage(limited(seconds=6.0))
    after = stage.estimate_seconds(RATE * 60, RATE, 1)
    assert after != before
    assert stage.estimate_seconds(RATE * 60, RATE, 2) == pytest.approx(2 * after)


@pytest.mark.parametrize(
    "settings, named",
    [
        ({"mix": 101}, "mix"),
        ({"keep_below_hz": -1.0}, "keep_below_hz"),
        ({"output_rate": "22050"}, "output_rate"),
        ({"device": "tpu"}, "device"),
    ],
)
def test_settings_out_of_range_are_named(settings, named):
    with pytest.raises(ValueError, match=named):
        Enhance("tiny", **settings)
