"""Damaged, hostile and unlucky files: refused quickly, or read with a note; nothing on stderr."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.audio import buffers, containers, ffmpeg
from pipeline.audio.decode import decode, load, probe
from pipeline.audio.encode import save
from pipeline.audio.sound import Audio, AudioError
from pipeline.diagnosis.diagnose import diagnose
from pipeline.restoration import restore_file
from pipeline.stage import Chain
from tests.support.helpers import Gain, run_ffmpeg, tone

RATE = 48_000


def sweep(seconds: float = 3.0, channels: int = 2) -> Audio:
    at = np.arange(round(seconds * RATE)) / RATE
    x = 0.4 * np.sin(2 * np.pi * (200 * at + 300 * at**2))
    noise = np.random.default_rng(0).normal(0, 0.02, (channels, at.size))
    return Audio((x + noise).astype(np.float32), RATE)


def with_bytes(path: Path, at: int, data: bytes) -> Path:
    content = bytearray(path.read_bytes())
    content[at : at + len(data)] = data
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("chunk", [bytes(8), b"junk" + bytes(4), b"LIST" + bytes(4)])
@pytest.mark.parametrize(
    "start", [b"RIFF????WAVE", b"RF64????WAVE", b"FORM????AIFF", b"riff" + bytes(36)]
)
@pytest.mark.parametrize("read", [load, probe])
def test_a_header_without_end_is_given_up_at_once(
    read: Callable[[Path], object], start: bytes, chunk: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(start + chunk * 200_000)
    with path.open("r+b") as file:
        file.truncate(64 << 20)
    began = time.process_time()
    with pytest.raises(AudioError, match=r"^a\.wav: "):
        read(path)
    assert time.process_time() - began < 1.0


def test_ffprobe_is_given_up_and_can_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "ffprobe"
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(ffmpeg, "PROBE_SECONDS", 0.3)
    (tmp_path / "a.m4a").write_bytes(b"\0\0\0\x20ftypM4A " + bytes(100))
    with pytest.raises(AudioError, match="no sound was found in it in 0.3 s"):
        probe(tmp_path / "a.m4a")
    monkeypatch.setattr(ffmpeg, "PROBE_SECONDS", 300.0)

    def stop(fraction: float) -> None:
        raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        load(tmp_path / "a.m4a", tick=stop)
    assert time.monotonic() - began < 60


def stating(frames: int, path: Path, channels: int = 8, rate: int = 192_000) -> Path:
    """A short FLAC file whose header states `frames`."""
    soundfile.write(path, np.zeros((4096, channels)), rate, "PCM_16")
    stated = int.from_bytes(path.read_bytes()[21:26], "big") >> 36 << 36 | frames
    return with_bytes(path, 21, stated.to_bytes(5, "big"))


def test_room_is_taken_as_decoding_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reserved = []
    fallocate = os.posix_fallocate

    def counted(descriptor: int, start: int, n_bytes: int) -> None:
        reserved.append(n_bytes)
        fallocate(descriptor, start, n_bytes)

    monkeypatch.setattr(os, "posix_fallocate", counted)
    path = stating(899 * 192_000, tmp_path / "a.flac")
    with pytest.raises(AudioError, match="cut short"):
        load(path)
    assert sum(reserved) < 64 << 20


def test_a_length_that_no_disk_holds_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"a\.flac: .*(cut short|cannot hold)"):
        load(stating((1 << 36) - 1, tmp_path / "a.flac"))


def test_limits_count_channels_and_rate(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros((192_000, 8)), 192_000)
    with pytest.raises(AudioError, match="1 s of 8 channels at 192000 Hz.*limit"):
        load(path, max_seconds=2)
    soundfile.write(path, np.zeros((2 * 48_000, 8)), 48_000)
    assert load(path, max_seconds=2).frames == 96_000


@pytest.mark.parametrize("name", ["a.m4a", "a.wma", "a.aac", "a.webm", "a.mp3", "a.ogg"])
def test_damage_in_the_middle_is_reported(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    save(sweep(), tmp_path / "source.wav")
    codec = ["-c:a", "libvorbis"] if name == "a.ogg" else []
    run_ffmpeg("-i", tmp_path / "source.wav", *codec, tmp_path / name)
    whole = decode(tmp_path / name)
    assert whole.info.notes == ()
    size = (tmp_path / name).stat().st_size
    rubbish = np.random.default_rng(1).integers(0, 256, 600, np.uint8).tobytes()
    with_bytes(tmp_path / name, size // 2, rubbish)
    try:
        audio, info = decode(tmp_path / name)
    except AudioError as error:
        assert "damaged" in str(error) or "cut short" in str(error)
    else:
        assert len(info.notes) == 1 and info.notes[0].startswith("The file is damaged: ")
        assert audio.seconds > 1
    assert capfd.readouterr().err == ""


def test_a_note_reaches_the_result_and_the_diagnosis(tmp_path: Path) -> None:
    path = save(sweep(channels=1), tmp_path / "a.wav", subtype="PCM_16")
    with_bytes(path, 40, (40_000).to_bytes(4, "little"))
    result = restore_file(path, tmp_path / "out", Chain((Gain(0.5),)))
    assert any("header states" in note for note in result.notes)
    findings = {finding.name: finding for finding in diagnose(*decode(path)).findings}
    damage = findings["damaged_file"]
    assert damage.trouble and "header states 40000 bytes" in damage.text


@pytest.mark.parametrize("name, at, size", [("a.wav", 40, 4), ("a.flac", 21, 5), ("a.aiff", 0, 4)])
def test_more_than_the_header_states_is_said(name: str, at: int, size: int, tmp_path: Path) -> None:
    path = save(sweep(channels=1), tmp_path / "a.wav", subtype="PCM_16")
    if name != "a.wav":
        path = tmp_path / name
        soundfile.write(path, sweep(channels=1).samples.T, RATE, "PCM_16")
    content = path.read_bytes()
    at = content.find(b"SSND") + 4 if name == "a.aiff" else at
    order = "little" if name == "a.wav" else "big"
    field = int.from_bytes(content[at : at + size], order)  # type: ignore[arg-type]
    stated = field & ~((1 << 36) - 1) | 20_000 if name == "a.flac" else 40_000
    with_bytes(path, at, stated.to_bytes(size, order))  # type: ignore[arg-type]
    audio, info = decode(path)
    assert len(info.notes) == 1 and "header states" in info.notes[0]
    assert audio.frames < 21_000


def test_chunks_and_padding_after_the_sound_are_no_sound(tmp_path: Path) -> None:
    for after in (b"LIST" + (10).to_bytes(4, "little") + bytes(10), bytes(9000)):
        path = save(tone(), tmp_path / "a.wav")
        path.write_bytes(path.read_bytes() + after)
        assert decode(path).info.notes == ()


def test_samples_far_beyond_full_scale_are_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.full(8000, 1e20, np.float32), RATE, "FLOAT")
    with pytest.raises(AudioError, match="expected finite samples"):
        load(tmp_path / "a.wav")
    soundfile.write(tmp_path / "a.wav", np.full(8000, -32768.0, np.float32), RATE, "FLOAT")
    assert load(tmp_path / "a.wav").samples.min() == -32768


@pytest.mark.parametrize("read", [load, probe])
def test_what_the_system_refuses_is_one_line(
    read: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loop.wav").symlink_to(tmp_path / "loop.wav")
    for path in (tmp_path / "loop.wav", tmp_path / ("x" * 300), tmp_path / "a\0b.wav"):
        with pytest.raises(AudioError):
            read(path)
    path = save(tone(), tmp_path / "a.wav")

    def broken(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(containers, "_wave_extent", broken)
    with pytest.raises(AudioError, match=r"a\.wav: cannot be read \(Input/output error\)"):
        read(path)


def test_a_full_temporary_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tone(), tmp_path / "a.wav")
    monkeypatch.setattr(buffers, "LONG_SAMPLES", 1000)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    expected = f"a.wav: {tempfile.gettempdir()} has no room left; free some space or set TMPDIR"
    with pytest.raises(AudioError, match=expected):
        load(path)


def test_no_temporary_folder_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tone(), tmp_path / "a.wav")
    monkeypatch.setattr(buffers, "LONG_SAMPLES", 1000)
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: [str(tmp_path / "nowhere")])
    with pytest.raises(AudioError, match="no folder for temporary files.*set TMPDIR"):
        load(path)


def test_ffmpeg_on_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tone(), tmp_path / "source.wav")
    run_ffmpeg("-i", tmp_path / "source.wav", tmp_path / "a.m4a")
    real = subprocess.Popen

    def on_a_full_disk(command: list[str], **options: object) -> object:
        if command[0] == "ffmpeg":
            options["stdout"] = Path("/dev/full").open("wb")  # noqa: SIM115
        return real(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", on_a_full_disk)
    with pytest.raises(AudioError, match=f"{tempfile.gettempdir()} has no room left.*TMPDIR"):
        load(tmp_path / "a.m4a")


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.opus"])
def test_a_full_disk_is_named_though_the_encoder_does_not_say_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise soundfile.LibsndfileError(2)  # "System error"

    monkeypatch.setattr(soundfile.SoundFile, "write", full)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(9, 9, 0))
    with pytest.raises(AudioError, match=f"{tmp_path} has no room left; free some space"):
        save(tone(), tmp_path / name)
    assert not list(tmp_path.iterdir())
