"""A file is written whole or not at all, and a failure names the folder and the cure."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from pipeline.files import StorageError, write_atomically


def test_a_file_is_replaced_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")
    with write_atomically(path, durable=True) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old" and temporary.parent == tmp_path
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("failure", [ValueError("bad"), KeyboardInterrupt(), OSError("broken")])
def test_a_failure_keeps_the_old_file_and_leaves_nothing(
    failure: BaseException, tmp_path: Path
) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")
    with pytest.raises(type(failure)), write_atomically(path) as temporary:
        temporary.write_text("half")
        raise failure
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_name_of_255_bytes_is_written(tmp_path: Path) -> None:
    path = tmp_path / ("\u00e4" * 125 + ".json")
    with write_atomically(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"


@pytest.mark.parametrize(
    "number, words",
    [
        (errno.ENOSPC, "has no room left; free some space"),
        (errno.EDQUOT, "has no room left; free some space"),
        (errno.EROFS, "may not be written to; allow it"),
        (errno.EACCES, "may not be written to; allow it"),
    ],
)
def test_a_storage_failure_names_the_folder_and_the_cure(
    number: int, words: str, tmp_path: Path
) -> None:
    with (
        pytest.raises(StorageError) as caught,
        write_atomically(tmp_path / "a.json") as temporary,
    ):
        raise OSError(number, "as the system says it", str(temporary))
    assert str(caught.value).startswith(f"{tmp_path} {words}") and caught.value.errno == number


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(StorageError, match=r"none is not a folder; make it"),
        write_atomically(tmp_path / "none" / "a.json") as temporary,
    ):
        temporary.write_text("new")


def test_a_failure_to_read_something_else_keeps_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), write_atomically(tmp_path / "a.json"):
        raise PermissionError(errno.EACCES, "Permission denied", "/elsewhere/source.wav")
