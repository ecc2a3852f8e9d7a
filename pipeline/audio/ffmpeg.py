"""What soundfile cannot read (m4a, aac, wma, webm, video), decoded by ffmpeg."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from pipeline.audio.containers import Info, cut_short, damaged
from pipeline.audio.sound import AudioError
from pipeline.files import is_full, temporary_error, temporary_file

DEMUXERS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dsf,dts,eac3,flac,flv,loas,matroska,webm,mov,mp4,"
    "mp3,mpc,mpc8,mpeg,mpegts,mpegvideo,nut,ogg,oma,rm,shn,tta,voc,w64,wav,wv,xwma"
)
"""Containers of sound or video only: a playlist could name another visitor's file."""

_INPUT = ("-v", "error", "-protocol_whitelist", "file,pipe", "-format_whitelist", DEMUXERS)
_PROBE = (
    *("-select_streams", "a:0", "-of", "json", "-show_entries"),
    "stream=codec_name,sample_rate,channels,duration,bits_per_raw_sample:format=format_name,duration",
)
PROBE_SECONDS = 30.0
"""ffprobe looks through a whole file for a sound; longer than this there is none."""

ESTIMATED = ("AAC", "MP3", "AC3", "AMR")
"""Containers that do not state a length; ffprobe guesses it from the bit rate."""

AU_HEADER_BYTES = 32
SLACK_BYTES = 1 << 20
SHORT_S = 0.5
"""A sound with complaints that ends so much before the length its container states is refused."""

LOST_S = 0.1
"""A sound that ends so much before that length, without complaints, is damaged."""

_CUT = re.compile(
    r"prematurely|partial file|truncat|packet size too small|moov atom not found", re.I
)


def available() -> bool:
    """Whether this machine has ffmpeg and ffprobe."""
    return bool(shutil.which("ffmpeg") and shutil.which("ffprobe"))


def probe(path: Path, tick: Callable[[float], None] = lambda fraction: None) -> Info:
    """What the first sound stream of a file is, by ffprobe; `frames` is the container's estimate.

    Args:
        tick: called with 0 every tenth of a second; what it raises ends ffprobe.

    Raises:
        AudioError: ffmpeg is missing, or the file is no sound, or is damaged, or takes longer than
            PROBE_SECONDS to look at.
    """
    return _look(path, tick)[0]


def _look(path: Path, tick: Callable[[float], None]) -> tuple[Info, bool]:
    """`probe`, and whether the stream itself states its length."""
    if not available():
        raise AudioError(
            f"{path.name}: reading this kind of file needs ffmpeg, which is not installed; "
            "install it (apt-get install ffmpeg) or convert the file to WAV or FLAC"
        )
    end = time.monotonic() + PROBE_SECONDS

    def watch(n_bytes: int) -> None:
        tick(0.0)
        if time.monotonic() > end:
            problem = f"no sound was found in it in {PROBE_SECONDS:g} s"
            raise AudioError(f"{path.name}: {problem}; choose another file, or convert it to WAV")

    command = ["ffprobe", *_INPUT, *_PROBE, _url(path)]
    with temporary_file() as answer, temporary_file() as complaints:
        code = run(command, answer, complaints, watch)
        if code:
            raise _failure(path, tail(complaints))
        document = json.loads(tail(answer))
    if not document.get("streams"):
        raise AudioError(f"{path.name}: holds no sound (no audio stream); choose another file")
    stream, container = document["streams"][0], document["format"]
    info = _info(path, stream, container)
    return info, "duration" in stream and info.container not in ESTIMATED


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


@contextlib.contextmanager
def decoded(
    path: Path,
    max_seconds: float | None,
    max_samples: float | None,
    tick: Callable[[float], None],
) -> Iterator[tuple[IO[bytes], Info, list[str]]]:
    """Decodes the first sound stream into a nameless temporary AU file of 32-bit floats.

    AU, because its header says rate and channels and needs no length, so that it can be a pipe.

    Args:
        max_seconds: decoding stops a second after this; None decodes everything.
        max_samples: decoding stops soon after so many samples of all channels; None for any.
        tick: called with the fraction done every tenth of a second; what it raises ends ffmpeg.

    Yields:
        The file, at its beginning, what was decoded, and what ffmpeg complained about.

    Raises:
        AudioError: as `probe`, or the sound is cut short.
    """
    info, states_length = _look(path, tick)
    limit = [] if max_seconds is None else ["-t", str(max_seconds + 1)]
    if max_samples is not None:
        limit += ["-fs", str(int(4 * max_samples) + SLACK_BYTES)]
    output = ["-map", "0:a:0", *limit, "-c:a", "pcm_f32be", "-f", "au", "pipe:1"]
    command = ["ffmpeg", "-nostdin", *_INPUT, "-i", _url(path), *output]
    expected = max(1, 4 * info.frames * info.channels)
    with temporary_file() as target, temporary_file() as complaints:
        code = run(command, target, complaints, lambda n_bytes: tick(min(1.0, n_bytes / expected)))
        text = tail(complaints)
        if code and (os.strerror(errno.ENOSPC) in text or is_full(Path(tempfile.gettempdir()))):
            raise temporary_error(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        done = (os.fstat(target.fileno()).st_size - AU_HEADER_BYTES) // (4 * info.channels)
        if code or _CUT.search(text):
            raise _failure(path, text)
        complete = max_seconds is None or info.seconds <= max_seconds
        lost_s = info.seconds - done / info.rate if complete and states_length else 0.0
        if text and lost_s > SHORT_S:
            raise AudioError(damaged(path, done / info.rate, info.seconds, _detail(path, text)))
        messages = [_detail(path, text)] if text else []
        if lost_s > LOST_S and not text:
            messages.append(f"{lost_s:.1f} of {info.seconds:.1f} s are missing")
        target.seek(0)
        yield target, info, messages


def run(
    command: list[str], target: IO[bytes], errors: IO[bytes], watch: Callable[[int], None]
) -> int:
    """Runs a program and returns its exit status; it is killed when `watch` raises.

    Args:
        target, errors: files for its output and its complaints.
        watch: called every tenth of a second with the bytes that it has written to `target`.
    """
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
            raise
    return process.returncode


def tail(file: IO[bytes]) -> str:
    """The last 64 KiB that a program wrote."""
    size = os.fstat(file.fileno()).st_size
    file.seek(max(0, size - (1 << 16)))
    return file.read().decode(errors="replace").strip()


def _url(path: Path) -> str:
    """The file protocol with an absolute path: safe for names such as "-i.m4a" or "http:x"."""
    return f"file:{path.absolute()}"


def _detail(path: Path, text: str) -> str:
    """The last complaint without the addresses and paths of this machine."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("Last message repeated")]
    detail = re.sub(r"^(\[[^]]*\] *)+", "", lines[-1]) if lines else "no reason given"
    detail = detail.replace(_url(path), path.name).replace(str(path), path.name)
    return detail.removeprefix(f"{path.name}: ")


def _failure(path: Path, text: str) -> AudioError:
    detail = _detail(path, text)
    if _CUT.search(text):
        return AudioError(cut_short(path, detail))
    return AudioError(
        f"{path.name}: not a sound file that can be read (ffmpeg: {detail}); "
        "choose a recording, or convert it to WAV or FLAC"
    )
