"""Tone: a shelf with the gain it says, nothing below, no delay."""

import numpy as np
import pytest

from pipeline.audio.sound import Audio
from pipeline.stages.tone import Tone

RATE = 48_000


def gain_db(stage: Tone, hz: float) -> float:
    """Of a sine in the middle of a sound; with its phase, so that delay counts against it."""
    time = np.arange(RATE) / RATE
    made = stage(Audio(0.1 * np.sin(2 * np.pi * hz * time)[None], RATE)).samples[0]
    inner = slice(RATE // 4, 3 * RATE // 4)
    wave = np.sin(2 * np.pi * hz * time)[inner]
    return float(20 * np.log10(made[inner] @ wave / (0.1 * wave @ wave)))


@pytest.mark.parametrize("tilt_db", [-3.0, 0.5, 1.5])
@pytest.mark.parametrize(("octaves", "share"), [(-2, 0.0), (-1, 0.0), (0, 0.5), (1, 1.0)])
def test_the_shelf_rises_around_its_corner(tilt_db, octaves, share):
    gain = gain_db(Tone(corner_hz=6000, tilt_db=tilt_db), 6000 * 2.0**octaves)
    assert gain == pytest.approx(share * tilt_db, abs=0.02)


def test_dc_stays_what_it_is():
    made = Tone(corner_hz=500, tilt_db=3)(Audio(0.25 * np.ones((1, RATE)), RATE)).samples
    np.testing.assert_allclose(made[:, RATE // 4 : -RATE // 4], 0.25, atol=1e-6)


def test_nothing_to_do_returns_the_sound_itself(noise):
    assert Tone(tilt_db=0)(noise) is noise
    low = Audio(noise.samples, 8000)
    assert Tone(corner_hz=8000)(low) is low


def test_an_impulse_stays_where_it_is_and_symmetric():
    impulse = np.zeros((1, 2001), np.float32)
    impulse[0, 1000] = 1
    made = Tone(tilt_db=1.5)(Audio(impulse, RATE)).samples[0]
    assert np.argmax(np.abs(made)) == 1000
    np.testing.assert_allclose(made, made[::-1], atol=1e-6)


def test_up_and_down_again_is_the_sound(noise):
    there = Tone(tilt_db=1.0)(noise)
    back = Tone(tilt_db=-1.0)(there).samples
    inner = slice(500, -500)
    error = np.square(back[:, inner] - noise.samples[:, inner]).mean()
    assert error < 1e-6 * np.square(noise.samples).mean()
