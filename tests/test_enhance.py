"""What the Enhance stage promises about a recording, with tiny random nets."""

import gc
import threading
from pathlib import Path

import numpy as np
import pytest

from pipeline import crossover, enhance, nets, windows
from pipeline.audio import Audio, resample
from pipeline.enhance import Enhance
from pipeline.loudness import integrated_lufs
from pipeline.stage import Cancelled
from tests.sounds import speech, tiny_checkpoint, windowed_sinc

RATE = 48_000


@pytest.fixture(scope="module", autouse=True)
def checkpoints(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoints")
    tiny_checkpoint(folder / "tiny")
    tiny_checkpoint(folder / "spectral", spectral=True)
    tiny_checkpoint(folder / "low", sample_rate=32_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAVEMEND_CHECKPOINTS", str(folder))
        yield


@pytest.fixture
def short_windows(monkeypatch):
    monkeypatch.setattr(enhance, "PAYLOAD_S", 0.1)
    monkeypatch.setattr(enhance, "CONTEXTS", 1)


def limited(cutoff_hz=6000, rate=RATE, channels=1, seconds=2.0):
    """Speech without treble; the second channel is another voice, a little later."""
    wide = np.concatenate([speech(seconds, seed=seed) for seed in range(channels)])
    return resample(Audio(windowed_sinc(wide, cutoff_hz), RATE), rate)


def null_db(before, after, below_hz):
    """Energy of the difference below a frequency over that of the original there."""
    taps = windows_low_pass(below_hz, before.rate)
    parts = [crossover.filtered(x, taps) for x in (before.samples, after.samples - before.samples)]
    energy = [np.square(part[:, 2000:-2000].astype(float)).sum() for part in parts]
    return 10 * np.log10(energy[1] / energy[0] + 1e-30)


def windows_low_pass(below_hz, rate):
    from scipy.signal import firwin

    return firwin(2001, below_hz - 100, window=("kaiser", 12), fs=rate)


@pytest.mark.parametrize("checkpoint", ["tiny", "spectral"])
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


@pytest.mark.parametrize("gain", [0.003, 0.2, 2.0])
def test_a_quieter_recording_is_restored_in_the_same_way(gain):
    sound = limited(channels=2)
    expected = gain * Enhance("tiny")(sound).samples
    made = Enhance("tiny")(Audio(gain * sound.samples, RATE)).samples
    assert np.abs(made - expected).max() < 1e-4 * np.abs(expected).max()


def test_a_click_does_not_set_the_level_and_each_channel_has_its_own():
    x = np.tile(speech(), 3)
    x = np.concatenate((x, 0.1 * x, np.zeros_like(x)))
    usual = enhance.net_gain(Audio(x, RATE))
    assert usual[0] == pytest.approx(0.5 / 0.5, rel=0.2)
    assert usual[1] == pytest.approx(10 * usual[0], rel=1e-4) and usual[2] == 1
    x[:, 1000] = 1.0
    np.testing.assert_allclose(enhance.net_gain(Audio(x, RATE))[:2], usual[:2], rtol=0.05)


def test_with_nothing_kept_the_network_adds_no_dc():
    sound = limited()
    made = Enhance("tiny", keep_below_hz=0.0)(sound)
    net = nets.load("tiny", "cpu")
    raw = nets.apply(net, sound.samples.copy())
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
    fractions = []
    np.testing.assert_array_equal(stage(sound, fractions.append).samples, wide)
    assert fractions[-1] == 1
    assert stage.kept_below_hz(sound) == rate / 2


def test_a_mix_of_zero_returns_the_input_and_half_a_mix_adds_half():
    sound = limited()
    none, half, full = (Enhance("tiny", mix=mix)(sound).samples for mix in (0.0, 50.0, 100.0))
    np.testing.assert_array_equal(none, sound.samples)
    np.testing.assert_allclose(half - none, (full - none) / 2, atol=1e-6)


def test_a_net_that_adds_nothing_returns_the_input_bit_for_bit(monkeypatch, short_windows):
    monkeypatch.setattr(nets, "apply", lambda net, x: x.copy())
    sound = limited(rate=44_100)
    np.testing.assert_array_equal(Enhance("tiny")(sound).samples, sound.samples)


@pytest.mark.parametrize("checkpoint", ["tiny", "spectral"])
@pytest.mark.parametrize("keep_below_hz", [None, 0.0])
def test_windowed_equals_whole(checkpoint, keep_below_hz, short_windows, monkeypatch):
    sound = limited(channels=2)
    stage = Enhance(checkpoint, keep_below_hz=keep_below_hz)
    made = stage(sound)
    run = windows.run
    monkeypatch.setattr(
        windows, "run", lambda *args, **settings: run(*args, **{**settings, "payload": 1 << 30})
    )
    whole = stage(sound)
    error = np.square(made.samples - whole.samples).sum() / np.square(whole.samples).sum()
    assert 10 * np.log10(error + 1e-30) < -80


def test_digital_silence_stays_silent_and_does_not_click(short_windows):
    sound = limited().samples.copy()
    sound[:, 30_000:66_000] = 0
    made = Enhance("tiny", keep_below_hz=0.0)(Audio(sound, RATE)).samples
    reach = nets.load("tiny", "cpu").receptive_field
    assert not made[:, 30_000 + reach : 66_000 - reach].any()
    added = made - sound
    last = 30_000 + reach  # where the gate has closed
    assert np.abs(added[:, last - 20 : last]).max() < 0.05 * np.abs(added).max()
    assert np.abs(added[:, last - 480 : last - 240]).max() > 0.05 * np.abs(added).max()


def test_the_gate_leaves_alone_what_is_near_to_sound():
    x = np.zeros((2, 5000), np.float32)
    x[0, 2000] = 0.1
    x[1] = 0.1
    made = enhance.gated(np.ones((2, 5000), np.float32), x, 1000)
    assert (made[1] == 1).all()
    assert (made[0, 2000 - 520 : 2000 + 521] == 1).all()
    assert (made[0, :1001] == 0).all() and (made[0, 3000:] == 0).all()
    assert np.all(np.diff(made[0, 1000:1480]) >= 0)


def test_the_same_input_gives_the_same_bits_and_channels_do_not_mix():
    sound = limited(channels=3)
    stage = Enhance("tiny", keep_below_hz=2000.0)
    made = stage(sound)
    np.testing.assert_array_equal(made.samples, stage(sound).samples)
    alone = stage(Audio(sound.samples[2:], RATE))
    np.testing.assert_allclose(made.samples[2:], alone.samples, atol=1e-5)


def test_long_sound_takes_the_same_way_through_temporary_files(monkeypatch, short_windows):
    from pipeline import buffers

    sound = limited(rate=44_100, channels=2)
    stage = Enhance("tiny")
    expected = stage(sound).samples
    monkeypatch.setattr(buffers, "LONG_SAMPLES", 1000)
    made = stage(sound)
    assert buffers._mapping(made.samples)[1] is not None
    np.testing.assert_array_equal(made.samples, expected)


def test_progress_rises_to_one_and_cancelling_stops(short_windows):
    fractions = []
    Enhance("tiny")(limited(rate=44_100), fractions.append)
    assert fractions == sorted(fractions) and fractions[0] == 0 and fractions[-1] == 1
    assert len(fractions) > 10

    def tick(fraction):
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        Enhance("tiny")(limited(), tick)


def test_nothing_is_left_of_work_that_was_stopped(monkeypatch, short_windows):
    from pipeline import buffers

    def temporary_files():
        return Path("/proc/self/maps").read_text(encoding="utf-8").count("(deleted)")

    def tick(fraction):
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


def test_a_net_that_fails_says_so_and_nothing_leaves(monkeypatch):
    monkeypatch.setattr(nets, "apply", lambda net, x: np.full_like(x, np.nan))
    with pytest.raises(ValueError, match="not numbers"):
        Enhance("tiny")(limited())


def test_visitors_at_once_share_one_net(monkeypatch):
    from models import registry

    loads, load = [], registry.load
    nets._load.cache_clear()
    monkeypatch.setattr(
        registry, "load", lambda *args, **more: loads.append(1) or load(*args, **more)
    )
    threads = [threading.Thread(target=nets.load, args=("tiny", "cpu")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1


def test_bfloat16_adds_nearly_the_same():
    sound = limited()
    exact, rough = (
        Enhance("tiny", keep_below_hz=3000.0, precision=precision)(sound).samples - sound.samples
        for precision in nets.PRECISIONS
    )
    error = np.square(rough - exact).sum() / np.square(exact).sum()
    assert -80 < 10 * np.log10(error) < -35


def test_a_checkpoint_trained_further_is_loaded_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("WAVEMEND_CHECKPOINTS", str(tmp_path))
    tiny_checkpoint(tmp_path / "mine")
    first = nets.load("mine", "cpu")
    tiny_checkpoint(tmp_path / "mine", spectral=True)
    assert nets.load("mine", "cpu") is not first


def test_the_estimate_follows_the_last_run():
    stage = Enhance("tiny", device="cpu")
    enhance._measured_speed.clear()
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
        ({"output_rate": "44100"}, "output_rate"),
        ({"device": "tpu"}, "device"),
    ],
)
def test_settings_out_of_range_are_named(settings, named):
    with pytest.raises(ValueError, match=named):
        Enhance("tiny", **settings)


def test_an_unknown_checkpoint_and_a_device_that_is_not_there_are_named(monkeypatch):
    with pytest.raises(ValueError, match="nowhere"):
        Enhance("nowhere")(limited())
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ValueError, match="cuda"):
        Enhance("tiny", device="cuda")(limited())


@pytest.mark.parametrize("keep_below_hz", [0.0, 1000.0, 7000.0, 20_000.0])
def test_the_crossover_and_its_complement_sum_to_an_impulse(keep_below_hz):
    taps = crossover.high_pass(keep_below_hz, RATE).astype(float)
    response = np.abs(np.fft.rfft(taps, 1 << 16))
    hz = np.fft.rfftfreq(1 << 16, 1 / RATE)
    assert len(taps) % 2 and np.allclose(taps, taps[::-1])
    assert response[0] < 1e-4
    if keep_below_hz:
        assert response[hz <= keep_below_hz].max() < 10 ** (-85 / 20)
        passed = response[hz >= keep_below_hz + crossover.WIDTH_HZ]
    else:
        passed = response[hz >= 40]
    assert abs(passed - 1).max() < 0.01
