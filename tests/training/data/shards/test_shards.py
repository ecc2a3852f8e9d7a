"""Data sets in shards: what is written is read again, by any number of processes, after a stop."""

from __future__ import annotations

import io
import itertools
import json
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from training.config import TrainingConfig
from training.data.clips import Clip, read_clips
from training.data.shards import index, samples, stream, write
from training.data.shards.order import Order

RATE = 16_000
CONFIG = TrainingConfig(
    model="wavenet", config={"sample_rate": RATE}, validation_groups=("held",), validation_share=0.0
)
FORM = write.Form(seconds=0.5)


class Keys:
    """Stands for the examples of a task: the key of each sample, as a number."""

    def of(self, clip: Clip, index: int) -> dict[str, torch.Tensor]:
        return {"key": torch.tensor(int(clip.path.stem))}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten recordings of one to three seconds, one of them held out."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    rows = ["path,kind,speaker_or_group"]
    for number in range(10):
        noise = rng.uniform(-0.9, 0.9, RATE * (1 + number % 3))
        soundfile.write(folder / f"{number}.wav", noise, RATE, "PCM_24")
        rows.append(f"{number}.wav,speech,{'held' if number == 4 else f'voice{number}'}")
    (folder / "MANIFEST.csv").write_text("\n".join(rows))
    return folder


@pytest.fixture(scope="module")
def shards(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> index.Shards:
    return write.write(folder, tmp_path_factory.mktemp("shards") / "out", CONFIG, FORM)


def keys(shards: index.Shards, processes: int, start: int, n_batches: int) -> list[list[int]]:
    """Keys of each batch of four, of all processes in turn."""
    order, share = Order(shards.sizes, 4, 0), 4 // processes
    parts = [
        stream.ShardedExamples(
            shards, order, Keys(), start=start, batch=4, first=rank * share, count=share
        )
        for rank in range(processes)
    ]
    of_each = [
        [int(example["key"]) for example in itertools.islice(part, n_batches * share)]
        for part in parts
    ]
    return [
        [key for part in of_each for key in part[at * share : (at + 1) * share]]
        for at in range(n_batches)
    ]


def test_shards_hold_all_recordings_but_those_held_out_to_24_bits(
    folder: Path, shards: index.Shards
) -> None:
    pieces: dict[str, list[tuple[str, np.ndarray]]] = {}
    for number in range(len(shards.shards)):
        with Path(shards.address(number)).open("rb") as file:
            for files in samples.read(file, "shard"):
                source = json.loads(files["json"])["source"]
                clip = samples.decode(files, RATE)
                pieces.setdefault(source, []).append((clip.path.stem, clip.samples))
    assert set(pieces) == {f"{number}.wav" for number in range(10)} - {"4.wav"}
    for source, parts in pieces.items():
        joined = np.concatenate([part for _, part in sorted(parts, key=lambda part: part[0])])
        assert np.array_equal(joined, soundfile.read(folder / source, dtype="float32")[0])


def test_sound_above_full_scale_is_kept() -> None:
    for peak in (0.5, 1.0, 1.7, 2.0, 5.0):
        sound = np.array([peak, -peak, 0.25], np.float32)
        clip = Clip(Path("a.wav"), sound, 8000.0, "a", "speech")
        again = samples.decode({"__key__": "0", **samples.encode(clip, sound, RATE)}, RATE)
        assert np.abs(again.samples - sound).max() <= 2.0**-21 and again.peak == np.float32(peak)


def test_two_processes_and_a_resumed_run_read_the_batches_of_one(shards: index.Shards) -> None:
    n_batches = sum(shards.sizes) // 4 + 3
    whole = keys(shards, 1, 0, n_batches)
    assert keys(shards, 2, 0, n_batches) == whole
    for done in (1, 3, n_batches - 1):
        assert keys(shards, 2, 4 * done, n_batches - done) == whole[done:]


def test_an_epoch_has_each_sample_once(shards: index.Shards) -> None:
    n_batches = sum(shards.sizes)  # four epochs
    counts = Counter(itertools.chain(*keys(shards, 2, 0, n_batches)))
    epochs = 4 * n_batches // sum(shards.sizes)
    assert set(counts) == set(range(sum(shards.sizes)))
    assert all(abs(count - epochs) <= 1 for count in counts.values())


def test_what_lies_beside_is_the_dataset_that_validation_reads(shards: index.Shards) -> None:
    beside = read_clips([Path(shards.at)], RATE, {"speech"})
    assert {clip.group for clip in beside} >= {"held", "voice1"}
    assert shards.validation_groups == ("held",)
    assert index.find([Path(shards.at)], RATE) == shards
    with pytest.raises(ValueError, match="the network needs 48000 Hz"):
        index.find([Path(shards.at)], 48_000)


def test_shards_may_lie_in_a_store(folder: Path, shards: index.Shards, tmp_path: Path) -> None:
    write.write(folder, tmp_path / "out", CONFIG, write.Form(0.5, at="memory://shards"))
    assert list((tmp_path / "out").glob("*.tar")) == []
    stored = index.find([tmp_path / "out"], RATE)
    assert stored and stored.digest == shards.digest
    assert keys(stored, 1, 0, 3) == keys(shards, 1, 0, 3)


def test_a_connection_that_breaks_loses_and_doubles_nothing(
    shards: index.Shards, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, broken = stream._samples, set[str]()

    def breaks(address: str, size: int, skipped: int) -> Iterator[dict[str, Any]]:
        for number, files in enumerate(real(address, size, skipped)):
            if number == 1 and address not in broken:
                broken.add(address)
                raise ConnectionResetError
            yield files

    whole = keys(shards, 1, 0, 6)
    monkeypatch.setattr(stream, "_samples", breaks)
    monkeypatch.setattr(stream, "WAITS_S", (0.0,))
    assert keys(shards, 1, 0, 6) == whole and broken


def test_a_shard_that_does_not_hold_what_its_index_says_is_refused(
    shards: index.Shards, tmp_path: Path
) -> None:
    def broken(content: bytes) -> index.Shards:
        (tmp_path / "00000.tar").write_bytes(content)
        return index.Shards(str(tmp_path), RATE, 1.0, (index.Shard("00000.tar", 9),))

    good = Path(shards.address(0)).read_bytes()
    with pytest.raises(ValueError, match="samples, but the index says 9"):
        list(itertools.islice(stream.clips_of(broken(good), Order([9], 1, 0), 0, 0), 9))
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, content in (("0.json", b"{}"), ("0.flac", b"sound")):
            facts = tarfile.TarInfo(name)
            facts.size = len(content)
            tar.addfile(facts, io.BytesIO(content))
    with pytest.raises(ValueError, match="not a sample"):
        next(stream.clips_of(broken(file.getvalue()), Order([9], 1, 0), 0, 0))
    (tmp_path / index.INDEX).write_text(
        json.dumps({
            "version": 1, "at": "", "rate": RATE, "minutes": 1, "validation_groups": [],
            "shards": [{"name": "../a.tar", "samples": 1}],
        })
    )  # fmt: skip
    with pytest.raises(ValueError, match="is not a shard"):
        index.find([tmp_path], RATE)


def test_nothing_is_left_of_shards_that_cannot_be_written(folder: Path, tmp_path: Path) -> None:
    def stop(fraction: float) -> None:
        if fraction > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write.write(folder, tmp_path / "out", CONFIG, FORM, stop)
    assert not (tmp_path / "out").exists()
