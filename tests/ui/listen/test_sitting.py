"""A sitting shows no names, takes only answers that can be, and keeps what was answered."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.audio.decode import load
from pipeline.audio.encode import save
from pipeline.audio.sound import Audio
from pipeline.stage import no_tick
from tests.support.helpers import tone
from ui.listen import plan, sitting
from ui.listen.plan import Plan
from ui.listen.sounds import Stretch
from ui.sending import Version

STRETCH = Stretch(0.1, 0.5)


def sound(gain: float, rate: int = 16_000, seconds: float = 1.0) -> Audio:
    return Audio(gain * tone(rate=rate, seconds=seconds).samples, rate)


@pytest.fixture
def versions(tmp_path: Path) -> tuple[Version, ...]:
    save(sound(0.5), tmp_path / "secret.wav", subtype="FLOAT")
    return tuple(
        Version(item, condition, one)
        for item in ("song", "call")
        for condition, one in (("loud", tmp_path / "secret.wav"), ("quiet", sound(0.25, 48_000)))
    )


def begin(versions, folder: Path, test: str, **settings) -> sitting.Sitting:
    folder.mkdir()
    one = Plan(test, "ann", 3, STRETCH, **settings)
    return sitting.begin(one, versions, 60.0, folder, no_tick)


def answered(one: sitting.Sitting, answers: list) -> bool:
    return sitting.take(one, json.dumps({"number": one.at + 1, "answers": answers}))


def test_abx_matches_loudness_hides_names_and_keeps_what_was_said(versions, tmp_path: Path) -> None:
    one = begin(versions, tmp_path / "test", "abx", pair=("loud", "quiet"), n_trials=6)
    names = set()
    for trial in one.trials:
        value = sitting.booth(one)
        text = value.model_dump_json()
        assert [s.label for s in value.stimuli] == ["A", "B", "X"]
        assert not any(word in text.split("/") for word in ("song", "call", "loud", "quiet"))
        assert "secret" not in text
        paths = [Path(s.file.path) for s in value.stimuli]
        assert not names & {path.name for path in paths}
        names |= {path.name for path in paths}
        sounds = [load(path) for path in paths]
        assert {(s.rate, s.frames) for s in sounds} == {(48_000, 24_000)}
        levels = [
            np.abs(s.samples).max() * 10 ** (stimulus.gain_db / 20)
            for s, stimulus in zip(sounds, value.stimuli, strict=True)
        ]
        assert max(s.gain_db for s in value.stimuli) == 0
        np.testing.assert_allclose(levels, levels[0], rtol=0.02)
        same = trial.conditions[2] == trial.conditions[0]
        other = sounds[0 if same else 1].samples
        np.testing.assert_array_equal(sounds[2].samples, other)
        assert answered(one, ["A"])
        row = one.answers[-1]
        assert (row.condition, row.answer) == (trial.conditions[2], trial.conditions[0])
        assert row.correct == ("yes" if same else "no") and row.planned == 6
    assert one.over and sitting.booth(one) is None and len(one.answers) == 6
    assert not any(path.name in names for path in one.folder.iterdir())
    assert [row.order for row in one.answers] == [1, 2, 3, 4, 5, 6]
    assert {row.gain_db for row in one.answers} <= {-6.02, -6.03, -6.01, 0.0}


@pytest.mark.parametrize(
    "text",
    [
        None, "", "no", "[]", '{"number": 1}', '{"number": 2, "answers": ["A"]}',
        '{"number": 1, "answers": ["C"]}', '{"number": 1, "answers": ["A", "B"]}',
        '{"number": 1, "answers": [{}]}', "[" * 900,
    ],
)  # fmt: skip
def test_what_no_booth_sends_is_no_answer(versions, tmp_path: Path, text) -> None:
    one = begin(versions, tmp_path / "test", "abx", pair=("loud", "quiet"), n_trials=2)
    assert not sitting.take(one, text) and one.at == 0 and not one.answers


def test_training_judges_and_keeps_nothing(versions, tmp_path: Path) -> None:
    one = begin(
        versions, tmp_path / "test", "abx", pair=("loud", "quiet"), n_trials=4, training=True
    )
    rights = 0
    for trial in one.trials:
        right = trial.conditions[2] == trial.conditions[1]
        assert answered(one, ["B"])
        assert one.note.startswith("Right" if right else "Wrong")
        rights += right
    assert one.over and not one.answers and one.n_correct == rights


def test_mushra_has_a_hidden_reference_and_anchors_and_scores_each(
    versions, tmp_path: Path
) -> None:
    one = begin(versions, tmp_path / "test", "mushra", reference="quiet")
    names = {"reference", "loud", "anchor 3.5 kHz", "anchor 7 kHz"}
    for trial in one.trials:
        assert set(trial.conditions) == names
        value = sitting.booth(one)
        assert [s.key for s in value.stimuli] == ["0", "1", "2", "3", "4"]
        assert not answered(one, [50, 50, 50]) and not answered(one, [50, 50, 50, True])
        assert not answered(one, [50, 50, 50, 101])
        assert answered(one, [10, 20, 30, 40])
    assert [row.score for row in one.answers] == 2 * [10, 20, 30, 40]
    assert {row.condition for row in one.answers} == names and one.answers[0].planned == 8


def test_mos_rates_one_at_a_time(versions, tmp_path: Path) -> None:
    one = begin(versions, tmp_path / "test", "mos")
    for _ in range(4):
        assert len(sitting.booth(one).stimuli) == 1
        assert not answered(one, [6]) and not answered(one, [0])
        assert answered(one, [4])
    assert one.over and {(row.item, row.condition) for row in one.answers} == {
        (item, condition) for item in ("song", "call") for condition in ("loud", "quiet")
    }


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"test": "abx", "pair": ("loud", "loud")}, "two different"),
        ({"test": "abx", "pair": ("loud", "third")}, "two different"),
        ({"test": "mushra", "reference": "third"}, "the reference"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused(versions, settings, message) -> None:
    settings = {"listener": "ann", "seed": 0, "stretch": STRETCH, **settings}
    with pytest.raises(ValueError, match=message):
        plan.check(Plan(**settings), versions)
    with pytest.raises(ValueError, match="call has no 'quiet'"):
        plan.check(Plan("mos", "ann", 0, STRETCH), versions[:3])
    with pytest.raises(ValueError, match="Add recordings"):
        plan.check(Plan("mos", "ann", 0, STRETCH), ())


def test_versions_of_unequal_length_are_refused_and_nothing_is_left(tmp_path: Path) -> None:
    versions = [Version("song", "a", sound(0.5)), Version("song", "b", sound(0.5, seconds=2))]
    with pytest.raises(ValueError, match=r"song: .*a 1.00 s, b 2.00 s"):
        begin(versions, tmp_path / "test", "mos")
    assert not (tmp_path / "test").exists()
