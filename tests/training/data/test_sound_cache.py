"""The cache of decoded recordings: the same examples as from memory, in bounded memory and disk."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import torch
from torch.utils.data import DataLoader

from training.config import TrainingConfig
from training.data import sound_cache
from training.data.clips import Clip, read_clips
from training.data.dataset import gather
from training.data.examples import Examples, PairExamples
from training.data.sound_cache import shared_folder

RATE = 48_000
CONFIG = TrainingConfig(seconds=0.3, losses={"mel": 1.0})


@pytest.fixture
def voices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WAVEMEND_RUNS", str(tmp_path / "runs"))
    rng = np.random.default_rng(0)
    (tmp_path / "voices").mkdir()
    for number, channels in enumerate((1, 2, 1)):
        sound = 0.1 * rng.standard_normal((2 * RATE, channels))
        sf.write(tmp_path / "voices" / f"{number}.flac", sound, RATE)
    return tmp_path / "voices"


def read(folder: Path, memory_bytes: int) -> list[Clip]:
    return read_clips([folder], RATE, {"speech"}, warn=pytest.fail, memory_bytes=memory_bytes)


def files() -> list[Path]:
    return sorted(shared_folder().glob("*.npy"))


def test_examples_from_disk_are_those_from_memory_in_workers_too(voices: Path) -> None:
    in_memory, on_disk = read(voices, 1 << 30), read(voices, 0)
    assert not any(isinstance(clip.samples, np.memmap) for clip in in_memory)
    assert all(isinstance(clip.samples, np.memmap) for clip in on_disk) and len(on_disk) == 4
    expected = [Examples(in_memory, CONFIG, RATE, 8)[index] for index in range(8)]
    examples = Examples(on_disk, CONFIG, RATE, 8)
    for workers in (0, 1):
        loader = DataLoader(examples, batch_size=None, num_workers=workers)
        for item, other in zip(loader, expected, strict=True):
            assert all(torch.equal(item[name], other[name]) for name in other)


def test_pairs_too(voices: Path) -> None:
    pairs = voices.parent / "pairs"
    for side in ("noisy", "clean"):
        (pairs / side).mkdir(parents=True)
        for path in voices.glob("*.flac"):
            (pairs / side / path.name).write_bytes(path.read_bytes())
    first, second = (PairExamples(read(pairs, n), CONFIG, RATE, 4) for n in (1 << 30, 0))
    assert torch.equal(first[3]["degraded"], second[3]["degraded"])


def test_a_recording_is_decoded_once_until_it_changes(
    voices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[Path] = []
    load = sound_cache.load
    monkeypatch.setattr(sound_cache, "load", lambda path: (decoded.append(path), load(path))[1])
    bands = [clip.bandwidth_hz for clip in read(voices, 0)]
    assert len(decoded) == 3
    assert [clip.bandwidth_hz for clip in read(voices, 0)] == bands and len(decoded) == 3
    read_clips([voices], RATE // 2, {"speech"}, memory_bytes=0)
    assert len(decoded) == 6
    later = time.time_ns() + 10**9
    os.utime(voices / "0.flac", ns=(later, later))
    read(voices, 0)
    assert len(decoded) == 7


def test_a_broken_file_of_the_cache_is_made_again(voices: Path) -> None:
    before = [clip.samples.copy() for clip in read(voices, 0)]
    files()[0].write_bytes(b"half")
    after = read(voices, 0)
    assert all(np.array_equal(a, b.samples) for a, b in zip(before, after, strict=True))


def test_the_first_recordings_stay_in_memory_and_a_small_set_leaves_no_file(voices: Path) -> None:
    one = 2 * RATE * 4
    kinds = [isinstance(clip.samples, np.memmap) for clip in read(voices, one)]
    assert kinds == [False, True, True, True]
    for file in files():
        file.unlink()
    read(voices, 1 << 30)
    assert files() == []


def test_old_files_go_and_the_oldest_make_room(
    voices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(voices, 0)
    old, older, _ = files()
    for file, days in ((old, 20), (older, 40)):
        past = time.time() - days * 86_400
        os.utime(file, (past, past))
    sound_cache.clean(shared_folder())
    assert not older.exists() and not older.with_suffix(".json").exists() and len(files()) == 2
    free = iter([0, sound_cache.FREE_BYTES + 100, sound_cache.FREE_BYTES + 100])
    usage = lambda path: type("Usage", (), {"free": next(free)})()  # noqa: E731
    monkeypatch.setattr(sound_cache.shutil, "disk_usage", usage)
    sound_cache.clean(shared_folder(), need_bytes=100)
    assert not old.exists() and len(files()) == 1


def test_many_recordings_look_through_the_folder_once_and_again_where_the_disk_is_full(
    voices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaned: list[int] = []
    monkeypatch.setattr(sound_cache, "clean", lambda folder, need_bytes: cleaned.append(need_bytes))
    read(voices, 0)
    assert len(cleaned) == 1
    for file in files():
        file.unlink()
    full = lambda path: type("Usage", (), {"free": sound_cache.FREE_BYTES})()  # noqa: E731
    monkeypatch.setattr(sound_cache.shutil, "disk_usage", full)
    read(voices, 0)
    assert len(cleaned) == 4


def test_what_was_uploaded_is_cached_with_its_dataset(voices: Path, tmp_path: Path) -> None:
    dataset = gather([voices / "0.flac"], tmp_path / "dataset")
    read(dataset.folder, 0)
    assert files() == [] and len(list((dataset.folder / ".cache").glob("*.npy"))) == 1


def test_what_was_read_does_not_stay_resident(voices: Path) -> None:
    def resident_kib() -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("RssFile")).split()[1])

    sf.write(voices / "long.wav", np.full(RATE * 1200, 0.1, np.float32), RATE, subtype="FLOAT")
    clip = next(clip for clip in read(voices, 0) if clip.path.name == "long.wav")
    before = resident_kib()
    for start in range(0, len(clip.samples), RATE):
        clip.piece(start, RATE)
    assert resident_kib() - before < 20_000  # of 225 MiB
