"""Which columns of a table name the other side of a pair, and which only describe a recording."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.data.folder_layout import Layout, recognise

MANIFEST = (
    "path,kind,source_repo,commit,original_path,licence,speaker_or_group\n"
    "speech/a.wav,speech,github:o/r,1234,data/ann/0001.ogg,CC0,ann\n"
    "noise/b.wav,noise,github:o/r,1234,data/rain.ogg,CC0,rain\n"
)


def layout(folder: Path, name: str, table: str, *sounds: str) -> Layout:
    """The layout of a folder with a table and these sounds."""
    (folder / name).write_text(table)
    return recognise({item: folder / item for item in (name, *sounds)}, 100)


@pytest.mark.parametrize("more", [(), ("data/rain.ogg",)])
def test_a_manifest_has_no_pairs(tmp_path: Path, more: tuple[str, ...]) -> None:
    """`original_path` was taken for the other side of pairs, so that nothing was read."""
    made = layout(tmp_path, "MANIFEST.csv", MANIFEST, "speech/a.wav", "noise/b.wav", *more)
    assert [(item.name, item.kind, item.group, item.degraded) for item in made.items] == [
        ("speech/a.wav", "speech", "ann", None),
        ("noise/b.wav", "noise", "rain", None),
    ]
    assert made.left == []


@pytest.mark.parametrize(
    ("column", "items", "left"),
    [("source", ["a.wav"], []), ("target", [], ["b.wav"]), ("noisy_file", [], ["b.wav"])],
)
def test_a_column_of_absent_sounds_is_no_pair_unless_it_names_a_side(
    tmp_path: Path, column: str, items: list[str], left: list[str]
) -> None:
    """Half of the pairs without the other half is reported, not learned from as clean."""
    made = layout(tmp_path, "metadata.csv", f"file_name,{column}\na.wav,b.wav\n", "a.wav")
    assert [item.name for item in made.items] == items
    assert [item.name for item in made.left] == left


@pytest.mark.parametrize("column", ["source", "target"])
def test_a_column_of_sounds_that_are_there_is_a_pair(tmp_path: Path, column: str) -> None:
    table = f"file_name,{column}\na.wav,b.wav\nc.wav,gone.wav\n"
    made = layout(tmp_path, "metadata.csv", table, "a.wav", "b.wav", "c.wav")
    (item,) = made.items
    assert (item.clean.name, item.degraded and item.degraded.name) == ("b.wav", "a.wav")
    assert ("gone.wav", "metadata.csv names it, but it is not there") in [
        (left.name, left.reason) for left in made.left
    ]


def test_a_folder_says_what_kind_of_sound_it_holds(tmp_path: Path) -> None:
    names = ("Voices/a.wav", "my music/b/c.wav", "noise/d.wav", "files/e.wav", "f.wav")
    made = recognise({name: tmp_path / name for name in names}, 100)
    assert {item.name: item.kind for item in made.items} == {
        "Voices/a.wav": "speech",
        "my music/b/c.wav": "music",
        "noise/d.wav": "noise",
        "files/e.wav": "",
        "f.wav": "",
    }
