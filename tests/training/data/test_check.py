"""The dataset checker on a zoo of bad data: the right verdict for each file, and why."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import soxr
import typer

from pipeline.audio.sound import Audio
from pipeline.degradation.effects import BandLimit
from tests.support.sounds import RATE, speech
from training.commands.check import check as check_command
from training.config import TrainingConfig
from training.data.check import Report, check
from training.data.clips import read_clips, split
from training.data.dataset import gather, open_dataset
from training.data.inspection import CARE, LEFT_OUT, USED

VOICE = np.round(speech(3.0)[0] * 32_768) / 32_768  # the same in every container


def band_limited(x: np.ndarray, hz: float) -> np.ndarray:
    return BandLimit(hz, "sinc", 16)(Audio(x[None], RATE)).samples[0]


def clipped(x: np.ndarray, share: float) -> np.ndarray:
    return np.clip(x, -share * np.abs(x).max(), share * np.abs(x).max())


def write(path: Path, x: np.ndarray, rate: int = RATE, **options: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    sf.write(path, x.T, rate, **options)


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zoo")
    write(folder / "good.wav", VOICE)
    write(folder / "good stereo.flac", np.stack([speech(3.0, seed=1)[0], VOICE]))
    write(folder / "good 44k.wav", soxr.resample(speech(3.0, seed=2)[0], RATE, 44_100), 44_100)
    write(folder / "flac inside.wav", speech(3.0, seed=3)[0], format="FLAC")
    write(folder / "the same again.flac", VOICE)
    write(folder / "clipped.wav", clipped(speech(3.0, seed=4)[0], 0.7))
    write(folder / "ruined.wav", clipped(speech(3.0, seed=5)[0], 0.05))
    write(folder / "silent.wav", np.zeros(RATE))
    write(folder / "mostly silent.wav", np.pad(speech(3.0, seed=6)[0], (0, 15 * RATE)))
    write(folder / "faint.wav", 0.008 * speech(3.0, seed=7)[0])
    write(folder / "short.wav", VOICE[: RATE // 4])
    write(folder / "from mp3.wav", band_limited(speech(3.0, seed=8)[0], 15_000))
    write(folder / "telephone.wav", band_limited(speech(3.0, seed=9)[0], 3400))
    write(folder / "low rate.wav", soxr.resample(speech(3.0, seed=1)[0], RATE, 8000), 8000)
    (folder / "letter.wav").write_text("Dear Sir or Madam")
    (folder / "empty.mp3").touch()
    (folder / "cut.wav").write_bytes((folder / "good.wav").read_bytes()[:1000])
    (folder / "notes.txt").write_text("not a sound, and not called one")
    (folder / "link.wav").symlink_to(folder / "good.wav")
    return folder


@pytest.fixture(scope="module")
def report(zoo: Path) -> Report:
    return check(open_dataset(zoo), RATE)


VERDICTS = {
    "good.wav": (USED, ""),
    "good stereo.flac": (USED, ""),
    "good 44k.wav": (USED, ""),
    "flac inside.wav": (USED, ""),
    "the same again.flac": (LEFT_OUT, "the same sound as good.wav"),
    "clipped.wav": (CARE, "clipped in "),
    "ruined.wav": (LEFT_OUT, "clipped in "),
    "silent.wav": (LEFT_OUT, "silent"),
    "mostly silent.wav": (CARE, "% of it is silence"),
    "faint.wav": (CARE, "very quiet"),
    "short.wav": (LEFT_OUT, "too short: 0.25 s"),
    "from mp3.wav": (CARE, "reaches 15."),
    "telephone.wav": (LEFT_OUT, "reaches 3."),
    "low rate.wav": (LEFT_OUT, "reaches 4.0 of 24 kHz"),
    "letter.wav": (LEFT_OUT, ""),
    "empty.mp3": (LEFT_OUT, "empty (0 bytes)"),
    "cut.wav": (LEFT_OUT, "cut short"),
    "link.wav": (LEFT_OUT, "a link"),
}


@pytest.mark.parametrize("name", VERDICTS)
def test_each_animal_of_the_zoo_gets_its_verdict(report: Report, name: str) -> None:
    (row,) = [row for row in report.rows if row.name == name]
    verdict, reason = VERDICTS[name]
    assert (row.verdict, bool(row.reasons)) == (verdict, verdict != USED), row
    assert reason in "; ".join(row.reasons)


def test_the_totals_split_and_warnings_add_up(report: Report) -> None:
    assert {row.name for row in report.rows} == VERDICTS.keys()
    totals = report.totals
    verdicts = [verdict for verdict, _ in VERDICTS.values()]
    assert [totals.used, totals.used_with_care, totals.left_out] == [
        verdicts.count(name) for name in (USED, CARE, LEFT_OUT)
    ]
    assert totals.used_minutes == pytest.approx((7 * 3 + 18) / 60, abs=0.01)
    assert totals.rates == {"44100": 1, "48000": 7}
    assert totals.channels == {"1": 7, "2": 1}
    groups = [*report.split.trained, *report.split.held_out]
    assert len(report.split.held_out) == 1 and len(set(groups)) == totals.groups == 8
    text = " ".join(report.warnings)
    assert "Only 0.65 minutes" in text and "Several sample rates" in text and "1 .txt" in text


def test_the_run_uses_what_the_report_says(zoo: Path, report: Report, tmp_path: Path) -> None:
    dataset = gather([zoo], tmp_path / "set")
    check(dataset, RATE).write()
    clips = read_clips([tmp_path / "set"], RATE, {"speech"}, warn=pytest.fail)
    used = {row.name for row in report.rows if row.verdict != LEFT_OUT}
    assert {clip.path.name for clip in clips} == used
    told: list[str] = []
    assert len(read_clips([tmp_path / "set"], 16_000, {"speech"}, told.append)) > len(clips)
    assert "checked for 48000 Hz, not 16000 Hz" in told[0]
    trained, held_out = split(clips, TrainingConfig())
    assert sorted({clip.group for clip in trained}) == report.split.trained
    assert sorted({clip.group for clip in held_out}) == report.split.held_out


def test_without_a_check_what_cannot_be_read_is_told(zoo: Path) -> None:
    told: list[str] = []
    clips = read_clips([zoo], RATE, {"music"}, told.append)
    assert {clip.kind for clip in clips} == {"music"}
    assert len(told) == 3 and all(line.startswith("left out: ") for line in told)


def test_a_folder_of_which_nothing_is_read_is_reported(zoo: Path, tmp_path: Path) -> None:
    """A run on several folders said nothing of the one that gave it nothing."""
    write(tmp_path / "a.wav", VOICE)
    (tmp_path / "metadata.csv").write_text("file_name,target\na.wav,gone.wav\n")
    lines: list[str] = []
    assert read_clips([zoo, tmp_path], RATE, {"speech"}, lines.append)
    assert lines[-1].startswith(f"{tmp_path.name}: no recording of kind speech was read (0 rec")
    assert lines[-1].endswith("gone.wav: metadata.csv names it, but it is not there)")
    with pytest.raises(ValueError, match=r"could not be used, such as gone.wav: metadata.csv name"):
        read_clips([tmp_path], RATE, {"speech"}, lines.append)


def test_a_check_of_nothing_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("no sound")
    with pytest.raises(typer.Exit):
        check_command([tmp_path])
    assert "Nothing here can be used." in capsys.readouterr().out


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pairs")

    def pair(name: str, degraded: np.ndarray, clean: np.ndarray, rate: int = RATE) -> None:
        write(folder / f"noisy/{name}.wav", degraded, rate)
        write(folder / f"clean/{name}.wav", clean)

    voices = [speech(3.0, seed=seed)[0] for seed in range(8)]
    pair("fits", band_limited(voices[0], 4000), voices[0])
    pair("late", np.pad(band_limited(voices[1], 4000), (480, 0)), voices[1])
    pair("low rate", soxr.resample(voices[2], RATE, 16_000), voices[2], 16_000)
    pair("inverted", -band_limited(voices[3], 4000), voices[3])
    pair("drifts", soxr.resample(voices[4], RATE, RATE * 1.0002), voices[4])
    pair("other", np.random.default_rng(0).normal(0, 0.1, 3 * RATE), voices[5])
    pair("channels", np.stack([band_limited(voices[6], 4000)] * 2), voices[6])
    pair("nothing to do", voices[7], voices[7])
    write(folder / "noisy/swapped.wav", speech(3.0, seed=9)[0])
    write(folder / "clean/swapped.wav", band_limited(speech(3.0, seed=9)[0], 10_000))
    write(folder / "noisy/fits too.wav", band_limited(voices[0], 6000))
    write(folder / "clean/fits too.wav", voices[0])
    write(folder / "clean/alone.wav", voices[0])
    return folder


PAIRS = {
    "fits": (USED, ""),
    "late": (USED, "is 480 samples (10.00 ms) late, corrected"),
    "low rate": (USED, ""),
    "inverted": (CARE, "inverted polarity"),
    "drifts": (LEFT_OUT, "drift apart by"),
    "other": (LEFT_OUT, "are not the same sound"),
    "channels": (CARE, "2 and 1 channels"),
    "nothing to do": (CARE, "both sides are the same"),
    "swapped": (CARE, "swapped?"),
    "fits too": (USED, ""),
}


def test_pairs_are_judged_corrected_and_read_to_the_sample(pairs: Path, tmp_path: Path) -> None:
    report = check(gather([pairs], tmp_path / "set"), RATE)
    report.write()
    rows = {Path(row.name).stem: row for row in report.rows}
    assert {name: row.verdict for name, row in rows.items()} == {
        **{name: verdict for name, (verdict, _) in PAIRS.items()},
        "alone": LEFT_OUT,
    }
    for name, (_, reason) in PAIRS.items():
        assert reason in "; ".join(rows[name].reasons), name
    assert rows["drifts"].drift_ppm == pytest.approx(200, rel=0.15)
    assert rows["fits"].group == rows["fits too"].group  # one clean sound, one side of the split
    told: list[str] = []
    for source in (tmp_path / "set", pairs):
        clips = {
            clip.path.stem: clip for clip in read_clips([source], RATE, {"speech"}, told.append)
        }
        used = {name for name, (verdict, _) in PAIRS.items() if verdict != LEFT_OUT}
        assert clips.keys() == used
        for name in ("late", "inverted", "low rate"):
            degraded, clean = clips[name].degraded, clips[name].samples
            assert degraded is not None and len(degraded) == len(clean) == 3 * RATE
            low = band_limited(clean, 4000)
            error = band_limited(degraded, 4000) - low
            assert np.sum(error**2) < 1e-4 * np.sum(low**2), name
    assert len(told) == 2  # the set was checked; the folder's own two bad pairs are told


def test_one_group_is_trained_on_and_the_report_says_what_that_means(tmp_path: Path) -> None:
    write(tmp_path / "only.wav", VOICE)
    report = check(open_dataset(tmp_path), RATE)
    assert report.split.held_out == []
    assert any("nothing is held out" in line for line in report.warnings)


def test_a_table_splits_by_speaker(tmp_path: Path) -> None:
    lines = ["file_name,speaker"]
    for number in range(6):
        write(tmp_path / f"{number}.wav", speech(1.0, seed=number)[0])
        lines.append(f"{number}.wav,{'ann' if number < 3 else 'bob'}")
    (tmp_path / "metadata.csv").write_text("\n".join(lines))
    plan = check(open_dataset(tmp_path), RATE).split
    assert plan.by == "speaker" and len(plan.held_out) == len(plan.trained) == 1


def test_checking_can_be_stopped(zoo: Path) -> None:
    def stop(fraction: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(open_dataset(zoo), RATE, stop)


def test_the_command_prints_a_table_or_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "good.wav", VOICE)
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.write(tmp_path / "good.wav", "good.wav")
        archive.writestr("../evil.wav", b"x")
        archive.writestr("bad [red].wav", b"x")
    command = [sys.executable, "-m", "training", "check", str(tmp_path / "in.zip"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    document = json.loads(done.stdout)
    assert [row["verdict"] for row in document["rows"]].count("left out") == 2
    assert not (tmp_path.parent / "evil.wav").exists()
    check_command([tmp_path / "in.zip"], into=tmp_path / "kept")
    table = capsys.readouterr().out
    assert "leads out of the zip" in table and "bad [red].wav" in table
    assert "1 used, 0 with care, 2 left out" in table
    assert (tmp_path / "kept/check.json").is_file()
    with pytest.raises(SystemExit, match=r"gone: is not there"):
        check_command([tmp_path / "gone"])
