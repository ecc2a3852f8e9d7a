"""Datasets made to do harm: bounded work, one bad entry spoils nothing, no path is shown."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from pipeline.audio import ffmpeg
from training.data.check import check
from training.data.dataset import Limits, gather
from training.data.inspection import LEFT_OUT
from training.data.unzip import unzip

RATE = 16_000


def sound() -> bytes:
    file = io.BytesIO()
    tone = 0.4 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    sf.write(file, tone, RATE, format="WAV")
    return file.getvalue()


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize("name", ["metadata.csv", "metadata.jsonl", "MANIFEST.csv"])
def test_the_rows_of_a_table_are_counted_as_files_are(tmp_path: Path, name: str) -> None:
    """A zip of 359 KB had a million rows, each an item."""
    row = b'{"file_name": "a.wav"}\n' if name.endswith("jsonl") else b"a.wav\n"
    header = {"metadata.csv": b"file_name\n", "MANIFEST.csv": b"path\n"}.get(name, b"")
    path = zipped(tmp_path / "rows.zip", {"a.wav": sound(), name: header + row * 600_000})
    assert path.stat().st_size < 400_000
    begun = time.process_time()
    with pytest.raises(ValueError, match=f"{name}: more rows than the 500 that are accepted"):
        gather([path], tmp_path / "out", Limits(files=500))
    assert time.process_time() - begun < 5 and not (tmp_path / "out").exists()


def test_a_file_that_a_table_names_again_and_again_is_one_item(tmp_path: Path) -> None:
    table = b"file_name\n" + b"a.wav\n" * 50
    path = zipped(tmp_path / "twice.zip", {"a.wav": sound(), "metadata.csv": table})
    dataset = gather([path], tmp_path / "out")
    assert len(dataset.items) == 1
    assert {left.reason for left in dataset.left} == {"metadata.csv names it more than once"}


def test_an_entry_without_a_name_is_left_out(tmp_path: Path) -> None:
    path = zipped(tmp_path / "nameless.zip", {"a.wav": sound(), "?.wav": sound()})
    content = bytearray(path.read_bytes())
    entry = content.rindex(b"?.wav") - 46  # in the directory at the end of the zip
    content[entry + 28], content[entry + 32] = 0, 5  # its name becomes its comment
    path.write_bytes(content)
    dataset = gather([path], tmp_path / "out")
    assert len(dataset.items) == 1
    assert [left.reason for left in dataset.left] == ["has no name"]


def test_a_zip_of_a_later_version_is_a_sentence(tmp_path: Path) -> None:
    path = zipped(tmp_path / "later.zip", {"a.wav": sound()})
    content = bytearray(path.read_bytes())
    content[content.rindex(b"a.wav") - 46 + 6] = 64  # the version that it needs
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"later\.zip: cannot be read as a zip .*version 6\.4"):
        unzip(path, tmp_path / "out")


def test_a_table_of_a_thousand_columns_or_odd_values_is_refused(tmp_path: Path) -> None:
    wide = ",".join(f"c{n}" for n in range(1000)).encode() + b"\nx\n"
    path = zipped(tmp_path / "wide.zip", {"a.wav": sound(), "metadata.csv": b"file_name," + wide})
    with pytest.raises(ValueError, match="more than 100 columns"):
        gather([path], tmp_path / "out")
    for number, odd in enumerate((b'{"file_name": 5}', b'{"file_name": ["a"]}', b"[" * 100_000)):
        path = zipped(tmp_path / f"{number}.zip", {"a.wav": sound(), "metadata.jsonl": odd})
        with pytest.raises(ValueError, match=r"metadata.jsonl: expected a table of files"):
            gather([path], tmp_path / "out")


def test_refused_entries_count_as_files(tmp_path: Path) -> None:
    links = {f"../{number}.wav": b"" for number in range(60)}
    dataset = gather([zipped(tmp_path / "in.zip", links)], tmp_path / "out", Limits(files=50))
    assert [(left.name, left.reason) for left in dataset.left] == [
        ("in.zip", "more than 50 recordings; give fewer")
    ]


def test_one_bad_entry_is_left_out_and_the_others_are_used(tmp_path: Path) -> None:
    bad = {
        "deep/" * 900 + "a.wav": "File name too long",
        "file.wav/inside.wav": "File exists",
        "nul\0byte.wav": "",
    }
    path = zipped(tmp_path / "in.zip", {"file.wav": sound(), **dict.fromkeys(bad, sound())})
    data = bytearray(zipped(tmp_path / "crc.zip", {"crc.wav": sound()}).read_bytes())
    data[200] ^= 0xFF  # inside the packed sound
    (tmp_path / "crc.zip").write_bytes(data)
    dataset = gather([path, tmp_path / "crc.zip"], tmp_path / "out")
    assert "in/file.wav" in [item.name for item in dataset.items]
    reasons = {left.name.removeprefix("in/"): left.reason for left in dataset.left}
    for name, reason in bad.items():
        assert "\0" in name or reason in reasons[name], reasons
    assert reasons["crc/crc.wav"].startswith("cannot be unpacked")
    assert not any(str(tmp_path) in reason for reason in reasons.values())


def test_messages_have_no_path_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 and no more")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    (tmp_path / "index").mkdir()
    texts = [left.reason for left in gather([tmp_path / "broken.zip"], tmp_path / "one").left]
    for paths, folder in (
        ([tmp_path / "gone.wav"], tmp_path / "two"),
        ([tmp_path / "broken.zip"], tmp_path / "full"),
    ):
        with pytest.raises(ValueError) as error:
            gather(paths, folder)
        texts.append(str(error.value))
    assert texts and not any(str(tmp_path) in text for text in texts), texts


@pytest.mark.parametrize(("size", "most_probes"), [(1, 0), (300, 30)])
def test_of_thousands_of_files_that_are_no_sound_few_are_probed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, most_probes: int
) -> None:
    """Each probe is a process: 3000 of them took minutes."""
    probes: list[Path] = []

    def probe(path: Path) -> None:
        probes.append(path)
        raise ValueError("not a sound")

    monkeypatch.setattr(ffmpeg, "probe", probe)
    monkeypatch.setattr("training.data.check.MOST_UNREADABLE", 20)
    path = zipped(tmp_path / "in.zip", {f"{number}.mp3": b"x" * size for number in range(3000)})
    report = check(gather([path], tmp_path / "out"), RATE)
    assert {row.verdict for row in report.rows} == {LEFT_OUT} and len(report.rows) == 3000
    assert len(set(probes)) == len(probes) <= most_probes
