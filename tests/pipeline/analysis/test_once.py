"""One detector for each phenomenon, asked once for each recording."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from pipeline.analysis import bandwidth, loudness, quiet_spectrum
from pipeline.analysis.once import once_per_sound
from pipeline.audio.sound import Audio
from pipeline.diagnosis.diagnose import diagnose
from pipeline.evaluation.guarantee import measure as guarantee
from pipeline.stages.enhance import Enhance
from pipeline.stages.remove_hum import RemoveHum
from tests.support.sounds import RATE, speech


def test_an_answer_is_kept_as_long_as_its_sound() -> None:
    asked = []

    @once_per_sound
    def measure(audio: Audio, tick: object = None) -> int:
        asked.append(audio.frames)
        return audio.frames

    first, second = (Audio(np.zeros((1, n), np.float32), RATE) for n in (10, 20))
    assert [measure(first), measure(second), measure(first, None), measure(second)] == [
        *(10, 20, 10, 20)
    ]
    assert asked == [10, 20]
    del first
    gc.collect()
    assert measure(Audio(np.zeros((1, 10), np.float32), RATE)) == 10 and asked == [10, 20, 10]


def test_a_restoration_measures_the_recording_once(monkeypatch: pytest.MonkeyPatch) -> None:
    audio = Audio(speech(), RATE)
    counts = {"band": 0, "low end": 0, "loudness": 0}

    def counted(name: str, function: object) -> object:
        def call(sound: Audio, *args: object) -> object:
            counts[name] += sound is audio
            return function(sound, *args)  # type: ignore[operator]

        return call

    monkeypatch.setattr(bandwidth, "band_levels", counted("band", bandwidth.band_levels))
    monkeypatch.setattr(loudness, "_step_energies", counted("loudness", loudness._step_energies))
    stretches = counted("low end", quiet_spectrum._stretches)
    monkeypatch.setattr(quiet_spectrum, "_stretches", stretches)
    diagnose(audio)
    Enhance().kept_below_hz(audio)
    after = RemoveHum()(audio)
    guarantee(audio, after, kept_below_hz=None, seconds_taken=1.0)
    assert counts == {"band": 1, "low end": 1, "loudness": 1}


@pytest.mark.parametrize("offset", [0.0, 0.0005, 0.002, 0.003, 0.02])
def test_diagnosis_and_stage_agree_on_dc(offset: float) -> None:
    audio = Audio(0.5 * speech() + np.float32(offset), RATE)
    found = {finding.name: finding for finding in diagnose(audio).findings}["dc_offset"]
    removed = RemoveHum(hum_hz=0, rumble_hz=0)(audio) is not audio
    assert removed == bool(found.value) == (found.text != "No DC offset.")
    assert found.trouble == (offset >= 0.005)


@pytest.mark.parametrize("level_db", [None, -75, -56, -40])
def test_diagnosis_and_stage_agree_on_rumble(level_db: float | None) -> None:
    x = speech()
    if level_db is not None:
        spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(x.shape[1]))
        hz = np.fft.rfftfreq(x.shape[1], 1 / RATE)
        rumble = np.fft.irfft(spectrum * ((hz > 4) & (hz < 20)), x.shape[1])
        x = x + (rumble * 10 ** (level_db / 20) / rumble.std()).astype(np.float32)
    audio = Audio(x, RATE)
    found = {finding.name: finding for finding in diagnose(audio).findings}["rumble"]
    removed = RemoveHum(hum_hz=0, dc="keep")(audio) is not audio
    assert removed == (found.text != "No rumble.") == (level_db in (-56, -40))
    assert found.trouble == (level_db == -40)
