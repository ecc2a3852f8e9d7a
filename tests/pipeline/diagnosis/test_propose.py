"""From findings to a recipe, the recipes that come with the product, and the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from models import checkpoint
from pipeline import recipe
from pipeline.__main__ import app
from pipeline.audio.decode import decode
from pipeline.audio.encode import save
from pipeline.audio.sound import Audio
from pipeline.degradation.effects import BandLimit, Crush
from pipeline.diagnosis.diagnose import diagnose
from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.propose import propose
from tests.support.helpers import snr_db
from tests.support.sounds import music, speech

NAMED = (
    "ai-generated-music", "band-limited-music", "band-limited-speech", "lossy-music",
    "neural-codec-speech",
    "noisy-music", "noisy-speech", "old-recording", "reverberant-speech", "telephone",
)  # fmt: skip
USUAL: dict[str, Any] = {"content": "speech", "bandwidth": 20_000.0, "snr": 60.0}
ORDER = ["remove_hum", "declick", "dequantize", "denoise", "enhance"]


def proposed(*troubles: str, **values: Any) -> dict[str, Any]:
    """The recipe for findings of which the named ones are trouble."""
    usual = {**USUAL, **dict.fromkeys(troubles, 1.0), "bandwidth": 4000.0}
    given = {**usual, **values}
    return propose(
        [Finding(name, value, "", 1.0, f"About {name}.", name in troubles)
         for name, value in given.items()]
    )  # fmt: skip


def stages(document: dict[str, Any]) -> list[str]:
    recipe.load(document)
    return [entry["stage"] for entry in document["stages"]]


@pytest.mark.parametrize(
    ("trouble", "stage"),
    [
        ("hum", "remove_hum"), ("dc_offset", "remove_hum"), ("rumble", "remove_hum"),
        ("clicks", "declick"), ("quantisation", "dequantize"), ("snr", "denoise"),
        ("bandwidth", "enhance"), ("codec_holes", "enhance"),
    ],
)  # fmt: skip
def test_each_trouble_has_its_stage_and_its_words_are_the_reason(trouble: str, stage: str) -> None:
    document = proposed(trouble)
    assert stages(document) == [stage]
    assert f"About {trouble}." in document["stages"][0]["reason"]


def test_stages_come_in_the_order_in_which_they_help() -> None:
    everything = proposed("bandwidth", "snr", "quantisation", "clicks", "hum", "dc_offset")
    assert stages(everything) == ORDER
    assert everything["stages"][0]["reason"] == "About hum. About dc_offset."


def test_no_trouble_is_nothing_to_do() -> None:
    document = proposed()
    assert document["stages"] == [] and document["title"] == "Nothing to do"
    assert recipe.load(document).stages == ()


def test_what_has_no_cure_is_said_and_not_treated() -> None:
    document = proposed("dropouts", "dead_channel")
    assert document["stages"] == [] and document["title"] == "No stage proposed"
    assert "About dropouts. About dead_channel." in document["summary"]


def test_each_kind_of_sound_gets_the_net_that_was_trained_for_it() -> None:
    for content in ("speech", "music"):
        chosen = proposed("bandwidth", content=content, bandwidth=4000.0)["stages"]
        assert [entry["checkpoint"] for entry in chosen] == [f"enhancer-{content}-48k"]


def test_holes_in_music_get_the_recipe_for_lossy_music() -> None:
    (entry,) = proposed("codec_holes", "bandwidth", content="music", bandwidth=11_000.0)["stages"]
    (known,) = recipe.read("lossy-music")["stages"]
    assert {**entry, "reason": ""} == {**known, "reason": ""}
    assert entry["reason"] == "About bandwidth. About codec_holes."


def test_a_net_for_speech_is_kept_from_music(monkeypatch: pytest.MonkeyPatch) -> None:
    cards = [checkpoint.Card("a-speech", "spectral_enhancer", {}, content="speech")]
    monkeypatch.setattr(checkpoint, "available", lambda folders: cards)
    document = proposed("bandwidth", content="music", bandwidth=4000.0)
    assert document["stages"] == [] and "no network for music" in document["summary"]
    assert "4 kHz" in document["summary"]


def test_only_shipped_nets_are_proposed_and_a_name_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    monkeypatch.setattr(checkpoint, "SHIPPED", shipped)
    monkeypatch.setenv("WAVEMEND_CHECKPOINTS", str(own))
    for folder, content in (
        (own / "a-speech-at-home", "speech"),
        (shipped / "b-speech-about-music", "music"),
        (shipped / "c", "speech"),
    ):
        folder.mkdir(parents=True)
        card = {"model": "spectral_enhancer", "config": {}, "content": content}
        (folder / checkpoint.CARD).write_text(json.dumps(card))
    for content, name in (("speech", "c"), ("music", "b-speech-about-music")):
        (entry,) = proposed("bandwidth", content=content)["stages"]
        assert entry["checkpoint"] == name


def test_treble_is_restored_where_the_content_is_uncertain_and_the_other_choice_is_named() -> None:
    for content, other in (("speech", "music"), ("music", "speech"), ("singing", "music")):
        document = propose(
            [
                Finding("content", content, "", 0.45, "Uncertain."),
                Finding("bandwidth", 4000.0, "Hz", 0.9, "Nothing above 4 kHz.", True),
            ]
        )
        assert stages(document) == ["enhance"]
        assert f'"{recipe.titles()[f"band-limited-{other}"]}"' in document["summary"]


def test_where_the_content_cannot_be_told_the_user_is_asked_to_choose() -> None:
    document = proposed("bandwidth", content=None, bandwidth=4000.0)
    assert document["stages"] == [] and document["title"] == "No stage proposed"
    for kind in ("speech", "music"):
        assert f'"{recipe.titles()[f"band-limited-{kind}"]}"' in document["summary"]


def test_nothing_is_made_up_from_a_band_narrower_than_in_training() -> None:
    document = proposed("bandwidth", content="music", bandwidth=1300.0)
    assert document["stages"] == [] and "too little is left" in document["summary"]


def test_other_sound_gets_the_nearest_net_and_that_is_said() -> None:
    document = proposed("bandwidth", content="other", bandwidth=4000.0)
    assert [entry["checkpoint"] for entry in document["stages"]] == ["enhancer-speech-48k"]
    assert "No network was trained for other sound" in document["summary"]


def test_more_noise_is_turned_down_further() -> None:
    depths = [proposed("snr", snr=ratio)["stages"][0]["reduction_db"] for ratio in (28, 20, 8)]
    assert depths == sorted(set(depths))


def test_what_takes_a_part_of_the_sound_needs_proof() -> None:
    def noisy(confidence: float, removed_db: float, ratio_db: float = 13.0) -> dict[str, Any]:
        findings = [
            Finding("content", "music", "", 1.0, "Music."),
            Finding("snr", ratio_db, "dB", confidence, "Noise.", True),
        ]
        return propose(findings, lambda entry: removed_db)

    assert stages(noisy(0.9, -20)) == stages(noisy(0.6, -45)) == ["snmf"]
    for doubtful in (noisy(0.6, -20), noisy(1.0, -20, ratio_db=4.0)):
        assert stages(doubtful) == [] and "not proposed" in doubtful["summary"]


def test_loud_hum_in_a_moment_of_music_may_be_its_bass_and_an_offset_is_not() -> None:
    def proposal(kind: str, trouble: str, seconds: float = 6.0) -> dict[str, Any]:
        findings = [
            Finding("content", kind, "", 1.0, "."),
            Finding("duration", seconds, "s", 1.0, "."),
            Finding(trouble, 60.0, "", 1.0, f"About {trouble}.", True),
        ]
        return propose(findings, lambda entry: -16.0)

    withheld = proposal("music", "hum")
    assert stages(withheld) == [] and "hum or rumble" in withheld["summary"]
    assert stages(proposal("music", "hum", seconds=12.0)) == ["remove_hum"]
    assert stages(proposal("music", "dc_offset")) == ["remove_hum"]
    assert stages(proposal("speech", "hum")) == ["remove_hum"]


def test_noise_is_what_was_recorded_of_other_sound() -> None:
    assert proposed("snr", content="other")["stages"] == []


@pytest.mark.parametrize(("content", "name"), [("speech", "neural-codec-speech"), ("other", "")])
def test_what_cannot_be_measured_is_asked(content: str, name: str) -> None:
    usual = proposed(content=content, sample_rate=24_000.0)["summary"]
    assert ("Did a neural codec" in usual) == bool(name)
    assert not name or recipe.titles()[name] in usual
    assert "Did a neural codec" not in proposed(content=content, sample_rate=44_100.0)["summary"]


def test_holes_of_a_codec_are_filled_from_below_the_edge() -> None:
    assert proposed("codec_holes")["stages"][0]["keep_below_hz"] == 3000
    assert "keep_below_hz" not in proposed("bandwidth")["stages"][0]


@pytest.mark.parametrize("name", recipe.named())
def test_every_recipe_says_what_it_is_for_and_why(name: str) -> None:
    document = recipe.read(name)
    assert document["title"] and len(document["summary"]) > 40
    assert recipe.load(name).stages
    if len(document["stages"]) > 1:
        assert all(entry["reason"] for entry in document["stages"])


def test_the_recipes_for_the_usual_cases_are_there() -> None:
    assert set(NAMED) <= set(recipe.named())


def test_a_proposal_mends_what_it_was_made_for() -> None:
    clean = speech(6.0)
    broken = Crush(8)(Audio(clean + np.float32(0.05), 48_000))
    document = diagnose(broken).recipe
    assert stages(document)[:2] == ["remove_hum", "dequantize"]
    mended = recipe.load(document)(broken)
    left = {finding.name for finding in diagnose(mended).troubles}
    assert not left & {"dc_offset", "quantisation"} and mended.frames == broken.frames
    assert snr_db(mended, Audio(clean, 48_000)) > 3 + snr_db(broken, Audio(clean, 48_000))


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A voice without treble, as a file."""
    return save(BandLimit(4000.0)(Audio(speech(4.0), 48_000)), tmp_path / "voice.wav")


def told(*arguments: str | Path) -> Any:
    return CliRunner().invoke(app, ["diagnose", *map(str, arguments)])


def test_the_command_prints_findings_and_recipe_as_json(recording: Path) -> None:
    done = told(recording, "--json")
    assert done.exit_code == 0 and done.stderr == ""
    document = json.loads(done.stdout)
    assert document == diagnose(*decode(recording)).to_json()
    assert stages(document["recipe"]) == ["enhance"]


def test_the_recipe_can_be_written_and_is_the_one_shown(recording: Path) -> None:
    out = recording.with_name("made.json")
    done = told(recording, "--recipe-out", out)
    assert done.exit_code == 0 and "treble was cut off" in " ".join(done.stdout.split())
    assert "1. enhance" in done.stdout and stages(recipe.read(out)) == ["enhance"]
    assert sorted(path.name for path in out.parent.iterdir()) == ["made.json", "voice.wav"]


def test_clean_sound_is_told_to_be_left_alone(tmp_path: Path) -> None:
    done = told(save(music(4.0), tmp_path / "song.wav"))
    assert done.exit_code == 0 and "leave it as it is" in " ".join(done.stdout.split())


def test_bad_files_and_bad_use_are_one_line(recording: Path, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("not a sound")
    for arguments, code in (
        (("nowhere.wav",), 1),
        ((tmp_path / "text.wav",), 1),
        ((recording, "--recipe-out", tmp_path / "recipe.txt"), 2),
        ((recording, "--recipe-out", tmp_path / "no" / "recipe.json"), 2),
    ):
        done = told(*arguments)
        assert done.exit_code == code and len(done.stderr.splitlines()) == 1, done.stderr
        assert done.stdout == ""
