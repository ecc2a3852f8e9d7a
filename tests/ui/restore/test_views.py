"""The Restore tab's pieces of HTML: right numbers, and text of others is never HTML."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.audio.sound import Audio
from pipeline.diagnosis.diagnose import Diagnosis
from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.propose import propose
from ui.restore import source, views

EVIL_RECIPE = {
    "version": 1, "title": "<img src=x>\"'&", "summary": "<img src=x>\"'&",
    "stages": [{"stage": "<img src=x>\"'&", "reason": "<img src=x>\"'&"}],
}  # fmt: skip
EVIL = "<img src=x onerror=alert(1)>\"'&.wav"


@pytest.mark.parametrize(
    "html",
    [
        views.facts_panel(EVIL, (EVIL,), 3900.0, 48_000),
        views.result_title(EVIL, EVIL, EVIL),
        views.guarantee([(EVIL, EVIL, None, EVIL)]),
        views.diagnosis_panel(
            Diagnosis((Finding(EVIL, EVIL, EVIL, 0.5, EVIL, True),), EVIL_RECIPE)
        ),
        views.diagnosis_panel(Diagnosis((Finding(EVIL, 1.0, "", 0.5, EVIL),), EVIL_RECIPE)),
        views.diagnosis_panel(Diagnosis((), {**EVIL_RECIPE, "stages": []})),
    ],
)
def test_no_visitor_s_text_becomes_html(html: str) -> None:
    assert "<img" not in html and "\"'&" not in html and "&lt;img" in html


def silent(stage: str, fraction: float) -> None:
    """A report that nobody reads."""


def test_the_diagnosis_has_troubles_first_the_surest_first_and_the_rest_folded_away() -> None:
    found = (
        Finding("lufs", -20.0, "LUFS", 1.0, "Fine level."),
        Finding("noise", -40.0, "dB", 1.0, "8-bit hiss at -40 dB."),
        Finding("level", None, "dBFS", 1.0, "Fine level."),
        Finding("hum", 50.0, "Hz", 0.6, "It hums.", True),
        Finding("clicks", 9.0, "1/min", 0.9, "It clicks.", True),
    )
    stages = [{"stage": "declick", "reason": "Because."}, {"stage": "snmf", "reason": "So."}]
    said = views.diagnosis_panel(Diagnosis(found, {"version": 1, "title": "Old", "stages": stages}))
    places = [said.index(text) for text in ("It clicks", "90 % sure", "It hums", "60 % sure")]
    assert places == sorted(places) and said.index("wm-healthy") < said.index("Fine level")
    assert said.count("Fine level") == 1, "two findings that say the same"
    assert "8-bit hiss at \u221240 dB." in said
    assert "2 findings" in said and "Because." in said and "S-NMF" in said
    fine = views.diagnosis_panel(Diagnosis(found[:1], {"version": 1, "stages": []}))
    assert "Nothing to do" in fine and "Nothing wrong" in fine
    untreated = {"version": 1, "title": "No stage proposed", "stages": []}
    beside = views.diagnosis_panel(Diagnosis(found, untreated))
    assert "No stage proposed" in beside and "Nothing to do" not in beside


def test_every_bandwidth_has_its_own_description_and_the_top_is_full() -> None:
    said = [views.character(hz) for hz in (3400, 5000, 7000, 11_000, 16_000, 20_000)]
    assert len(set(said)) == 6
    assert "telephone" in said[0] and said[-1].startswith("Full band")


def test_a_bandwidth_that_is_not_known_is_not_claimed() -> None:
    assert "Sound up to" not in views.facts_panel("a", ("mono",), None, 48_000)


def test_an_empty_proposal_beside_a_fault_does_not_say_that_all_is_in_order() -> None:
    fault = Finding("clipping", 0.1, "%", 0.9, "It clips.", True)
    content = Finding("content", "music", "", 0.9, "It sounds like music.")
    panel = views.diagnosis_panel(Diagnosis((fault, content), propose([fault, content])))
    assert "in order" not in panel and "Nothing to do" not in panel


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
    said = views.facts(found)
    assert "my &lt;b&gt;take&lt;/b&gt;.flac" in said
    assert "1.0 s · 16 kHz · stereo · FLAC, 24 bit" in said
    with pytest.raises(ValueError, match="0.4 s of sound"):
        source.read(tmp_path / "a.flac", "a.flac", 0.4, silent)
