"""A sitting: one listener takes one test, trial after trial."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from gradio.data_classes import FileData

from pipeline.evaluation.listening import orders
from pipeline.evaluation.listening.anchors import REFERENCE
from pipeline.evaluation.listening.answers import ABX, MOS, MUSHRA, SCALES, Answer
from pipeline.evaluation.listening.orders import Trial
from pipeline.stage import Tick, part, titled
from ui.listen.booth import BoothData, StimulusData
from ui.listen.items import Versions, items_of
from ui.listen.plan import Plan, check, name_of, wanted
from ui.listen.sounds import Sounds, linked, prepare
from ui.sending import Version
from ui.session import Session

SITTING = "sitting"


@dataclass
class Sitting:
    """A test that runs or has ended.

    Attributes:
        folder: the listening copies; removed with the sitting.
        answers: so far.
        at: how many trials are behind the listener.
        n_correct: of them, in training.
        played: the names under which the trial's sounds are served.
        ended: whether it was ended early.
    """

    plan: Plan
    trials: list[Trial]
    sounds: Sounds
    folder: Path
    answers: list[Answer] = field(default_factory=list)
    at: int = 0
    n_correct: int = 0
    note: str = ""
    played: list[Path] = field(default_factory=list)
    ended: bool = False

    @property
    def over(self) -> bool:
        return self.ended or self.at >= len(self.trials)

    @property
    def planned(self) -> int:
        """How many rows the whole test has."""
        per_trial = 1 if self.plan.test == ABX else len(self.trials[0].conditions)
        return per_trial * len(self.trials)


def current(session: Session | None) -> tuple[Session | None, Sitting | None]:
    """The session of a visitor's Listen tab, and the test that runs in it or ran last."""
    desk = session.listening if session else None
    return desk, desk.results.get(SITTING) if desk else None


def begin(plan: Plan, versions: Versions, longest_s: float, folder: Path, tick: Tick) -> Sitting:
    """Prepares the sounds and draws the order.

    Args:
        longest_s: a longer recording is refused.
        folder: an empty folder of the visitor's; removed again on failure or cancellation.
    """
    try:
        check(plan, versions)
        items, sounds = items_of(versions), Sounds()
        names = wanted(plan, versions)
        for at, item in enumerate(items):
            of_item = [
                Version(item, name_of(plan, one.condition), one.sound)
                for one in versions
                if one.item == item and one.condition in names
            ]
            preparing = titled(part(tick, at, len(items)), "Preparing the sounds")
            sounds |= prepare(of_item, plan.stretch, longest_s, folder, preparing)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Sitting(plan, _drawn(plan, items, sounds), sounds, folder)


def booth(sitting: Sitting) -> BoothData | None:
    """The trial that is next, its sounds under new random names; None after the last."""
    for old in sitting.played:
        old.unlink(missing_ok=True)
    sitting.played.clear()
    if sitting.over:
        return None
    trial = sitting.trials[sitting.at]
    stimuli = []
    for key, label, condition in _stimuli(sitting.plan.test, trial):
        sound = sitting.sounds[trial.item, condition]
        path = linked(sound.path)
        sitting.played.append(path)
        file = FileData(path=str(path))
        stimuli.append(StimulusData(key=key, label=label, file=file, gain_db=sound.gain_db))
    return BoothData(
        test=sitting.plan.test, number=sitting.at + 1, n_trials=len(sitting.trials),
        stimuli=stimuli, note=sitting.note,
    )  # fmt: skip


def take(sitting: Sitting, text: Any) -> bool:
    """Takes what the booth sent; False where it is no answer to the trial that is next."""
    given = _given(sitting, text)
    if given is None:
        return False
    trial = sitting.trials[sitting.at]
    if sitting.plan.test == ABX:
        _take_abx(sitting, trial, str(given[0]))
    else:
        for condition, score in zip(trial.conditions, given, strict=True):
            _keep(sitting, trial.item, condition, answer=str(score))
    sitting.at += 1
    return True


def _drawn(plan: Plan, items: list[str], sounds: Sounds) -> list[Trial]:
    if plan.test == ABX:
        return orders.abx(items, plan.pair, plan.n_trials, plan.seed)
    conditions = list(dict.fromkeys(condition for _, condition in sounds))
    draw = orders.mushra if plan.test == MUSHRA else orders.mos
    return draw(items, conditions, plan.seed)


def _stimuli(test: str, trial: Trial) -> list[tuple[str, str, str]]:
    """(key, label, condition) of what is played, in order."""
    if test == ABX:
        return [(key, key, name) for key, name in zip("ABX", trial.conditions, strict=True)]
    if test == MOS:
        return [("A", "Play", trial.conditions[0])]
    rated = [(str(at), str(at), name) for at, name in enumerate(trial.conditions, 1)]
    return [("0", "Reference", REFERENCE), *rated]


def _given(sitting: Sitting, text: Any) -> list[Any] | None:
    """The answers, checked; None where they are not those of the trial that is next."""
    try:
        message = json.loads(text) if isinstance(text, str) and len(text) < 1000 else None
    except ValueError:
        return None
    if sitting.over or not isinstance(message, dict) or message.get("number") != sitting.at + 1:
        return None
    given, test = message.get("answers"), sitting.plan.test
    count = 1 if test == ABX else len(sitting.trials[sitting.at].conditions)
    if not isinstance(given, list) or len(given) != count:
        return None
    return given if all(_is_valid(one, test) for one in given) else None


def _is_valid(one: Any, test: str) -> bool:
    if test == ABX:
        return one in ("A", "B")
    low, high = SCALES[test]
    return type(one) is int and low <= one <= high


def _take_abx(sitting: Sitting, trial: Trial, said: str) -> None:
    first, second, x = trial.conditions
    answer = first if said == "A" else second
    if sitting.plan.training:
        sitting.n_correct += answer == x
        verdict = "Right" if answer == x else "Wrong"
        sitting.note = f"{verdict}: X was {'A' if x == first else 'B'}."
        return
    against = second if x == first else first
    correct = "yes" if answer == x else "no"
    _keep(sitting, trial.item, x, answer=answer, against=against, correct=correct)


def _keep(
    sitting: Sitting, item: str, condition: str, answer: str, against: str = "", correct: str = ""
) -> None:
    plan = sitting.plan
    row = Answer(
        listener=plan.listener, time=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        test=plan.test, item=item, condition=condition, against=against, answer=answer,
        correct=correct, order=len(sitting.answers) + 1, planned=sitting.planned, seed=plan.seed,
        gain_db=sitting.sounds[item, condition].gain_db,
    )  # fmt: skip
    sitting.answers.append(row)
