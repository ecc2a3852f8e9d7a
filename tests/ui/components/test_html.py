"""What the page says: right numbers, plain words, and never someone else's HTML."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.audio.sound import Audio
from pipeline.diagnosis.diagnose import Diagnosis
from pipeline.diagnosis.finding import Finding
from ui.components import html as words
from ui.jobs import Progress
from ui.restore import diagnosis_view, source

EVIL_RECIPE = {
    "version": 1, "title": "<img src=x>\"'&", "summary": "<img src=x>\"'&",
    "stages": [{"stage": "<img src=x>\"'&", "reason": "<img src=x>\"'&"}],
}  # fmt: skip
EVIL = "<img src=x onerror=alert(1)>\"'&.wav"


@pytest.mark.parametrize(
    "html",
    [
        words.facts(EVIL, [EVIL], 3900.0, 48_000),
        words.problem(EVIL),
        words.note(EVIL),
        words.made(EVIL, EVIL, EVIL),
        words.running(Progress(0, EVIL, 0.5, None)),
        words.guarantee([(EVIL, EVIL, None, EVIL)]),
        words.candidate(EVIL, [("Loudness", EVIL, False, EVIL)], ""),
        words.candidate(EVIL, [], EVIL),
        diagnosis_view.panel(Diagnosis((Finding(EVIL, EVIL, EVIL, 0.5, EVIL, True),), EVIL_RECIPE)),
        diagnosis_view.panel(Diagnosis((Finding(EVIL, 1.0, "", 0.5, EVIL),), EVIL_RECIPE)),
        diagnosis_view.panel(Diagnosis((), {**EVIL_RECIPE, "stages": []})),
    ],
)
def test_no_visitor_s_text_becomes_html(html: str) -> None:
    assert "<img" not in html and "\"'&" not in html and "&lt;img" in html


def silent(stage: str, fraction: float) -> None:
    """A report that nobody reads."""


def test_the_diagnosis_has_troubles_first_the_surest_first_and_the_rest_folded_away() -> None:
    found = (
        Finding("lufs", -20.0, "LUFS", 1.0, "Fine level."),
        Finding("hum", 50.0, "Hz", 0.6, "It hums.", True),
        Finding("clicks", 9.0, "1/min", 0.9, "It clicks.", True),
    )
    stages = [{"stage": "declick", "reason": "Because."}, {"stage": "snmf", "reason": "So."}]
    said = diagnosis_view.panel(Diagnosis(found, {"version": 1, "title": "Old", "stages": stages}))
    places = [said.index(text) for text in ("It clicks", "90 % sure", "It hums", "60 % sure")]
    assert places == sorted(places) and said.index("wm-healthy") < said.index("Fine level")
    assert "2 findings" in said and "Because." in said and "S-NMF" in said
    fine = diagnosis_view.panel(Diagnosis(found[:1], {"version": 1, "stages": []}))
    assert "Nothing to do" in fine and "Nothing wrong" in fine


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.04, "0.0 s"), (8.26, "8.3 s"), (59.96, "1:00 min"), (125, "2:05 min"), (3723, "1:02:03 h")],
)
def test_durations(seconds: float, said: str) -> None:
    assert words.clock(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "1 s"), (44.6, "45 s"), (150, "2 min"), (9000, "2.5 h")]
)
def test_estimates_are_rough(seconds: float, said: str) -> None:
    assert words.about(seconds) == said


@pytest.mark.parametrize(
    ("hz", "said"), [(440, "440 Hz"), (3912, "3.9 kHz"), (8000, "8 kHz"), (22_400, "22.4 kHz")]
)
def test_frequencies(hz: float, said: str) -> None:
    assert words.hertz(hz) == said


def test_every_bandwidth_has_words_of_its_own_and_the_top_is_full() -> None:
    said = [words.bandwidth(hz) for hz in (3400, 5000, 7000, 11_000, 16_000, 20_000)]
    assert len(set(said)) == 6
    assert said[0].startswith("Like a telephone") and said[-1].startswith("Full band")


def test_progress_tells_the_place_in_the_line_or_the_time_left() -> None:
    assert "1 job is before yours" in words.running(Progress(1, "Starting", 0.0, None))
    waiting = words.running(Progress(3, "Starting", 0.0, None))
    assert "3 jobs are before yours" in waiting and "place 4" in waiting
    at_work = words.running(Progress(0, "Enhance", 0.425, 12.4))
    assert "Enhance" in at_work and "42 % · about 12 s left" in at_work
    assert "width:42.5%" in at_work


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("take 1.wav", "take 1"), ("../../etc/passwd", "passwd"), ("C:\\a\\b.mp3", "b"),
        ("Grüße (2).flac", "Grüße (2)"), ("a/b:c*?.wav", "b_c_"), ("...", "recording"),
        ("", "recording"), ("x" * 300 + ".wav", "x" * 80), ("a.b.wav", "a.b"),
    ],
)  # fmt: skip
def test_downloads_get_a_name_that_every_file_system_takes(name: str, stem: str) -> None:
    assert source.safe_stem(name) == stem


@pytest.mark.parametrize(
    ("at_s", "first", "frames"), [(0, 0, 1000), (1.5, 150, 1000), (99, 200, 1000), (-3, 0, 1000)]
)
def test_a_preview_always_fits_into_the_recording(at_s: float, first: int, frames: int) -> None:
    audio = Audio(np.arange(1200, dtype=np.float32)[None] / 1200, 100)
    part = source.excerpt(audio, at_s, 10.0)
    assert part.frames == frames
    assert part.samples[0, 0] == audio.samples[0, first]
    assert source.excerpt(audio, at_s, 60.0).frames == 1200


def test_the_facts_are_those_of_the_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    soundfile.write(tmp_path / "a.flac", 0.1 * rng.standard_normal((16_000, 2)), 16_000, "PCM_24")
    found = source.read(tmp_path / "a.flac", "my <b>take</b>.flac", 60.0, silent)
    said = source.describe(found)
    assert "my &lt;b&gt;take&lt;/b&gt;.flac" in said
    assert "1.0 s · 16 kHz · stereo · FLAC, 24 bit" in said
    with pytest.raises(ValueError, match="0.4 s of sound"):
        source.read(tmp_path / "a.flac", "a.flac", 0.4, silent)
