"""What soundfile cannot read (m4a, aac, wma, webm, video), decoded by ffmpeg."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from pipeline.audio.containers import Info, cut_short
from pipeline.audio.sound import AudioError

DEMUXERS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dsf,dts,eac3,flac,flv,loas,matroska,webm,mov,mp4,"
    "mp3,mpc,mpc8,mpeg,mpegts,mpegvideo,nut,ogg,oma,rm,shn,tta,voc,w64,wav,wv,xwma"
)
"""Containers of sound or video only: a playlist could name another visitor's file."""

_INPUT = ("-v", "error", "-protocol_whitelist", "file,pipe", "-format_whitelist", DEMUXERS)
_CUT = re.compile(
    r"prematurely|partial file|truncat|packet size too small|moov atom not found", re.I
)


def available() -> bool:
    """Whether this machine has ffmpeg and ffprobe."""
    return bool(shutil.which("ffmpeg") and shutil.which("ffprobe"))


def probe(path: Path) -> Info:
    """What the first sound stream of a file is, by ffprobe; `frames` is the container's estimate.

    Raises:
        AudioError: ffmpeg is missing, or the file is no sound, or is damaged.
    """
    if not available():
        raise AudioError(
            f"{path.name}: reading this kind of file needs ffmpeg, which is not installed; "
            "install it (apt-get install ffmpeg) or convert the file to WAV or FLAC"
        )
    entries = "stream=codec_name,sample_rate,channels,duration,bits_per_raw_sample:format"
    command = [
        "ffprobe",
        *_INPUT,
        "-select_streams",
        "a:0",
        "-show_entries",
        entries,
        "-of",
        "json",
    ]
    done = subprocess.run([*command, _url(path)], capture_output=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise _failure(path, done.stderr.decode(errors="replace"))
    document = json.loads(done.stdout)
    if not document.get("streams"):
        raise AudioError(f"{path.name}: holds no sound (no audio stream); choose another file")
    return _info(path, document["streams"][0], document["format"])


def _info(path: Path, stream: dict[str, Any], container: dict[str, Any]) -> Info:
    rate, channels = int(stream.get("sample_rate", 0)), int(stream.get("channels", 0))
    if not rate or not channels:
        raise AudioError(
            f"{path.name}: its sound stream states no rate or channels; convert it to WAV"
        )
    seconds = float(stream.get("duration") or container.get("duration") or 0)
    return Info(
        rate=rate,
        channels=channels,
        frames=round(seconds * rate),
        container=container["format_name"].split(",")[0].upper(),
        subtype=stream.get("codec_name", "unknown").upper(),
        bits=int(stream.get("bits_per_raw_sample") or 16),
    )


def decode(path: Path, max_seconds: float | None, tick: Callable[[float], None]) -> IO[bytes]:
    """Decodes the first sound stream into a nameless temporary AU file of 32-bit floats.

    AU, because its header says rate and channels and needs no length, so that it can be a pipe.

    Args:
        max_seconds: decoding stops a second after this; None decodes everything.
        tick: told the fraction done every tenth of a second; what it raises ends ffmpeg.

    Raises:
        AudioError: as `probe`, or the sound is cut short.
    """
    info = probe(path)
    limit = [] if max_seconds is None else ["-t", str(max_seconds + 1)]
    output = ["-map", "0:a:0", *limit, "-c:a", "pcm_f32be", "-f", "au", "pipe:1"]
    target = tempfile.TemporaryFile()  # noqa: SIM115 (the caller closes it)
    with tempfile.TemporaryFile() as complaints:
        command = ["ffmpeg", "-nostdin", *_INPUT, "-i", _url(path), *output]
        expected = max(1, 4 * info.frames * info.channels)
        code = _run(command, target, complaints, lambda n_bytes: tick(min(1.0, n_bytes / expected)))
        complaints.seek(max(0, complaints.tell() - 4096))
        text = complaints.read().decode(errors="replace")
    if code or _CUT.search(text):
        target.close()
        raise _failure(path, text)
    target.seek(0)
    return target


def _run(
    command: list[str], target: IO[bytes], errors: IO[bytes], watch: Callable[[int], None]
) -> int:
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=target, stderr=errors
    ) as process:
        try:
            while process.poll() is None:
                watch(os.fstat(target.fileno()).st_size)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.1)
        except BaseException:
            process.kill()
            target.close()
            raise
    return process.returncode


def _url(path: Path) -> str:
    """The file protocol with an absolute path: safe for names such as "-i.m4a" or "http:x"."""
    return f"file:{path.absolute()}"


def _failure(path: Path, text: str) -> AudioError:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    detail = re.sub(r"^\[[^]]*\] *", "", lines[-1]) if lines else "no reason given"
    detail = detail.replace(_url(path), path.name).replace(str(path), path.name)
    if _CUT.search(text):
        return AudioError(cut_short(path, detail))
    return AudioError(
        f"{path.name}: not a sound file that can be read (ffmpeg: {detail}); "
        "choose a recording, or convert it to WAV or FLAC"
    )
