"""The engine: which file comes out, what it says about it, and that failure leaves nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.audio.decode import load, probe
from pipeline.audio.encode import save
from pipeline.audio.sound import Audio, AudioError
from pipeline.restoration import RestoredFile, restore_file
from pipeline.stage import Cancelled, Chain
from tests.support.helpers import Gain, run_ffmpeg, tone
from tests.support.ticks import Recorder, stop_beyond

NOTHING = Chain()


def restored(source: Path, chain: Chain = NOTHING, kind: str | None = None) -> RestoredFile:
    return restore_file(source, source.parent / "out", chain, kind=kind)


@pytest.mark.parametrize(
    ("name", "stored", "out", "subtype"),
    [
        ("a.wav", "PCM_16", "a.wav", "PCM_24"),
        ("a.wav", "PCM_24", "a.wav", "PCM_24"),
        ("a.wav", "FLOAT", "a.wav", "FLOAT"),
        ("a.wav", "PCM_32", "a.wav", "FLOAT"),
        ("a b.c.flac", "PCM_16", "a b.c.flac", "PCM_24"),
        ("a.aiff", "PCM_16", "a.wav", "PCM_24"),
        ("a.mp3", None, "a.wav", "PCM_24"),
    ],
)
def test_the_result_has_the_inputs_stem_rate_length_and_at_least_its_depth(
    tmp_path: Path, name: str, stored: str, out: str, subtype: str
) -> None:
    audio = tone(44_100, 2)
    soundfile.write(tmp_path / name, audio.samples.T, 44_100, subtype=stored)
    result = restored(tmp_path / name)
    assert result.path == tmp_path / "out" / out and result.notes == ()
    info = probe(result.path)
    assert (info.rate, info.channels, info.frames, info.subtype) == (44_100, 2, 44_100, subtype)
    assert np.abs(load(result.path).samples - load(tmp_path / name).samples).max() <= 2**-24


def test_what_only_ffmpeg_reads_becomes_wav(tmp_path: Path) -> None:
    save(tone(), tmp_path / "source.wav")
    run_ffmpeg("-i", tmp_path / "source.wav", tmp_path / "a.m4a")
    assert probe(restored(tmp_path / "a.m4a").path).subtype == "PCM_24"


@pytest.mark.parametrize(
    ("kind", "suffix", "subtype"),
    [
        ("wav16", ".wav", "PCM_16"), ("wav24", ".wav", "PCM_24"), ("wav32f", ".wav", "FLOAT"),
        ("flac", ".flac", "PCM_24"), ("mp3", ".mp3", "MPEG_LAYER_III"), ("opus", ".opus", "OPUS"),
    ],
)  # fmt: skip
def test_the_format_can_be_chosen(tmp_path: Path, kind: str, suffix: str, subtype: str) -> None:
    result = restored(save(tone(96_000), tmp_path / "a.wav"), kind=kind)
    info = probe(result.path)
    assert (result.path.suffix, info.subtype) == (suffix, subtype)
    slower = suffix in (".mp3", ".opus")
    assert info.rate == (48_000 if slower else 96_000)
    assert any("written at 48000 Hz" in note for note in result.notes) == slower


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_above_full_scale_becomes_float_and_is_said(tmp_path: Path, name: str) -> None:
    result = restored(save(tone(), tmp_path / name), Chain((Gain(4.0),)))
    assert result.path.name == "a.wav" and probe(result.path).subtype == "FLOAT"
    assert np.abs(load(result.path).samples).max() == pytest.approx(2, rel=1e-3)
    assert ["above full scale" in note for note in result.notes] == [True]


def test_the_same_input_gives_the_same_bytes(tmp_path: Path, noise: Audio) -> None:
    path = save(noise, tmp_path / "a.wav")
    one = restore_file(path, tmp_path / "one", Chain((Gain(0.3),)))
    two = restore_file(path, tmp_path / "two", Chain((Gain(0.3),)))
    assert one.path.read_bytes() == two.path.read_bytes()
    same = {"seconds_taken": 0.0}
    assert replace(one.guarantee, **same) == replace(two.guarantee, **same)


def test_progress_rises_from_reading_to_writing(tmp_path: Path) -> None:
    tick = Recorder()
    path = save(tone(), tmp_path / "a.wav")
    restore_file(path, tmp_path / "out", Chain((Gain(0.5), Gain(2.0))), tick)
    assert tick.fractions == sorted(tick.fractions) and len(tick.fractions) >= 6
    assert tick.fractions[0] > 0 and tick.fractions[-1] == pytest.approx(1)
    assert list(dict.fromkeys(tick.whats)) == ["Reading", "", "Measuring", "Writing"]


@pytest.mark.parametrize("share", [0.0, 0.2, 0.95])
def test_stopping_at_any_point_leaves_nothing(tmp_path: Path, share: float) -> None:
    path = save(tone(), tmp_path / "a.wav")
    with pytest.raises(Cancelled):
        restore_file(path, tmp_path / "out", Chain((Gain(),)), stop_beyond(share))
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["a.wav"]


def test_inputs_and_other_outputs_are_never_overwritten(tmp_path: Path) -> None:
    path = save(tone(), tmp_path / "a.wav")
    (tmp_path / "link").symlink_to(tmp_path)
    before = path.read_bytes()
    for folder in (tmp_path, tmp_path / "link"):
        with pytest.raises(AudioError, match=r"a\.wav: would overwrite"):
            restore_file(path, folder, NOTHING)
    with pytest.raises(AudioError, match="would overwrite"):
        restore_file(path, tmp_path / "out", NOTHING, avoid={tmp_path / "out" / "a.wav"})
    flac = save(tone(), tmp_path / "sub.flac").rename(tmp_path / "out.flac")
    with pytest.raises(
        AudioError, match="would overwrite"
    ):  # too loud for FLAC, so it turns to WAV
        restore_file(flac, tmp_path, Chain((Gain(9.0),)), avoid={tmp_path / "out.wav"})
    assert path.read_bytes() == before


def test_an_unknown_format_and_a_folder_in_the_way_are_said(tmp_path: Path) -> None:
    path = save(tone(), tmp_path / "a.wav")
    with pytest.raises(AudioError, match="format: got 'wma', expected one of wav16"):
        restored(path, kind="wma")
    (tmp_path / "file").touch()
    with pytest.raises(AudioError, match="cannot be made"):
        restore_file(path, tmp_path / "file", NOTHING)
