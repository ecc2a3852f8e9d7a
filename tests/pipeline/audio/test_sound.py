"""Sound in and out: the value, resampling, and arrays of any length."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from pipeline.audio.buffers import allocate, block_ranges, release
from pipeline.audio.decode import load
from pipeline.audio.encode import save
from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio, AudioError, peak
from pipeline.stage import Cancelled


def on_disk(array: np.ndarray) -> bool:
    base: object = array
    while isinstance(base, np.ndarray) and not isinstance(base, np.memmap):
        base = base.base
    return isinstance(base, np.memmap)


@pytest.mark.parametrize(
    ("samples", "rate", "words"),
    [
        (np.zeros(10, np.float32), 48_000, "shape"),
        (np.zeros((0, 10), np.float32), 48_000, "empty"),
        (np.zeros((2, 0), np.float32), 48_000, "empty"),
        (np.zeros((1, 10), np.int16), 48_000, "int16"),
        (np.array([[0, np.nan, 0]], np.float32), 1, "nan in channel 0 at 1.000 s"),
        (np.array([[0, 0], [0, -np.inf]], np.float32), 1, "-inf in channel 1 at 1.000 s"),
        (np.array([[1e300]]), 48_000, "inf"),
        (np.array([[0, 2.0**21]]), 1, r"got 2097152\.0 in channel 0 at 1\.000 s"),
        (np.zeros((1, 10), np.float32), 0, "rate: got 0"),
        (np.zeros((1, 10), np.float32), 44_100.5, "rate: got 44100.5"),
    ],
)
def test_audio_refuses_what_is_no_sound(samples: np.ndarray, rate: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Audio(samples, rate)  # type: ignore[arg-type]


def test_audio_is_read_only_and_shares_its_samples() -> None:
    samples = np.zeros((2, 5), np.float32)
    audio = Audio(samples, np.int64(8000))
    assert np.shares_memory(audio.samples, samples) and samples.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        audio.samples[0, 0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        audio.rate = 1  # type: ignore[misc]
    assert (audio.channels, audio.frames, audio.seconds, type(audio.rate)) == (2, 5, 5 / 8000, int)


@pytest.mark.parametrize("frames", [1, 699, 700, 701, 2101])
def test_spans_cover_every_frame_once(frames: int) -> None:
    found = [at for start, stop in block_ranges(frames, 700) for at in range(start, stop)]
    assert found == list(range(frames))


@pytest.mark.usefixtures("long_sound_is_short")
def test_long_arrays_live_on_disk_without_a_name_and_keep_their_samples(rng) -> None:
    array = allocate(3, 5000)
    assert isinstance(array, np.memmap) and not array.any() and array.filename is None
    values = rng.standard_normal((3, 5000)).astype(np.float32)
    array[:] = values
    audio = Audio(array, 8000)
    assert np.shares_memory(audio.samples, array)
    for part in (array, audio.samples, audio.samples[1:, 100:4000]):
        release(part, 0, 10**9)
        release(part, 17, 1500)
    np.testing.assert_array_equal(audio.samples, values)


def test_release_gives_resident_memory_back() -> None:
    def resident() -> int:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * 4096

    array = allocate(2, 8_000_000)
    array[:] = 1
    view = Audio(array, 48_000).samples
    view.sum()
    full = resident()
    release(view, 0, 8_000_000)
    assert full - resident() > 0.95 * array.nbytes
    assert array[1, -1] == 1


def test_release_is_a_no_op_for_plain_arrays() -> None:
    array = np.ones((2, 100), np.float32)
    release(array, 0, 50)
    release(array.T.copy().T, 0, 50)
    assert array.all()


def test_peak_is_the_largest_magnitude() -> None:
    assert peak(Audio(np.array([[0.25, -0.75], [0.5, 0]], np.float32), 8000)) == 0.75


@pytest.mark.parametrize(
    "rates", [(48_000, 44_100), (8_000, 48_000), (44_100, 48_000), (96_000, 8_000)]
)
@pytest.mark.parametrize("frames", [1, 2, 701, 9999])
def test_resampled_length_is_the_rounded_ratio(rates: tuple[int, int], frames: int) -> None:
    old, new = rates
    out = resample(Audio(np.ones((2, frames), np.float32), old), new)
    assert (out.channels, out.frames, out.rate) == (2, max(1, int(frames * new / old + 0.5)), new)


@pytest.mark.parametrize("rates", [(48_000, 44_100), (16_000, 48_000), (48_000, 16_000)])
def test_a_resampled_tone_is_that_tone_without_delay(rates: tuple[int, int]) -> None:
    old, new = rates
    tone = [np.sin(2 * np.pi * 997 * np.arange(rate) / rate)[None] for rate in (old, new)]
    error = resample(Audio(tone[0], old), new).samples - tone[1]
    assert np.abs(error[:, 2000:-2000]).max() < 1e-6


def test_resampling_down_removes_what_the_new_rate_cannot_hold() -> None:
    tone = np.sin(2 * np.pi * 10_000 * np.arange(48_000) / 48_000)[None]
    out = resample(Audio(tone, 48_000), 16_000)
    assert np.abs(out.samples[:, 1000:-1000]).max() < 1e-6


def test_resampling_to_the_same_rate_is_the_same_sound(noise: Audio) -> None:
    assert resample(noise, noise.rate) is noise
    with pytest.raises(AudioError, match="rate: got 0"):
        resample(noise, 0)


def test_long_sound_resamples_as_short_sound(noise: Audio, request: pytest.FixtureRequest) -> None:
    whole = resample(noise, 44_100)
    request.getfixturevalue("long_sound_is_short")
    blocks = resample(noise, 44_100)
    assert on_disk(blocks.samples) and not on_disk(whole.samples)
    np.testing.assert_allclose(blocks.samples, whole.samples, atol=1e-6)


@pytest.mark.usefixtures("long_sound_is_short")
def test_long_sound_passes_load_and_save_unchanged(noise: Audio, tmp_path: Path) -> None:
    path = save(noise, tmp_path / "a.wav", subtype="FLOAT")
    back = load(path)
    assert on_disk(back.samples)
    np.testing.assert_array_equal(back.samples, noise.samples)


def test_ticks_rise_to_one_and_can_stop_the_work(noise: Audio, tmp_path: Path) -> None:
    path = save(noise, tmp_path / "a.wav", subtype="FLOAT")
    for work in (
        lambda tick: load(path, tick=tick),
        lambda tick: save(noise, tmp_path / "b.flac", tick=tick),
        lambda tick: resample(noise, 8000, tick=tick),
    ):
        heard: list[float] = []
        work(heard.append)
        assert heard == sorted(heard) and heard[-1] == 1

        def stop(fraction: float) -> None:
            raise Cancelled

        with pytest.raises(Cancelled):
            work(stop)
    assert {p.name for p in tmp_path.iterdir()} == {"a.wav", "b.flac"}
