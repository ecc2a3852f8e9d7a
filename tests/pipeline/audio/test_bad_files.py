"""Bad files: each kind is refused in one line that says what is wrong; good odd ones are read."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.audio import containers, ffmpeg
from pipeline.audio.decode import load
from pipeline.audio.encode import save
from pipeline.audio.sound import Audio, AudioError
from tests.support.helpers import head, run_ffmpeg, tone


def refused(path: Path, *words: str, **limits: float) -> None:
    with pytest.raises(AudioError) as caught:
        load(path, **limits)
    message = str(caught.value)
    assert path.name in message and "\n" not in message
    for word in words:
        assert word in message


def test_missing_empty_and_folder(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    refused(tmp_path / "empty.wav", "empty", "export it again")
    refused(tmp_path / "nowhere.wav", "No such file", "check the path")
    refused(tmp_path, "folder")
    refused(Path("/dev/zero"), "not a regular file")


@pytest.mark.parametrize(
    "data", [b"x", b"RIFF", b"hello, this is a letter\n" * 99, b"\xff\xfb\x90", b"OggS"]
)
@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.raw", "a.txt", "a.m3u8"])
def test_what_is_no_sound_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    refused(tmp_path / name)


def test_a_playlist_cannot_name_another_file(tmp_path: Path) -> None:
    save(tone(), tmp_path / "secret.wav")
    (tmp_path / "a.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nsecret.wav\n#EXT-X-ENDLIST\n")
    (tmp_path / "b.txt").write_text("ffconcat version 1.0\nfile secret.wav\n")
    refused(tmp_path / "a.m3u8")
    refused(tmp_path / "b.txt")


@pytest.mark.parametrize(
    "name",
    [
        "a.wav",
        "a.aiff",
        "a.flac",
        "a.mp3",
        "a.ogg",
        "a.opus",
        "a.rf64",
        "a.m4a",
        "a.webm",
        "a.wma",
        "a.au",
        "a.w64",
        "a.caf",
    ],
)
@pytest.mark.parametrize("share", [0.02, 0.5, 0.97])
def test_a_truncated_file_is_refused(tmp_path: Path, name: str, share: float, noise: Audio) -> None:
    whole = tmp_path / name
    if name.endswith(("m4a", "webm", "wma")):
        save(noise, tmp_path / "source.wav")
        run_ffmpeg("-i", tmp_path / "source.wav", "-movflags", "faststart", whole)
    else:
        kinds = {"opus": ("OGG", "OPUS"), "rf64": ("RF64", "PCM_16")}
        form, subtype = kinds.get(name[2:], (name[2:].upper(), None))
        soundfile.write(whole, noise.samples.T, noise.rate, format=form, subtype=subtype)
    assert load(whole).seconds == pytest.approx(noise.seconds, abs=0.1)
    cut = head(whole, share)
    refused(cut, *(["cut short"] if share == 0.5 else []))


def test_nan_and_infinity_in_a_float_wav(tmp_path: Path) -> None:
    for value in (np.nan, np.inf):
        samples = np.zeros((8000, 2), np.float32)
        samples[4000, 1] = value
        soundfile.write(tmp_path / "a.wav", samples, 8000, subtype="FLOAT")
        refused(tmp_path / "a.wav", f"{value} in channel 1 at 0.500 s", "export")


def test_limits_of_channels_rate_length(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros((100, 9)), 48_000)
    refused(path, "9 channels", "1 to 8")
    soundfile.write(path, np.zeros(100), 6_000)
    refused(path, "6000", "8000 to 192000")
    soundfile.write(path, np.zeros(100), 384_000)
    refused(path, "384000", "8000 to 192000")
    soundfile.write(path, np.zeros(0), 48_000)
    refused(path, "no samples")
    soundfile.write(path, np.zeros(48_001), 48_000)
    refused(path, "more than 1 s", max_seconds=1)
    assert load(path, max_seconds=1.1).frames == 48_001
    data = bytearray(path.read_bytes())
    data[22:24] = b"\0\0"
    path.write_bytes(data)
    refused(path, "0 channels")


def test_without_ffmpeg_the_cure_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.m4a").write_bytes(b"\0\0\0\x20ftypM4A " + bytes(100))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert not ffmpeg.available()
    refused(tmp_path / "a.m4a", "needs ffmpeg", "apt-get install ffmpeg")


@pytest.mark.parametrize("odd", [0, 1])
def test_chunks_before_the_sound_are_stepped_over(tmp_path: Path, odd: int) -> None:
    path = save(tone(), tmp_path / "a.wav")
    data = path.read_bytes()
    extra = b"LIST" + (10 + odd).to_bytes(4, "little") + bytes(10 + 2 * odd)
    path.write_bytes(data[:12] + extra + data[12:])
    assert load(path).frames == 48_000
    refused(head(path, 0.5), "cut short")


def test_every_message_of_a_cut_file_names_the_rescue() -> None:
    assert "ffmpeg -i a.mp3" in containers.cut_short(Path("a.mp3"), "detail")
