"""What a net adds: in windows, above a crossover, at one level, and not to silence."""

import numpy as np
import pytest

from pipeline import inference
from pipeline.audio.sound import Audio
from pipeline.dsp import chunked, fir
from pipeline.stages import residual
from pipeline.stages.enhance import Enhance
from tests.support.sounds import RATE, limited, speech

pytestmark = pytest.mark.usefixtures("tiny_nets")


def test_a_click_does_not_set_the_level_and_each_channel_has_its_own():
    x = np.tile(speech(), 3)
    x = np.concatenate((x, 0.01 * x, 4 * x, np.zeros_like(x)))
    usual = residual.net_gain(Audio(x, RATE))[:, 0]
    assert usual[0] == 1 and np.isfinite(usual).all()
    assert usual[1] == pytest.approx(0.05 / 0.005, rel=0.2)
    assert usual[2] == pytest.approx(0.7 / 2.0, rel=0.2)
    x[:, 1000] = 1.0
    np.testing.assert_allclose(residual.net_gain(Audio(x, RATE))[:3, 0], usual[:3], rtol=0.05)


def test_a_net_that_adds_nothing_returns_the_input_bit_for_bit(monkeypatch, short_windows):
    monkeypatch.setattr(inference, "apply", lambda net, x: x.copy())
    sound = limited(rate=44_100)
    np.testing.assert_array_equal(Enhance("tiny")(sound).samples, sound.samples)


@pytest.mark.parametrize("checkpoint", ["tiny", "spectral"])
@pytest.mark.parametrize("keep_below_hz", [None, 0.0])
def test_windowed_equals_whole(checkpoint, keep_below_hz, short_windows, monkeypatch):
    sound = limited(channels=2)
    stage = Enhance(checkpoint, keep_below_hz=keep_below_hz)
    made = stage(sound)
    run = chunked.run
    monkeypatch.setattr(
        chunked, "run", lambda *args, **settings: run(*args, **{**settings, "payload": 1 << 30})
    )
    whole = stage(sound)
    error = np.square(made.samples - whole.samples).sum() / np.square(whole.samples).sum()
    assert 10 * np.log10(error + 1e-30) < -80


def test_digital_silence_stays_silent_and_does_not_click(short_windows):
    sound = limited().samples.copy()
    sound[:, 30_000:66_000] = 0
    made = Enhance("tiny", keep_below_hz=0.0)(Audio(sound, RATE)).samples
    reach = inference.load("tiny", "cpu").receptive_field
    assert not made[:, 30_000 + reach : 66_000 - reach].any()
    new = made - sound
    last = 30_000 + reach  # where the gate has closed
    assert np.abs(new[:, last - 20 : last]).max() < 0.05 * np.abs(new).max()
    assert np.abs(new[:, last - 480 : last - 240]).max() > 0.05 * np.abs(new).max()


def test_the_gate_leaves_alone_what_is_near_to_sound():
    x = np.zeros((2, 5000), np.float32)
    x[0, 2000] = 0.1
    x[1] = 0.1
    made = residual.gated(np.ones((2, 5000), np.float32), x, 1000)
    assert (made[1] == 1).all()
    assert (made[0, 2000 - 520 : 2000 + 521] == 1).all()
    assert (made[0, :1001] == 0).all() and (made[0, 3000:] == 0).all()
    assert np.all(np.diff(made[0, 1000:1480]) >= 0)


def test_a_net_that_fails_says_so_and_nothing_leaves(monkeypatch):
    monkeypatch.setattr(inference, "apply", lambda net, x: np.full_like(x, np.nan))
    with pytest.raises(ValueError, match="not numbers"):
        Enhance("tiny")(limited())


@pytest.mark.parametrize("keep_below_hz", [0.0, 1000.0, 7000.0, 20_000.0])
def test_the_crossover_and_its_complement_sum_to_an_impulse(keep_below_hz):
    taps = fir.high_pass(keep_below_hz, RATE).astype(float)
    response = np.abs(np.fft.rfft(taps, 1 << 16))
    hz = np.fft.rfftfreq(1 << 16, 1 / RATE)
    assert len(taps) % 2 and np.allclose(taps, taps[::-1])
    assert response[0] < 1e-4
    if keep_below_hz:
        assert response[hz <= keep_below_hz].max() < 10 ** (-85 / 20)
        passed = response[hz >= keep_below_hz + fir.WIDTH_HZ]
    else:
        passed = response[hz >= 40]
    assert abs(passed - 1).max() < 0.01
