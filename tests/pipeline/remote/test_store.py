"""Stores: a file is fetched or put up whole or not at all, and errors are sentences."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import fsspec
import pytest

from pipeline.audio.sound import AudioError
from pipeline.remote import store
from pipeline.remote.address import Address

MEMORY = fsspec.filesystem("memory")


@pytest.fixture(params=["memory", "file"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Address:
    """An empty folder of a store."""
    MEMORY.store.clear()
    return Address("memory://d" if request.param == "memory" else f"file://{tmp_path}/d")


def test_what_is_put_up_is_listed_and_fetched_and_told_from_a_later_one(
    folder: Address, tmp_path: Path
) -> None:
    file = tmp_path / "a"
    for content in (b"one", b"two"):
        file.write_bytes(content)
        store.put_up(file, folder / "e" / "a.wav")
    (first,) = store.files_below(folder)
    assert first == folder / "e" / "a.wav" and store.is_folder(folder / "e")
    assert store.fetch(first, tmp_path).read_bytes() == b"two"
    assert store.version(folder / "e" / "a.wav") == first.version
    time.sleep(0.01)
    file.write_bytes(b"TWO")
    store.put_up(file, folder / "e" / "a.wav")
    assert store.version(folder / "e" / "a.wav") != first.version
    assert store.read(folder / "e" / "a.wav") == "TWO" and store.read(folder / "none") == ""


def test_a_copy_that_breaks_leaves_neither_a_half_nor_a_temporary_file(
    folder: Address, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(b"whole")
    store.put_up(tmp_path / "a", folder / "a.wav")
    files = fsspec.filesystem(folder.scheme)

    def broken(source: str, target: str, **options: Any) -> None:
        files.pipe_file(target, b"ha")
        raise ConnectionError("gone")

    monkeypatch.setattr(store, "WAITS_S", (0.0,))
    monkeypatch.setattr(files, "put_file", broken)
    with pytest.raises(AudioError, match=r"a\.wav: ConnectionError: gone"):
        store.put_up(tmp_path / "a", folder / "a.wav")
    assert [address.name for address in store.files_below(folder)] == ["a.wav"]
    assert store.read(folder / "a.wav") == "whole"


def test_a_connection_that_breaks_once_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    MEMORY.pipe_file("/a.wav", b"sound")
    get_file, calls = MEMORY.get_file, []

    def once(*arguments: Any, **options: Any) -> None:
        calls.append(arguments)
        if len(calls) == 1:
            raise ConnectionError("gone")
        get_file(*arguments, **options)

    monkeypatch.setattr(store, "WAITS_S", (0.0,))
    monkeypatch.setattr(MEMORY, "get_file", once)
    assert store.fetch(Address("memory://a.wav"), tmp_path).read_bytes() == b"sound"
    monkeypatch.setattr(MEMORY, "get_file", lambda path, target: Path(target).write_bytes(b"so"))
    with pytest.raises(AudioError, match="2 of 5 bytes"):
        store.fetch(Address("memory://a.wav"), tmp_path)


def test_what_a_killed_run_has_left_is_removed_once_it_is_old(tmp_path: Path) -> None:
    for name in (".a.wav.0123456789abcdef.part", ".b.wav.0123456789abcdef.part"):
        (tmp_path / name).touch()
    os.utime(tmp_path / ".a.wav.0123456789abcdef.part", (0, 0))
    store.remove_leftovers(Address(f"file://{tmp_path}"))
    assert [path.name for path in tmp_path.iterdir()] == [".b.wav.0123456789abcdef.part"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sftp://host/d", "a package is missing .*paramiko"),
        ("nowhere://d", "Protocol not known"),
    ],
)
def test_a_store_that_cannot_be_reached_is_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        store.check(Address(text))
