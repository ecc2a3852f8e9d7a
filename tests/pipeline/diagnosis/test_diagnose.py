"""Diagnosis: known damage is found and measured, clean sound left alone, any sound taken."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pipeline.analysis.loudness import integrated_lufs, true_peak_dbtp
from pipeline.audio.containers import Info
from pipeline.audio.sound import Audio
from pipeline.degradation.effects import BandLimit
from pipeline.diagnosis import voice_noise
from pipeline.diagnosis.diagnose import FINDINGS, Diagnosis, diagnose
from pipeline.diagnosis.finding import Finding
from pipeline.stage import Cancelled
from tests.bench.confusion import DAMAGES, hiss, hum
from tests.support.sounds import bass_note, music, speech
from tests.support.ticks import Recorder, stop_beyond

SECONDS = 5.0


def with_pauses(voice: np.ndarray, rate: int) -> Audio:
    """The voice with two pauses of 0.4 s."""
    level = np.ones(voice.shape[1])
    for start in (round(1.0 * rate), round(3.0 * rate)):
        level[start : start + round(0.4 * rate)] = 1e-3
    edge = np.hanning(round(0.04 * rate))
    level = np.convolve(np.pad(level, len(edge) // 2, mode="edge"), edge / edge.sum(), "valid")
    return Audio((voice * level[: voice.shape[1]]).astype(np.float32), rate)


CLEAN = {"speech": with_pauses(speech(SECONDS), 48_000), "music": music(SECONDS)}
ON_MUSIC = ("band limit 8 kHz", "8 bits", "60 clicks a minute", "pink noise, 15 dB", "rumble")


@pytest.fixture(autouse=True)
def no_denoiser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hides the trained denoiser, to which this synthetic voice is noise."""
    monkeypatch.setattr(voice_noise, "speech_denoiser", lambda: None)


def found(diagnosis: Diagnosis, name: str) -> Finding:
    return next(finding for finding in diagnosis.findings if finding.name == name)


@pytest.mark.parametrize("kind", CLEAN)
def test_clean_sound_has_no_trouble_and_nothing_is_to_do(kind: str) -> None:
    diagnosis = diagnose(CLEAN[kind])
    assert [finding.name for finding in diagnosis.troubles] == []
    assert diagnosis.recipe["stages"] == [] and "leave it as it is" in diagnosis.recipe["summary"]
    assert found(diagnosis, "content").value == kind


@pytest.mark.parametrize(
    ("kind", "name"),
    [("speech", name) for name in DAMAGES if name != "none"] + [("music", n) for n in ON_MUSIC],
)
def test_known_damage_is_found(kind: str, name: str, rng: np.random.Generator) -> None:
    damage, wanted = DAMAGES[name]
    troubles = {finding.name for finding in diagnose(damage(CLEAN[kind], rng)).troubles}
    assert set(wanted) <= troubles


def test_values_are_those_of_the_damage(rng: np.random.Generator) -> None:
    clean = CLEAN["speech"]
    assert found(diagnose(BandLimit(5000.0)(clean)), "bandwidth").value == pytest.approx(
        5000, rel=0.05
    )
    assert found(diagnose(hiss(20, 0)(clean, rng)), "snr").value == pytest.approx(20, abs=3)
    buzzing = diagnose(hum(60, 25)(clean, rng))
    assert found(buzzing, "hum").value == pytest.approx(60, abs=0.5)
    shifted = diagnose(Audio(clean.samples + np.float32(0.05), clean.rate))
    assert found(shifted, "dc_offset").value == pytest.approx(5, abs=0.05)
    assert found(shifted, "dc_offset").unit == "%"


def test_loudness_and_peak_are_those_of_the_whole_recording() -> None:
    clean = CLEAN["music"]
    diagnosis = diagnose(clean)
    assert found(diagnosis, "loudness").value == integrated_lufs(clean)
    assert found(diagnosis, "true_peak").value == true_peak_dbtp(clean)
    facts = [found(diagnosis, name).value for name in ("duration", "sample_rate", "channels")]
    assert facts == [SECONDS, 44_100, 2]


def test_flat_tops_are_counted_wherever_they_lie() -> None:
    at = np.arange(48_000) / 48_000
    sine = np.sin(2 * np.pi * 100 * at)[None]
    for gain in (1.0, 0.2):
        cut = Audio((gain * np.clip(sine, -0.8, 0.8)).astype(np.float32), 48_000)
        assert found(diagnose(cut), "clipping").value == 200  # a hundred periods, two tops each
        whole = Audio((gain * sine).astype(np.float32), 48_000)
        assert found(diagnose(whole), "clipping").value == 0


def test_round_tops_of_few_bits_are_not_clipped() -> None:
    at = np.arange(96_000) / 48_000
    coarse = np.round(100 * np.sin(2 * np.pi * 60 * at)) / 128
    assert not found(diagnose(Audio(coarse[None].astype(np.float32), 48_000)), "clipping").trouble


def test_dropouts_are_counted_and_pauses_are_not() -> None:
    samples = CLEAN["music"].samples.copy()
    samples[:, 44_100:44_800] = 0
    samples[:, 100_000:100_500] = 0
    fade = np.linspace(1, 0, 4410, dtype=np.float32)
    samples[:, 150_000:154_410] *= fade
    samples[:, 154_410:158_000] = 0
    samples[:, 158_000:162_410] *= fade[::-1]
    dropouts = found(diagnose(Audio(samples, 44_100)), "dropouts")
    assert (dropouts.value, dropouts.trouble) == (4, True)  # two, in each channel
    starts = [span.start_s * 44_100 for span in dropouts.spans]
    assert starts == pytest.approx([44_100, 100_000], abs=2)


def test_a_naturally_dark_recording_was_not_cut() -> None:
    from scipy import signal

    sections = signal.butter(2, 2500, output="sos", fs=44_100)
    dark = signal.sosfilt(sections, CLEAN["music"].samples, axis=1).astype(np.float32)
    assert not found(diagnose(Audio(dark, 44_100)), "bandwidth").trouble


@pytest.mark.parametrize(("hz", "seconds"), [(440, 0.1), (440, 5.0), (3000, 0.3)])
def test_a_sine_or_a_moment_has_no_bandwidth(hz: float, seconds: float) -> None:
    at = np.arange(round(seconds * 48_000)) / 48_000
    sine = Audio(0.5 * np.sin(2 * np.pi * hz * at)[None], 48_000)
    bandwidth = found(diagnose(sine), "bandwidth")
    assert (bandwidth.value, bandwidth.confidence, bandwidth.trouble) == (None, 0.0, False)


def test_weak_treble_is_not_called_full_with_confidence(rng: np.random.Generator) -> None:
    from scipy import signal

    hz = np.array([0, 2000, *np.geomspace(2500, 12_000, 12), 22_050])
    gains = 10 ** (np.interp(np.log(np.maximum(hz, 1)), np.log([2000, 12_000]), [0, -65]) / 20)
    taps = signal.firwin2(801, hz, gains, fs=44_100)
    dark = signal.oaconvolve(0.2 * rng.standard_normal((1, 2 * 44_100)), taps[None], "same", axes=1)
    weak = found(diagnose(Audio(dark.astype(np.float32), 44_100)), "bandwidth")
    full = found(diagnose(CLEAN["music"]), "bandwidth")
    assert not weak.trouble and not full.trouble
    assert weak.confidence < 0.8 < 0.9 < full.confidence
    assert "weak" in weak.text and "weak" not in full.text


def test_a_lossy_container_is_evidence_of_a_codec() -> None:
    limited = BandLimit(8000.0)(CLEAN["speech"])
    size = (limited.rate, 1, limited.frames)
    sure = [
        found(diagnose(limited, Info(*size, container, subtype, 16)), "codec_low_pass").confidence
        for container, subtype in (("WAV", "PCM_16"), ("MP3", "MPEG_LAYER_III"))
    ]
    assert sure[1] > sure[0]


@pytest.mark.parametrize("rate", [8_000, 192_000])
@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (1, 700), (8, 20_000)])
@pytest.mark.parametrize("level", [0.0, 0.1])
def test_any_sound_has_a_diagnosis(
    rate: int, shape: tuple[int, int], level: float, rng: np.random.Generator
) -> None:
    samples = (level * rng.standard_normal(shape)).astype(np.float32)
    diagnosis = diagnose(Audio(samples, rate))
    assert all(0 <= finding.confidence <= 1 and finding.text for finding in diagnosis.findings)
    names = [finding.name for finding in diagnosis.findings]
    assert len(set(names)) == len(names)
    if not level:
        assert [finding.name for finding in diagnosis.troubles] == ["digital_silence"]
        assert diagnosis.recipe["stages"] == []


def test_findings_are_the_same_in_memory_and_on_disk(
    monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    from pipeline.audio import buffers

    sound = DAMAGES["dropouts"][0](CLEAN["music"], rng)
    before = sound.samples.copy()
    in_memory = diagnose(sound)
    monkeypatch.setattr(buffers, "LONG_SAMPLES", 1000)
    mapped = buffers.allocate(*sound.samples.shape)
    mapped[:] = sound.samples
    assert diagnose(Audio(mapped, sound.rate)) == in_memory
    assert np.array_equal(mapped, before) and np.array_equal(sound.samples, before)


def test_progress_rises_to_one_and_can_stop() -> None:
    tick = Recorder()
    diagnose(CLEAN["speech"], None, tick)
    assert tick.rises_to_one() and len(tick.fractions) > len(FINDINGS)
    with pytest.raises(Cancelled):
        diagnose(CLEAN["speech"], None, stop_beyond(-1))


def test_every_finding_has_the_name_of_its_function() -> None:
    names = [finding.name for finding in diagnose(CLEAN["music"]).findings]
    assert names == [finding.__name__ for finding in FINDINGS]


def test_json_has_the_five_keys_and_no_infinity() -> None:
    for audio in (CLEAN["speech"], Audio(np.zeros((1, 9)), 8000)):
        document = diagnose(audio).to_json()
        again = json.loads(json.dumps(document, allow_nan=False))
        assert again == document and set(document) == {"findings", "recipe"}
        keys = {"name", "value", "unit", "confidence", "text"}
        assert all(set(finding) == keys for finding in document["findings"])


def test_an_instrument_is_no_hum() -> None:
    note = bass_note(49.6)
    finding = found(diagnose(note), "hum")
    assert not finding.trouble and "instrument" in finding.text
    assert found(diagnose(bass_note(49.3)), "hum").value is None
