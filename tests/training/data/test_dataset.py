"""What a user gives becomes a dataset: kinds recognised, names kept, and no zip does harm."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from training.data import unzip as unzipping
from training.data.dataset import Dataset, Limits, gather, open_dataset
from training.data.folder_layout import recognise

RATE = 16_000


def sound(path: Path, hz: float = 440.0, seconds: float = 0.1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    sf.write(path, 0.4 * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE), RATE)
    return path


def zipped(path: Path, **members: bytes | Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data.read_bytes() if isinstance(data, Path) else data)
    return path


def reasons(dataset: Dataset) -> dict[str, str]:
    return {left.name: left.reason for left in dataset.left}


def names(dataset: Dataset) -> list[str]:
    return [item.name for item in dataset.items]


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_folder_stays_where_it_is_and_each_file_is_a_group(tmp_path: Path) -> None:
    sound(tmp_path / "in/a.wav"), sound(tmp_path / "in/deep/b.flac")
    sound(tmp_path / "in/.hidden/c.wav")
    (tmp_path / "in/notes.txt").write_text("no sound")
    made = gather([tmp_path / "in"], tmp_path / "out")
    assert (made.kind, names(made), made.ignored) == (
        "clean",
        ["a.wav", "deep/b.flac"],
        {".txt": 1},
    )
    assert [item.group for item in made.items] == ["a", "deep/b"]
    assert tree(tmp_path / "out") == {"dataset.json"}
    assert open_dataset(tmp_path / "out") == made
    assert open_dataset(tmp_path / "in").items == made.items


def test_uploaded_files_outlive_the_upload_and_keep_their_names(tmp_path: Path) -> None:
    first, second = sound(tmp_path / "one/take.wav"), sound(tmp_path / "two/take.wav", 880.0)
    odd = tmp_path / "letter.doc"
    odd.write_text("dear")
    expected = [first.read_bytes(), second.read_bytes()]
    made = gather([first, second, odd], tmp_path / "out")
    first.unlink(), second.unlink()
    assert names(made) == ["take (2).wav", "take.wav"]
    assert [item.clean.read_bytes() for item in made.items] == expected[::-1]
    assert reasons(made) == {"letter.doc": ".doc: not a sound by its name"}


@pytest.mark.parametrize(
    ("degraded", "clean"),
    [
        ("degraded", "clean"),
        ("input", "target"),
        ("Noisy", "Clean"),
        ("noisy_28spk", "clean_28spk"),
    ],
)
def test_two_folders_with_equal_names_are_pairs(tmp_path: Path, degraded: str, clean: str) -> None:
    for side in (degraded, clean):
        sound(tmp_path / f"in/{side}/ann/1.wav")
    sound(tmp_path / f"in/{degraded}/2.wav"), sound(tmp_path / f"in/{clean}/2.flac")
    sound(tmp_path / f"in/{clean}/alone.wav"), sound(tmp_path / "in/readme.wav")
    made = open_dataset(tmp_path / "in")
    assert made.kind == "pairs"
    assert {item.name: item.clean.name for item in made.items} == {
        f"{degraded}/2.wav": "2.flac",
        f"{degraded}/ann/1.wav": "1.wav",
    }
    assert all(item.degraded and degraded in str(item.degraded) for item in made.items)
    assert reasons(made) == {
        f"{clean}/alone.wav": "no recording of this name on the other side",
        "readme.wav": "on neither side of the pairs",
    }


def test_pairs_come_as_two_folders_or_two_zips_too(tmp_path: Path) -> None:
    noisy, clean = sound(tmp_path / "noisy/a.wav"), sound(tmp_path / "clean/a.wav")
    assert names(gather([noisy.parent, clean.parent], tmp_path / "one")) == ["noisy/a.wav"]
    zips = [
        zipped(tmp_path / "noisy.zip", **{"noisy/a.wav": noisy}),
        zipped(tmp_path / "clean.zip", **{"a.wav": clean}),
    ]
    made = gather(zips, tmp_path / "two")
    assert made.kind == "pairs" and names(made) == ["noisy/noisy/a.wav"]


def test_equal_names_under_speakers_are_no_pairs(tmp_path: Path) -> None:
    sound(tmp_path / "ann/1.wav"), sound(tmp_path / "bob/1.wav")
    made = open_dataset(tmp_path)
    assert (made.kind, len(made.items)) == ("clean", 2)


@pytest.mark.parametrize(
    ("header", "row", "clean", "degraded"),
    [
        ("file_name,target,speaker", "a.wav,sub/b.wav,ann", "b.wav", "a.wav"),
        ("file_name,noisy_file,speaker_id", "a.wav,sub/b.wav,ann", "a.wav", "b.wav"),
        ("file_name,text,speaker", "a.wav,hello,ann", "a.wav", None),
    ],
)
def test_an_audiofolder_table_names_sides_and_speakers(
    tmp_path: Path, header: str, row: str, clean: str, degraded: str | None
) -> None:
    sound(tmp_path / "a.wav"), sound(tmp_path / "sub/b.wav")
    (tmp_path / "metadata.csv").write_text(f"{header}\n{row}\n{row.replace('a.wav', 'gone.wav')}\n")
    made = open_dataset(tmp_path)
    (item,) = made.items
    assert (made.kind, made.grouped, item.group) == ("audiofolder", True, "ann")
    assert (item.clean.name, item.degraded and item.degraded.name) == (clean, degraded)
    assert "not there" in reasons(made)["gone.wav"]


def test_a_table_may_be_json_lines_and_may_not_lead_outside(tmp_path: Path) -> None:
    sound(tmp_path / "secret.wav"), sound(tmp_path / "in/a.wav")
    lines = [{"file_name": "a.wav", "singer": "eve"}, {"file_name": "../secret.wav"}]
    (tmp_path / "in/metadata.jsonl").write_text("\n".join(map(json.dumps, lines)))
    made = open_dataset(tmp_path / "in")
    assert [(item.name, item.group) for item in made.items] == [("a.wav", "eve")]
    (tmp_path / "in/metadata.jsonl").write_text("{")
    with pytest.raises(ValueError, match=r"metadata.jsonl: expected a table of files"):
        open_dataset(tmp_path / "in")


def test_links_are_not_followed(tmp_path: Path) -> None:
    sound(tmp_path / "in/a.wav")
    (tmp_path / "in/b.wav").symlink_to(sound(tmp_path / "elsewhere/b.wav"))
    (tmp_path / "in/round").symlink_to(tmp_path / "in", target_is_directory=True)
    made = open_dataset(tmp_path / "in")
    assert names(made) == ["a.wav"] and set(reasons(made)) == {"b.wav", "round"}


def test_a_zip_cannot_write_outside_its_folder(tmp_path: Path) -> None:
    data = sound(tmp_path / "a.wav").read_bytes()
    evil = ["../../evil.wav", "/etc/evil.wav", "C:\\evil.wav", "..\\evil.wav", "x/../../evil.wav"]
    path = zipped(tmp_path / "in.zip", **dict.fromkeys([*evil, "good/a.wav"], data))
    before = tree(tmp_path)
    made = gather([path], tmp_path / "deep/er/out")
    assert names(made) == ["good/a.wav"]
    assert len(made.left) == len(evil) and all("leads out" in r for r in reasons(made).values())
    assert tree(tmp_path) - before == {
        "deep/er/out/dataset.json",
        "deep/er/out/in/good/a.wav",
    }


def test_of_a_zip_only_sound_is_read(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", **{"a.wav": sound(tmp_path / "a.wav")})
    path = zipped(
        tmp_path / "in.zip",
        **{"a.wav": tmp_path / "a.wav", "run.sh": b"rm -rf /", "inner.zip": inner},
        **{"__MACOSX/._a.wav": b"x", "dataset.json": b"{}", "passwd.wav": b"/etc/passwd"},
    )
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("link.wav")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    made = gather([path], tmp_path / "out")
    assert names(made) == ["a.wav", "passwd.wav"]
    assert made.ignored == {".sh": 1, ".json": 1}
    assert "zip inside a zip" in reasons(made)["inner.zip"]
    assert "a link" in reasons(made)["link.wav"]
    assert tree(tmp_path / "out") == {"dataset.json", "in/a.wav", "in/passwd.wav"}
    assert not any(os.access(p, os.X_OK) for p in (tmp_path / "out").rglob("*.wav"))


def test_names_that_no_file_system_holds_are_made_fit(tmp_path: Path) -> None:
    data = sound(tmp_path / "a.wav").read_bytes()
    path = tmp_path / "in.zip"
    with zipfile.ZipFile(path, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        for name in ("ä\n?.wav", "x" * 300 + ".wav", "same.wav", "same.wav"):
            archive.writestr(name, data)
    made = gather([path], tmp_path / "out")
    assert sorted(names(made)) == ["same (2).wav", "same.wav", "x" * 196 + ".wav", "ä__.wav"]
    assert all(item.clean.read_bytes() == data for item in made.items)


def test_a_bomb_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = sound(tmp_path / "a.wav").read_bytes()
    path = zipped(tmp_path / "in.zip", **{"bomb.wav": bytes(1 << 21), "a.wav": good})
    monkeypatch.setattr(unzipping, "SMALL_BYTES", 1 << 20)
    made = gather([path], tmp_path / "ratio")
    assert names(made) == ["a.wav"] and "times its size" in reasons(made)["bomb.wav"]
    refused = gather([path, tmp_path / "a.wav"], tmp_path / "size", Limits(bytes=1000))
    assert "expected at most" in reasons(refused)["in.zip"] and names(refused) == ["a.wav"]
    refused = gather([path], tmp_path / "number", Limits(files=1, ratio=1e9))
    assert "2 sounds, expected at most 1" in reasons(refused)["in.zip"]
    assert not (tmp_path / "size/in").exists() and not (tmp_path / "number/in").exists()
    monkeypatch.setattr(unzipping, "FREE_BYTES", 1 << 60)
    assert "free some space" in reasons(gather([path], tmp_path / "disk"))["in.zip"]


def test_a_zip_that_lies_or_is_damaged_loses_only_what_is_damaged(tmp_path: Path) -> None:
    data = sound(tmp_path / "a.wav").read_bytes()
    path = zipped(tmp_path / "in.zip", **{"a.wav": data, "b.wav": data})
    raw = bytearray(path.read_bytes())
    raw[60] ^= 0xFF  # within the first member
    path.write_bytes(raw)
    made = gather([path], tmp_path / "out")
    assert names(made) == ["b.wav"] and "cannot be unpacked" in reasons(made)["a.wav"]
    assert not (tmp_path / "out/in/a.wav").exists()
    path.write_bytes(bytes(raw[: len(raw) // 2]))
    assert "cannot be read as a zip" in reasons(gather([path], tmp_path / "cut"))["in.zip"]


def test_bad_use_is_one_clear_error(tmp_path: Path) -> None:
    good = sound(tmp_path / "in/a.wav")
    with pytest.raises(ValueError, match="got nothing"):
        gather([], tmp_path / "out")
    with pytest.raises(ValueError, match=r"gone: is not there"):
        gather([tmp_path / "gone"], tmp_path / "out")
    with pytest.raises(ValueError, match="is not empty"):
        gather([good], tmp_path / "in")
    with pytest.raises(ValueError, match="more than 0 recordings"):
        gather([tmp_path / "in"], tmp_path / "out", Limits(files=0))
    with pytest.raises(ValueError, match="python -m training check a.wav --into FOLDER"):
        open_dataset(good)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/dataset.json").write_text('{"kind": "clean"}')
    with pytest.raises(ValueError, match="not an index of a dataset"):
        open_dataset(tmp_path / "broken")


def test_a_name_that_is_no_text_does_no_harm(tmp_path: Path) -> None:
    odd = sound(tmp_path / "in/a.wav").rename(os.fsdecode(os.fsencode(tmp_path) + b"/in/\xff.wav"))
    made = gather([tmp_path / "in"], tmp_path / "out")
    assert open_dataset(tmp_path / "out") == made
    assert [item.clean for item in made.items] == [odd]


def test_gathering_tells_how_far_it_is_and_leaves_nothing_when_stopped(tmp_path: Path) -> None:
    data = sound(tmp_path / "a.wav").read_bytes()
    path = zipped(tmp_path / "in.zip", **{f"{n}.wav": data for n in range(4)})
    fractions: list[float] = []
    gather([path, tmp_path / "a.wav"], tmp_path / "out", tick=fractions.append)
    assert fractions == sorted(fractions) and len(fractions) >= 4 and fractions[-1] <= 1

    def stop(fraction: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gather([path], tmp_path / "stopped", tick=stop)
    assert not (tmp_path / "stopped").exists()


def test_roles_are_whole_words() -> None:
    files = {name: Path(name) for name in ("cleaning/a.wav", "noisyboy/a.wav")}
    assert recognise(files, 100).kind == "clean"
