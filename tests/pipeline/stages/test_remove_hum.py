"""RemoveHum: hum is found at its frequency and subtracted; notes, and clean sounds, are not."""

import numpy as np
import pytest

from pipeline.analysis.dc_offset import dc_offset
from pipeline.analysis.mains_hum import find_hum
from pipeline.analysis.rumble import rumble as measure_rumble
from pipeline.audio.sound import Audio
from pipeline.stages.remove_hum import RemoveHum
from tests.support.noise_sounds import RATE, music, noise, speech

HARMONICS = range(1, 9)


def hum(hz: float, level_db: float, frames: int, drift_hz: float = 0.0) -> np.ndarray:
    """(1, T): eight harmonics; the frequency swings by `drift_hz` within 20 s."""
    t = np.arange(frames) / RATE
    phase = 2 * np.pi * hz * t + drift_hz * 20 * (1 - np.cos(2 * np.pi * t / 20))
    wave = sum(np.sin(k * phase + k * k) / k for k in HARMONICS)
    return (10 ** (level_db / 20) * wave / wave.std())[None].astype(np.float32)


def left_db(made: Audio, clean: np.ndarray, unwanted: np.ndarray) -> float:
    """Energy of the error over that of what should have gone."""
    return float(10 * np.log10(np.square(made.samples - clean).mean() / np.square(unwanted).mean()))


def spectrum_of(x: np.ndarray) -> np.ndarray:
    return np.square(np.abs(np.fft.rfft(x[0] * np.hanning(x.shape[1]))))


@pytest.mark.parametrize("hz", [49.9, 50.0, 60.0, 60.05])
def test_hum_is_found_with_its_frequency_and_level(hz):
    clean = speech(8.0)
    found = find_hum(Audio(clean + hum(hz, -40, clean.shape[1]), RATE))
    assert found is not None
    assert found.hz == pytest.approx(hz, abs=0.06)
    assert found.level_db == pytest.approx(-40, abs=1.5)
    assert 1 in found.harmonics and len(set(HARMONICS) & set(found.harmonics)) >= 3


@pytest.mark.parametrize("make", [speech, music])
def test_there_is_no_hum_in_a_clean_sound(make):
    sound = Audio(make(8.0), RATE)
    assert find_hum(sound) is None
    assert RemoveHum()(sound) is sound


def test_a_bass_line_on_the_notes_next_to_50_hz_is_no_hum():
    t = np.arange(8 * RATE) / RATE
    notes = np.select([t % 2 < 0.8, t % 2 < 1.6], [49.0, 98.0], 61.7)
    pluck = np.exp(-3 * (t % 0.8))
    wave = sum(np.sin(2 * np.pi * k * np.cumsum(notes) / RATE) / k for k in range(1, 6))
    assert find_hum(Audio((0.2 * wave * pluck)[None], RATE)) is None


def test_a_held_note_at_g_is_no_hum():
    t = np.arange(8 * RATE) / RATE
    wave = sum(np.sin(2 * np.pi * 48.999 * k * t) / k for k in range(1, 6))
    assert find_hum(Audio((0.1 * wave)[None], RATE)) is None


@pytest.mark.parametrize(("drift_hz", "most_db"), [(0.0, -20), (0.03, -15)])
def test_hum_is_subtracted(drift_hz, most_db):
    clean = speech(12.0)
    unwanted = hum(50.02, -35, clean.shape[1], drift_hz)
    made = RemoveHum()(Audio(clean + unwanted, RATE))
    assert left_db(made, clean, unwanted) < most_db


def test_each_channel_has_its_own_hum():
    clean = np.repeat(speech(8.0), 2, axis=0)
    unwanted = hum(60, -35, clean.shape[1]) * np.array([[1.0], [-0.3]], np.float32)
    made = RemoveHum()(Audio(clean + unwanted, RATE))
    assert left_db(made, clean, unwanted) < -20


def test_the_change_is_confined_to_the_harmonics():
    clean = speech(8.0)
    heard = clean + hum(50, -40, clean.shape[1])
    change = RemoveHum()(Audio(heard, RATE)).samples - heard
    power = spectrum_of(change)
    hz = np.fft.rfftfreq(change.shape[1], 1 / RATE)
    away = np.abs(hz - 50 * np.round(hz / 50)) > 3
    assert power[away].sum() < 1e-4 * power.sum()


def test_dc_is_found_and_subtracted():
    clean = speech(4.0)
    offsets = np.array([[0.02], [-0.005]], np.float32)
    sound = Audio(np.repeat(clean, 2, axis=0) + offsets, RATE)
    np.testing.assert_allclose(dc_offset(sound), offsets[:, 0] + clean.mean(), atol=1e-6)
    made = RemoveHum()(sound)
    assert np.abs(made.samples.mean(axis=1)).max() < 1e-6
    assert RemoveHum(dc="keep")(sound) is sound


def test_the_mean_of_a_clean_or_short_sound_is_no_dc():
    assert not dc_offset(Audio(speech(), RATE)).any()
    assert not dc_offset(Audio(speech()[:, 500:900], RATE)).any()


def test_rumble_is_found_and_goes_and_the_bass_stays():
    clean = music(6.0)
    low = np.cumsum(noise("white", clean.shape), axis=1)
    hz = np.fft.rfftfreq(clean.shape[1], 1 / RATE)
    spectrum = np.fft.rfft(low) * ((hz > 3) & (hz < 12))
    rumble = np.fft.irfft(spectrum, clean.shape[1]).astype(np.float32)
    rumble *= np.float32(10 ** (-40 / 20) / rumble.std())
    assert measure_rumble(Audio(clean + rumble, RATE)).present
    assert not measure_rumble(Audio(clean, RATE)).present
    made = RemoveHum(hum_hz=0)(Audio(clean + rumble, RATE)).samples
    low, bass = (hz > 2) & (hz < 13), hz > 45
    assert spectrum_of(made)[low].sum() < 0.01 * spectrum_of(rumble)[low].sum()
    assert spectrum_of(made - clean)[bass].sum() < 1e-4 * spectrum_of(clean)[bass].sum()


def test_what_is_set_is_done_without_being_found():
    sound = Audio(0.1 * np.sin(2 * np.pi * 10 * np.arange(4 * RATE) / RATE)[None], RATE)
    made = RemoveHum(hum_hz=0, rumble_hz=40)(sound).samples[:, RATE:-RATE]
    assert np.abs(made).max() < 1e-3
    heard = Audio(speech() + hum(50, -40, speech().shape[1]), RATE)
    assert RemoveHum(hum_hz=0, rumble_hz=0)(heard) is heard
