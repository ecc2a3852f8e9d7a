"""The report: it stands alone, takes no name for HTML, and its sound is the recording's."""

from __future__ import annotations

import base64
import io
import json
import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline import restore
from pipeline.audio.sound import Audio, AudioError
from pipeline.diagnosis.diagnose import diagnose
from pipeline.evaluation import guarantee_card
from pipeline.plots.panels import Axis
from pipeline.report import document, excerpts, panels
from pipeline.report.report import Report, write
from tests.support.helpers import snr_db, tone

RECIPE = {"version": 1, "stages": [{"stage": "denoise", "reduction_db": 12.0}]}


def bytes_of(uri: str) -> bytes:
    return base64.b64decode(uri.partition("base64,")[2])


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    audio = tone(16_000, seconds=2.0)
    restored = restore(audio, RECIPE)
    report = Report(
        "<b>call</b>.wav", "Whole recording", audio, restored.audio, RECIPE,
        guarantee_card.rows(restored.guarantee), diagnose(audio).findings, ("<i>note",), audio,
    )  # fmt: skip
    path = write(report, tmp_path_factory.mktemp("report") / "new" / "call.report.html")
    assert [one.name for one in path.parent.iterdir()] == ["call.report.html"]
    return path.read_text("utf-8")


def test_nothing_is_fetched_and_no_name_is_html(page: str) -> None:
    addresses = re.findall(r'(?:src|srcset|href)="([^"]*)"', page)
    assert len(addresses) >= 8 and all(one.startswith("data:") for one in addresses)
    assert "<b>call" not in page and "&lt;b&gt;call" in page and "<i>note" not in page
    assert re.findall(r"(?:https?:)?//\w", re.sub(r"base64,[^\"]*", "", page)) == []


def test_the_policy_allows_this_script_and_this_style_only(page: str) -> None:
    policy = unescape(page.partition('Policy" content="')[2].partition('"')[0])
    style = page.partition("<style>")[2].partition("</style>")[0]
    script = page.partition("<script>")[2].partition("</script>")[0]
    assert policy == document.policy(style, script) and policy.startswith("default-src 'none';")
    assert policy != document.policy(style, script + " ") and "unsafe" not in policy
    assert page.count("<script>") == page.count("</script>") == 1 and " style=" not in page


def test_it_holds_recipe_numbers_and_versions(page: str) -> None:
    saved = page.partition('download="recipe.json" href="')[2].partition('"')[0]
    assert json.loads(bytes_of(saved)) == RECIPE
    for text in ("noise reduction 12 dB", "2.000 s, the same", "torch", "SI-SDR (dB)", "Mono."):
        assert text in page
    assert page.count("<picture>") == 6


def test_excerpts_are_the_loudest_of_each_part() -> None:
    samples = np.full((1, 60_000), 0.01, np.float32)
    for start in (3_000, 27_000, 50_000):
        samples[:, start : start + 10_000] = 0.5
    spans = excerpts.spans(Audio(samples, 1000))
    assert spans == [pytest.approx(one) for one in ((3, 13), (27, 37), (50, 60))]
    assert excerpts.spans(Audio(samples[:, :7_000], 1000)) == [(0.0, 7.0)]


def test_both_excerpts_are_as_long_as_they_say_and_matched_in_loudness() -> None:
    audio = tone(16_000, 2, seconds=3.0)
    quiet = Audio(0.5 * audio.samples, 16_000)
    (one,) = excerpts.excerpts(audio, quiet)
    before, after = (
        soundfile.read(io.BytesIO(bytes_of(u)))[0].T for u in (one.degraded, one.restored)
    )
    assert before.shape == after.shape == (2, 48_000)
    assert snr_db(Audio(before, 16_000), audio) > 20 and snr_db(Audio(after, 16_000), quiet) > 20
    assert one.gains == pytest.approx((0.5, 1.0), rel=0.01)


def test_where_opus_cannot_be_written_excerpts_are_flac(monkeypatch: pytest.MonkeyPatch) -> None:
    real = excerpts.save

    def save(audio: Audio, path: Path, **options: str) -> Path:
        if path.suffix == ".opus":
            raise AudioError("no Opus here")
        return real(audio, path, **options)

    monkeypatch.setattr(excerpts, "save", save)
    loud = Audio(3 * tone(16_000).samples, 16_000)
    (one,) = excerpts.excerpts(loud, loud)
    assert one.degraded.startswith("data:audio/flac")
    assert np.abs(soundfile.read(io.BytesIO(bytes_of(one.degraded)))[0]).max() <= 1


def test_ticks_are_round_and_long_time_is_in_minutes() -> None:
    assert panels.ticks(Axis("kHz", 0, 24_000)) == (
        (0, "0"), (20.833, "5"), (41.667, "10"), (62.5, "15"), (83.333, "20"),
    )  # fmt: skip
    assert [text for _, text in panels.ticks(Axis("s", 0, 1200))] == ["0", "5", "10", "15", "20"]
    assert panels.ticks(Axis("", -0.1, 0.1))[0] == (0, "\u22120.1")
