"""Decoded recordings: the first of them in memory, all others in memory-mapped files on disk.

A file of the cache holds one recording at the net's rate as float32, so examples are the same as
those from memory. It is used again by later runs until its source changes. Recordings that a person
has uploaded are cached beside the dataset, and deleted with it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.analysis.bandwidth import effective_bandwidth_hz
from pipeline.audio.buffers import blocks
from pipeline.audio.decode import load
from pipeline.audio.resampling import resample
from pipeline.files import write_atomically

MEMORY_BYTES = 1 << 30  # 90 minutes of one channel at 48 kHz
FREE_BYTES = 2 << 30  # that stay free on the disk
UNUSED_DAYS = 30.0  # after which a file of the cache is deleted
CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Recording:
    """A decoded recording.

    Args:
        samples: (C, T) float32, read-only where it is on disk.
        bandwidth_hz: highest frequency with real energy.
    """

    samples: np.ndarray
    bandwidth_hz: float


class SoundCache:
    """Reads recordings at one rate.

    Args:
        rate: Hz.
        memory_bytes: samples kept in memory; what comes later goes to disk.
    """

    def __init__(self, rate: int, memory_bytes: int = MEMORY_BYTES) -> None:
        self.rate, self.left_bytes = rate, memory_bytes
        self._tidied: set[Path] = set()

    def read(self, path: Path, folder: Path, bandwidth_hz: float | None = None) -> Recording:
        """A recording at the cache's rate.

        Args:
            path: of the sound file.
            folder: of the cache.
            bandwidth_hz: measured where None.

        Raises:
            ValueError: it cannot be read as sound.
            OSError: the cache's folder has no room.
        """
        file = folder / f"{self._key(path)}.npy"
        with contextlib.suppress(OSError, ValueError, KeyError):
            return _mapped(file)
        source = load(path)
        band = bandwidth_hz or effective_bandwidth_hz(source)
        samples = resample(source, self.rate).samples
        if samples.nbytes <= self.left_bytes:
            self.left_bytes -= samples.nbytes
            return Recording(samples, band)
        self._make_room(folder, samples.nbytes)
        _write(file, samples, band)
        return _mapped(file)

    def _make_room(self, folder: Path, need_bytes: int) -> None:
        """Cleans a folder once, and again where it is full: cleaning looks at every file in it."""
        folder.mkdir(parents=True, exist_ok=True)
        is_full = shutil.disk_usage(folder).free < need_bytes + FREE_BYTES
        if is_full or folder not in self._tidied:
            clean(folder, need_bytes)
            self._tidied.add(folder)

    def _key(self, path: Path) -> str:
        facts = path.stat()
        text = f"{path.resolve()} {facts.st_size} {facts.st_mtime_ns} {self.rate}"
        return hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=16).hexdigest()


def shared_folder() -> Path:
    """The cache of the machine's own recordings: .cache in the folder of runs."""
    return Path(os.environ.get("WAVEMEND_RUNS") or CHECKOUT / "runs") / ".cache"


def clean(folder: Path, need_bytes: int = 0) -> None:
    """Deletes files that were not used for `UNUSED_DAYS`, and the oldest until there is room.

    A run that has a deleted file open goes on reading it.

    Args:
        folder: of the cache.
        need_bytes: room to make, beside `FREE_BYTES`.
    """
    files = sorted(folder.glob("*.npy"), key=lambda file: file.stat().st_mtime)
    for file in files:
        unused_days = (time.time() - file.stat().st_mtime) / 86_400
        if unused_days > UNUSED_DAYS or shutil.disk_usage(folder).free < need_bytes + FREE_BYTES:
            for one in (file, file.with_suffix(".json")):
                one.unlink(missing_ok=True)


def _mapped(file: Path) -> Recording:
    """A file of the cache; its time is that of its last use."""
    details = json.loads(file.with_suffix(".json").read_text())
    samples = np.load(file, mmap_mode="r")
    os.utime(file)
    return Recording(samples, float(details["bandwidth_hz"]))


def _write(file: Path, samples: np.ndarray, bandwidth_hz: float) -> None:
    with write_atomically(file.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps({"bandwidth_hz": bandwidth_hz}))
    with write_atomically(file) as temporary:
        target = np.lib.format.open_memmap(temporary, "w+", np.float32, samples.shape)
        for start, stop in blocks(samples, target):
            target[:, start:stop] = samples[:, start:stop]
        target.flush()
