"""Files: every format there and back in numbers, and every kind of bad file refused in words."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.audio.decode import load, probe
from pipeline.audio.encode import save, writable_rate
from pipeline.audio.sound import Audio, AudioError
from tests.support.helpers import run_ffmpeg, snr_db, tone


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
@pytest.mark.parametrize("bits", [16, 24])
def test_integer_samples_come_back_bit_for_bit(tmp_path: Path, suffix: str, bits: int, rng) -> None:
    top = 1 << (bits - 1)
    steps = np.r_[-top, -top + 1, -1, 0, 1, top - 1, rng.integers(-top, top, 10_000)]
    audio = Audio((steps / top)[None], 44_100)
    path = save(audio, tmp_path / f"a{suffix}", subtype=f"PCM_{bits}")
    stored, _ = soundfile.read(path, dtype="int32")
    np.testing.assert_array_equal(stored >> (32 - bits), steps)
    again = save(load(path), tmp_path / f"b{suffix}", subtype=f"PCM_{bits}")
    assert again.read_bytes() == path.read_bytes()


def test_rounding_is_to_the_nearest_step_and_adds_no_dc(tmp_path: Path, noise: Audio) -> None:
    error = load(save(noise, tmp_path / "a.wav", subtype="PCM_16")).samples - noise.samples
    assert np.abs(error).max() <= 0.5 / 32768 and abs(error.mean()) < 0.01 / 32768


def test_float_wav_is_exact_above_full_scale_too(tmp_path: Path, noise: Audio) -> None:
    loud = Audio(noise.samples * 5, noise.rate)
    back = load(save(loud, tmp_path / "a.wav", subtype="FLOAT"))
    np.testing.assert_array_equal(back.samples, loud.samples)


@pytest.mark.parametrize(("name", "least_db"), [("a.mp3", 40), ("a.opus", 25), ("a.ogg", 25)])
@pytest.mark.parametrize("channels", [1, 2])
def test_lossy_formats_keep_length_rate_and_wave(
    tmp_path: Path, name: str, least_db: float, channels: int
) -> None:
    audio = tone(48_000, channels)
    back = load(save(audio, tmp_path / name))
    assert (back.rate, back.channels, back.frames) == (48_000, channels, audio.frames)
    assert snr_db(back, audio) > least_db


@pytest.mark.parametrize(
    ("name", "rate", "written"),
    [("a.mp3", 96_000, 48_000), ("a.opus", 44_100, 48_000), ("a.opus", 22_050, 24_000)],
)
def test_a_rate_the_format_lacks_becomes_the_next_it_has(
    tmp_path: Path, name: str, rate: int, written: int
) -> None:
    audio = tone(rate)
    assert writable_rate(tmp_path / name, rate) == written
    back = load(save(audio, tmp_path / name))
    assert back.rate == written and abs(back.seconds - audio.seconds) < 1e-3
    assert snr_db(back, tone(written)) > 25


@pytest.mark.parametrize("channels", [1, 3, 8])
@pytest.mark.parametrize("rate", [8_000, 192_000])
@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_one_to_eight_channels_at_any_rate(
    tmp_path: Path, suffix: str, rate: int, channels: int
) -> None:
    audio = tone(rate, channels, 0.1)
    back = load(save(audio, tmp_path / f"a{suffix}"))
    assert (back.rate, back.samples.shape) == (rate, audio.samples.shape)
    assert np.abs(back.samples - audio.samples).max() <= 0.5 / (1 << 23) + 1e-8


@pytest.mark.parametrize(
    ("container", "subtype", "bits"),
    [
        ("WAV", "PCM_U8", 8), ("WAV", "PCM_16", 16), ("WAV", "PCM_24", 24), ("WAV", "PCM_32", 32),
        ("WAV", "FLOAT", 32), ("WAV", "DOUBLE", 64), ("WAV", "ULAW", 16), ("WAVEX", "PCM_24", 24),
        ("RF64", "PCM_16", 16), ("AIFF", "PCM_16", 16), ("AIFF", "FLOAT", 32),
        ("FLAC", "PCM_S8", 8), ("FLAC", "PCM_24", 24), ("OGG", "VORBIS", 16),
        ("OGG", "OPUS", 16), ("CAF", "PCM_16", 16),
    ],
)  # fmt: skip
def test_everything_soundfile_reads_is_read(
    tmp_path: Path, container: str, subtype: str, bits: int
) -> None:
    audio = tone(48_000, 2, 0.5)
    path = tmp_path / "-a sound.bin"
    soundfile.write(path, audio.samples.T, 48_000, format=container, subtype=subtype)
    info, back = probe(path), load(path)
    assert (info.rate, info.channels, info.frames, info.bits) == (48_000, 2, audio.frames, bits)
    assert back.samples.shape == audio.samples.shape
    assert snr_db(back, audio) > (
        25 if subtype in ("VORBIS", "OPUS", "ULAW") else min(6 * bits - 12, 140)
    )


@pytest.mark.parametrize(
    "name", ["a.m4a", "a.aac", "a.wma", "a.webm", "a.mka", "-i.mp4", "http:a.m4a"]
)
def test_what_soundfile_cannot_read_comes_through_ffmpeg(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    audio = tone(48_000, 2)
    save(audio, tmp_path / "a.wav")
    run_ffmpeg("-i", tmp_path / "a.wav", "-b:a", "192k", f"file:{tmp_path / name}")
    info, back = probe(name), load(name)
    assert (info.rate, info.channels) == (back.rate, back.channels) == (48_000, 2)
    assert abs(back.seconds - audio.seconds) < 0.06
    middle = back.samples[:, 10_000:30_000]
    np.testing.assert_allclose(np.square(middle).mean(1), 0.125, rtol=0.05)
    with pytest.raises(AudioError, match="more than 0.5 s"):
        load(name, max_seconds=0.5)


def test_a_film_gives_its_sound(tmp_path: Path) -> None:
    save(tone(), tmp_path / "a.wav")
    picture = ("-f", "lavfi", "-i", "color=size=64x64:rate=5:duration=1")
    run_ffmpeg(*picture, "-i", tmp_path / "a.wav", tmp_path / "film.mp4")
    run_ffmpeg(*picture, tmp_path / "silent.mp4")
    assert load(tmp_path / "film.mp4").channels == 1
    with pytest.raises(AudioError, match="holds no sound"):
        load(tmp_path / "silent.mp4")


def test_an_mp3_without_a_length_is_read_to_its_end(tmp_path: Path, rng) -> None:
    burst = np.zeros((1, 480_000), np.float32)
    burst[:, :48_000] = rng.uniform(-0.5, 0.5, 48_000)
    save(Audio(burst, 48_000), tmp_path / "a.wav")
    run_ffmpeg("-i", tmp_path / "a.wav", "-q:a", 2, "-write_xing", 0, tmp_path / "a.mp3")
    assert soundfile.info(tmp_path / "a.mp3").frames < 240_000  # libsndfile's guess
    assert abs(load(tmp_path / "a.mp3").frames - 480_000) < 3000


def test_a_recording_that_was_streamed_has_no_length_in_its_header(tmp_path: Path) -> None:
    save(tone(), tmp_path / "a.wav")
    for suffix in ("wav", "au"):
        with (tmp_path / f"b.{suffix}").open("wb") as file:
            command = [
                "ffmpeg",
                "-v",
                "error",
                "-i",
                str(tmp_path / "a.wav"),
                "-f",
                suffix,
                "pipe:1",
            ]
            subprocess.run(command, stdout=file, check=True)
        assert load(tmp_path / f"b.{suffix}").frames == 48_000


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_above_full_scale_is_never_clipped_in_silence(tmp_path: Path, name: str) -> None:
    loud = Audio(np.array([[0.0, 2.0, -0.5]]), 48_000)
    with pytest.raises(AudioError, match=r"\+6\.02 dBFS.*32-bit float"):
        save(loud, tmp_path / name)
    assert not list(tmp_path.iterdir())
    back = load(save(loud, tmp_path / name, over="clip"))
    np.testing.assert_allclose(back.samples, [[0, 1, -0.5]], atol=2**-23)


def test_above_full_scale_may_become_float(tmp_path: Path) -> None:
    loud = Audio(np.array([[0.0, 2.0, -0.5]]), 48_000)
    back = load(save(loud, tmp_path / "a.wav", over="float"))
    np.testing.assert_array_equal(back.samples, loud.samples)
    with pytest.raises(AudioError, match="dBFS"):
        save(loud, tmp_path / "a.flac", over="float")
    with pytest.raises(AudioError, match="over: got 'maybe'"):
        save(loud, tmp_path / "a.wav", over="maybe")


def test_full_scale_itself_fits(tmp_path: Path) -> None:
    back = load(save(Audio(np.array([[1.0, -1.0]]), 8000), tmp_path / "a.wav", subtype="PCM_16"))
    np.testing.assert_array_equal(back.samples, [[32767 / 32768, -1]])


@pytest.mark.parametrize(
    ("name", "subtype", "channels", "words"),
    [
        ("a.xyz", None, 1, "cannot write '.xyz'.*.wav .flac"),
        ("a", None, 1, "without a suffix"),
        ("a.flac", "FLOAT", 1, "expected one of PCM_24, PCM_16"),
        ("a.mp3", None, 3, "3 channels.*at most 2"),
    ],
)
def test_what_cannot_be_written_is_said(
    tmp_path: Path, name: str, subtype: str | None, channels: int, words: str
) -> None:
    with pytest.raises(AudioError, match=words):
        save(tone(channels=channels), tmp_path / name, subtype=subtype)
    assert not list(tmp_path.iterdir())


def test_an_error_in_the_middle_leaves_the_old_file(
    tmp_path: Path, noise: Audio, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tone(), tmp_path / "a.flac")
    before = path.read_bytes()

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(soundfile.SoundFile, "write", full_disk)
    with pytest.raises(AudioError, match=f"{tmp_path} has no room left; free some space"):
        save(noise, path)
    assert [p.name for p in tmp_path.iterdir()] == ["a.flac"] and path.read_bytes() == before


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="nowhere is not a folder; make it"):
        save(tone(), tmp_path / "nowhere" / "a.wav")
