"""The guarantee card tells the truth about known changes."""

import json
import time

import numpy as np
import pytest

from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from pipeline.evaluation.guarantee import measure
from pipeline.evaluation.guarantee_card import rows
from tests.support.sounds import speech, windowed_sinc

RATE = 48_000


def sound(channels=1, cutoff_hz=8000):
    return Audio(np.repeat(windowed_sinc(speech(), cutoff_hz), channels, axis=0), RATE)


def changed(before, added):
    return Audio((before.samples + added).astype(np.float32), before.rate)


def tone(hz, amplitude, frames=4 * RATE):
    return amplitude * np.sin(2 * np.pi * hz * np.arange(frames) / RATE)


def card(before, after, kept_below_hz=5000.0):
    measured = measure(before, after, kept_below_hz=kept_below_hz, seconds_taken=2.0)
    json.dumps(measured.to_json(), allow_nan=False)
    assert len(rows(measured)) == 10
    return measured, {row.label: (row.value, row.fine) for row in rows(measured)}


@pytest.mark.parametrize("channels", [1, 2])
def test_an_untouched_sound_is_identical_in_every_row(channels):
    measured, lines = card(sound(channels), sound(channels))
    assert measured.same_length and measured.lufs_change == 0 and measured.finite
    assert measured.null_db == measured.added_db == -200
    assert measured.times_real_time == 2.0
    assert lines["Kept band"] == ("below 5.0 kHz identical", True)
    assert lines["Added treble"][0].startswith("nothing above 8")
    assert all(fine is not False for _, fine in lines.values())


@pytest.mark.parametrize("level_db", [-30, -60])
def test_a_tone_above_the_bandwidth_is_measured_and_leaves_the_kept_band(level_db):
    before = sound()
    total = np.sqrt(np.mean(before.samples.astype(float) ** 2) * 2)
    measured, lines = card(before, changed(before, tone(12_000, total * 10 ** (level_db / 20))))
    assert measured.added_db == pytest.approx(level_db, abs=0.3)
    assert measured.null_db < -100 and lines["Kept band"][1] is True


def test_a_tone_in_the_kept_band_breaks_the_promise():
    before = sound()
    low = windowed_sinc(before.samples, 5000).astype(float)
    amplitude = np.sqrt(2 * np.mean(low**2)) * 10 ** (-40 / 20)
    measured, lines = card(before, changed(before, tone(1000, amplitude)))
    assert measured.null_db == pytest.approx(-40, abs=0.5)
    assert lines["Kept band"][1] is False


@pytest.mark.parametrize("seconds", [0.05, 1.0, 4.0])
def test_a_loud_change_just_above_the_kept_band_does_not_leak_into_it(seconds):
    before = Audio(sound().samples[:, : int(seconds * RATE)], RATE)
    added = tone(5500, 0.1, before.frames) * np.hanning(before.frames)
    assert card(before, changed(before, added))[0].null_db < -80


def test_dc_gain_and_peak_are_seen():
    before = sound(2)
    measured, lines = card(before, changed(before, 0.01))
    assert measured.after.dc - measured.before.dc == pytest.approx(0.01, abs=1e-4)
    assert lines["DC offset"][1] is False
    measured, lines = card(before, Audio(before.samples * 4, RATE))
    assert measured.lufs_change == pytest.approx(12.04, abs=0.02)
    assert measured.after.peak_dbtp - measured.before.peak_dbtp == pytest.approx(12.04, abs=0.02)
    assert lines["Loudness"][1] is None and lines["True peak"][1] is False


def test_a_lost_sample_is_seen_and_a_raised_rate_is_no_loss():
    before = sound()
    assert card(before, Audio(before.samples[:, :-1], RATE))[1]["Length"][1] is False
    low = resample(before, 16_000)
    measured, lines = card(low, resample(low, RATE))
    assert measured.same_length and lines["Length"][1] is True
    assert lines["Sample rate"] == ("16000 to 48000 Hz", None)
    assert measured.null_db < -100


def test_silence_and_very_short_sound_have_rows_too():
    silence = Audio(np.zeros((1, RATE), np.float32), RATE)
    measured, lines = card(silence, silence)
    assert measured.lufs_change is None and lines["True peak"][0] == "silence"
    blip = Audio(np.full((1, 3), 0.1, np.float32), RATE)
    assert card(blip, blip, None)[1]["Kept band"] == ("none", None)


def test_it_takes_a_fraction_of_the_time_of_the_sound():
    long = Audio(np.tile(sound().samples, 15), RATE)
    started = time.process_time()
    measure(long, long, kept_below_hz=5000.0, seconds_taken=1.0)
    assert time.process_time() - started < long.seconds / 50


def test_json_keeps_the_keys_that_programs_read():
    before = sound()
    document = card(before, before)[0].to_json()
    each = ("frames", "seconds", "rate", "channels", "lufs", "peak_dbtp", "dc")
    assert list(document) == [
        *(f"{name}_{when}" for when in ("before", "after") for name in each),
        *("same_length", "lufs_change", "finite", "kept_below_hz", "null_db", "bandwidth_hz"),
        *("added_db", "seconds_taken", "times_real_time"),
    ]
    assert (document["rate_before"], document["times_real_time"]) == (RATE, 2.0)
