"""Files pair to items and conditions by name, by a table, or by folder."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.helpers import tone
from ui.listen import items
from ui.sending import Version


def files(folder: Path, *names: str) -> list[Path]:
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    return [folder / name for name in names]


def pairs(versions: items.Versions) -> list[tuple[str, str]]:
    return [(one.item, one.condition) for one in versions]


def test_names_pair_files_and_a_table_pairs_any_names(tmp_path: Path) -> None:
    paths = files(tmp_path, "song__new.wav", "song__a__old.flac", "a.wav", "b.wav")
    assert pairs(items.from_files(paths)) == [
        ("song", "new"), ("song__a", "old"), ("recording", "a"), ("recording", "b"),
    ]  # fmt: skip
    table = tmp_path / "any.CSV"
    table.write_text("\ufefffile,item,condition\na.wav,song,new\nb.wav,song,=old\n", "utf-8")
    assert pairs(items.from_files([*paths, table])) == [("song", "new"), ("song", "=old")]
    for bad in ("file,item\na.wav,song\n", "file,item,condition\nc.wav,song,new\n"):
        table.write_text(bad)
        with pytest.raises(ValueError, match="line 2: expected the columns"):
            items.from_files([*paths, table])


def test_folders_are_conditions_and_other_files_are_left_alone(tmp_path: Path) -> None:
    files(tmp_path, "new/song.wav", "old/song.wav", "old/notes.txt")
    assert pairs(items.from_folder(str(tmp_path))) == [("song", "new"), ("song", "old")]
    assert pairs(items.from_folder(str(tmp_path / "old"))) == [("recording", "song")]
    for text in ("", "  ", str(tmp_path / "none"), str(tmp_path / "old" / "song.wav")):
        with pytest.raises(ValueError, match="expected the path of a folder"):
            items.from_folder(text)


def test_the_same_version_is_replaced_and_there_is_a_limit(tmp_path: Path, monkeypatch) -> None:
    old, new, other = (Version("a", name, Path(path)) for name, path in ("x1", "x2", "y3"))
    assert items.merged((old, other), (new,)) == (new, other)
    assert items.likely_reference((old, Version("a", "Original", Path("4")))) == "Original"
    assert items.likely_reference(()) is None
    sound = tone(seconds=0.1)
    held = (Version("a", "x", sound), Version("b", "x", sound), old)
    items.check_size(held, sound.samples.nbytes)
    with pytest.raises(ValueError, match="more room"):
        items.check_size(held, sound.samples.nbytes - 1)
    monkeypatch.setattr(items, "MOST_VERSIONS", 1)
    with pytest.raises(ValueError, match="at most 1"):
        items.merged((old,), (other,))


def test_restore_gives_recording_result_and_the_reference_of_the_same_part() -> None:
    from ui.restore.result import Result

    with pytest.raises(ValueError, match="no result yet"):
        items.from_restore(None)
    before, after, clean = tone(seconds=0.5), tone(seconds=0.5), tone(seconds=2)
    result = Result(
        "Preview from 1 s", "", {}, Path(), after, None, [], [("Degraded", before), ("R", after)],
        start_s=1.0, earlier=[("10:00  Denoise", after)],
    )  # fmt: skip
    session = SimpleNamespace(
        shown="preview", results={"preview": result}, source=SimpleNamespace(name="call.wav"),
        reference=clean,
    )  # fmt: skip
    versions = items.from_restore(session)
    assert {one.item for one in versions} == {"call.wav, preview from 1 s"}
    assert [one.condition for one in versions] == [
        "clean reference", "original", "restored", "10:00  Denoise",
    ]  # fmt: skip
    sounds = [one.sound for one in versions]
    assert sounds[1:] == [before, after, after] and sounds[0].seconds == 0.5


def test_compare_gives_its_versions_but_not_those_that_failed() -> None:
    from ui.compare.result import Comparison
    from ui.compare.versions import Version as Compared

    with pytest.raises(ValueError, match="no result yet"):
        items.from_compare(None)
    audio = tone(seconds=0.2)
    versions = (Compared("Input", audio=audio), Compared("Demucs", problem="no weights"))
    comparison = Comparison("a.wav", "Whole recording", "a", Path(), versions, audio, [], [])
    assert pairs(items.from_compare(comparison)) == [
        ("a.wav, whole recording", "Input"), ("a.wav, whole recording", "Reference"),
    ]  # fmt: skip
