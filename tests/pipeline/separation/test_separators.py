"""Separators: what the stems are, that they add up, and Demucs against the package's own run."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
import pytest

from pipeline.audio import buffers
from pipeline.audio.sound import Audio
from pipeline.dsp import chunked
from pipeline.separation import classical
from pipeline.separation.demucs_apply import separated, statistics
from pipeline.separation.factory import separator
from pipeline.separation.separators import OFFLINE, SEPARATORS
from pipeline.stage import Cancelled
from tests.support.separators import tiny_demucs, tiny_net, tiny_wave_unet
from tests.support.sounds import RATE, speech
from tests.support.ticks import Recorder

TINY = ["htdemucs", "htdemucs_6s", "wave_unet", *OFFLINE]


@pytest.fixture(scope="module", autouse=True)
def weights(tmp_path_factory: pytest.TempPathFactory):
    folder = tiny_demucs(tmp_path_factory.mktemp("demucs"))
    tiny_demucs(folder, "htdemucs_6s")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAVEMEND_DEMUCS", str(folder))
        patch.setenv("WAVEMEND_CHECKPOINTS", str(folder))
        tiny_wave_unet(folder / "own")
        yield folder


def db(x: np.ndarray, reference: np.ndarray) -> float:
    power = np.square(x.astype(float)).mean() / np.square(reference.astype(float)).mean()
    return float(10 * np.log10(max(power, 1e-30)))


def total(stems: dict[str, Audio]) -> np.ndarray:
    return np.sum([stem.samples for stem in stems.values()], axis=0, dtype=np.float32)


@pytest.mark.parametrize("name", TINY)
@pytest.mark.parametrize(
    ("rate", "channels", "frames"),
    [
        (44_100, 2, 30_001),
        (48_000, 1, 20_011),
        (96_000, 3, 40_003),
        (8000, 2, 3001),
        (48_000, 2, 1),
    ],
)
def test_every_stem_has_the_sound_s_rate_channels_and_frames(name, rate, channels, frames, rng):
    sound = Audio(rng.uniform(-0.5, 0.5, (channels, frames)).astype(np.float32), rate)
    before, tick = sound.samples.copy(), Recorder()
    stems = separator(name).stems(sound, tick)
    assert tuple(stems) == SEPARATORS[name] == separator(name).names
    for stem in stems.values():
        assert (stem.rate, stem.samples.shape) == (rate, (channels, frames))
    np.testing.assert_array_equal(sound.samples, before)
    assert tick.rises_to_one()


@pytest.mark.parametrize("name", TINY)
def test_silence_has_silent_stems(name):
    stems = separator(name).stems(Audio(np.zeros((2, 5000), np.float32), RATE))
    assert not any(stem.samples.any() for stem in stems.values())


@pytest.mark.parametrize("name", TINY)
def test_stems_are_the_same_in_any_block_size_and_on_disk(name, noise, request):
    sound = Audio(noise.samples[:, :15_003], noise.rate)
    whole = separator(name).stems(sound)
    request.getfixturevalue("long_sound_is_short")
    for stem, blockwise in separator(name).stems(sound).items():
        assert db(blockwise.samples - whole[stem].samples, sound.samples) < -100
        assert buffers._mapping(blockwise.samples)[0] is not None


@pytest.mark.parametrize("name", OFFLINE)
def test_offline_stems_add_up_to_the_sound(name, noise):
    assert db(total(separator(name).stems(noise)) - noise.samples, noise.samples) < -120


def test_mid_is_the_mean_of_the_channels_and_side_the_rest(noise):
    stems = separator("mid_side").stems(noise)
    np.testing.assert_allclose(stems["mid"].samples[1], noise.samples.mean(axis=0), atol=1e-7)
    np.testing.assert_allclose(stems["side"].samples.sum(axis=0), 0, atol=1e-6)
    mono = separator("mid_side").stems(Audio(noise.samples[:1], noise.rate))
    np.testing.assert_array_equal(mono["mid"].samples, noise.samples[:1])
    assert not mono["side"].samples.any()


def test_a_tone_is_harmonic_a_click_percussive_and_neither_moves_sideways():
    time = np.arange(RATE) / RATE
    tone = 0.3 * np.sin(2 * np.pi * 440 * time)
    clicks = np.zeros(RATE)
    clicks[6000::8000] = 0.9
    pan = np.array([[1.0], [0.5]])
    sound = Audio((pan * (tone + clicks)).astype(np.float32), RATE)
    stems = separator("harmonic_percussive").stems(sound)
    inner = slice(4000, -4000)
    harmonic, percussive = (
        stems[name].samples[:, inner] for name in SEPARATORS["harmonic_percussive"]
    )
    assert db(harmonic[0] - tone[inner], tone[inner]) < -15
    assert db(percussive[0] - clicks[inner], clicks[inner]) < -10
    assert db(harmonic[1] - 0.5 * harmonic[0], harmonic[0]) < -100


@pytest.mark.parametrize("shape", [(60, 90), (33, 5), (5, 1)])
def test_the_mask_is_librosa_s(shape, rng):
    from librosa.decompose import hpss

    level = rng.random(shape, np.float32)
    level[:20, :20] = 0
    size = (classical.TONE_FRAMES, classical.NOISE_BINS)
    expected, _ = hpss(level, kernel_size=size, mask=True)
    np.testing.assert_allclose(classical.harmonic_mask(level), expected, atol=1e-6)


def test_harmonic_windows_leave_no_seam(monkeypatch):
    sound = Audio(speech(2.0), RATE)
    whole = separator("harmonic_percussive").stems(sound)["harmonic"].samples
    run = chunked.run
    short = lambda *args, **settings: run(*args, **{**settings, "payload": 8192})  # noqa: E731
    monkeypatch.setattr(chunked, "run", short)
    made = separator("harmonic_percussive").stems(sound)["harmonic"].samples
    assert db(made - whole, whole) < -100


def reference(bag, audio: Audio, shifts: int, overlap: float, monkeypatch) -> np.ndarray:
    """The package's own run; its nets draw random numbers too, which must not move the shifts."""
    import demucs.apply
    import torch

    mean, deviation = statistics(audio)
    mix = torch.from_numpy((audio.samples - np.float32(mean)) / np.float32(deviation))[None]
    monkeypatch.setattr(demucs.apply, "random", random.Random(0))
    made = demucs.apply.apply_model(bag, mix, shifts=shifts, overlap=overlap)
    return made[0].numpy() * deviation


@pytest.mark.parametrize(("shifts", "overlap"), [(0, 0.25), (0, 0.0), (0, 0.7), (2, 0.4)])
@pytest.mark.parametrize("kind", ["one net", "weighted bag", "without transformer"])
def test_segments_equal_the_package_s_own_run(kind, shifts, overlap, rng, monkeypatch):
    from demucs.apply import BagOfModels

    nets = {
        "one net": ([tiny_net(1)], None),
        "weighted bag": ([tiny_net(1), tiny_net(2)], [[1, 0, 0, 2], [0, 1, 1, 1]]),
        "without transformer": ([tiny_net(3, "HDemucs")], None),
    }
    bag = BagOfModels(*nets[kind]).eval()
    sound = Audio((0.1 + 0.3 * rng.standard_normal((2, 20_001))).astype(np.float32), 44_100)
    made = np.stack(separated(bag, sound, shifts, overlap))
    expected = reference(bag, sound, shifts, overlap, monkeypatch)
    assert db(made - expected, expected) < -110


def test_mean_and_deviation_are_those_of_the_whole_sound(noise, long_sound_is_short):
    import torch

    middle = torch.from_numpy(noise.samples + np.float32(0.2)).mean(0).double()
    mean, deviation = statistics(Audio(noise.samples + np.float32(0.2), noise.rate))
    assert mean == pytest.approx(float(middle.mean()), rel=1e-6)
    assert deviation == pytest.approx(float(middle.std()), rel=1e-6)


def test_one_channel_is_heard_as_two_and_more_in_pairs(noise):
    one = Audio(noise.samples[:1, :15_000], 44_100)
    two = Audio(np.repeat(one.samples, 2, axis=0), 44_100)
    mono, stereo = (separator("htdemucs").stems(sound)["bass"].samples for sound in (one, two))
    assert db(mono - stereo.mean(axis=0), mono) < -120
    four = Audio(np.concatenate([two.samples, two.samples]), 44_100)
    pairs = separator("htdemucs").stems(four)["bass"].samples
    assert db(pairs - np.concatenate([stereo, stereo]), pairs) < -100


def test_louder_sound_has_louder_stems(noise):
    sound = Audio(noise.samples[:, :15_000], 44_100)
    quiet = separator("htdemucs").stems(Audio(sound.samples / 1000, 44_100))["drums"].samples
    loud = separator("htdemucs").stems(sound)["drums"].samples
    assert db(1000 * quiet - loud, loud) < -60


@pytest.mark.parametrize("name", ["htdemucs", "wave_unet"])
def test_half_precision_is_another_computation_of_the_same_stems(name, noise):
    sound = Audio(noise.samples[:, :15_000], 44_100)
    for stem, whole in separator(name).stems(sound).items():
        half = separator(name, precision="bfloat16").stems(sound)[stem].samples
        assert half.dtype == np.float32 and -90 < db(half - whole.samples, whole.samples) < -20


def test_shifted_passes_are_the_same_in_every_run(noise):
    sound = Audio(noise.samples[:, :15_000], 44_100)
    runs = [separator("htdemucs", shifts=2).stems(sound)["vocals"].samples for _ in range(2)]
    np.testing.assert_array_equal(*runs)
    plain = separator("htdemucs").stems(sound)["vocals"].samples
    assert db(runs[0] - plain, plain) > -60


def test_it_stops_after_the_segment_at_hand(noise):
    heard = []

    def stop(fraction: float, what: str = "") -> None:
        heard.append(fraction)
        if fraction > 0.4:
            raise Cancelled

    with pytest.raises(Cancelled):
        separator("htdemucs").stems(noise, stop)
    assert 0.4 < heard[-1] < 0.7


def test_it_knows_how_long_it_takes(noise, monkeypatch):
    monkeypatch.setattr("pipeline.inference._measured_speed", {})  # of tests before
    before = separator("htdemucs").estimate_seconds(60 * RATE, RATE, 2)
    assert separator("htdemucs_ft").estimate_seconds(60 * RATE, RATE, 2) == pytest.approx(
        4 * before
    )
    shifted = separator("htdemucs", shifts=3, overlap=0.5)
    assert shifted.estimate_seconds(60 * RATE, RATE, 1) == pytest.approx(before * 3 * 0.75 / 0.5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.inference._measured_speed", {("htdemucs", "cpu", "float32"): 30.0})
        assert separator("htdemucs").estimate_seconds(60 * RATE, RATE, 2) == pytest.approx(
            60 / 22.5
        )


def test_a_separator_has_a_name_and_a_device():
    with pytest.raises(ValueError, match="got 'spleeter', expected one of htdemucs, "):
        separator("spleeter")
    noise = Audio(np.ones((1, 100), np.float32), RATE)
    with pytest.raises(ValueError, match="device: got 'tpu'"):
        separator("htdemucs", device="tpu").stems(noise)
    assert dataclasses.is_dataclass(separator("htdemucs"))
