"""The answers of a listening test as rows of a CSV, which may come from anyone."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.evaluation.listening.statistics import BEST_VOTE

ABX, MUSHRA, MOS = "abx", "mushra", "mos"
TESTS = (ABX, MUSHRA, MOS)
BEST_SCORE = 100
SCALES = {MUSHRA: (0, BEST_SCORE), MOS: (1, BEST_VOTE)}
"""The lowest and the highest rating."""

LARGEST_BYTES = 1 << 20
MOST_ROWS = 20_000
LONGEST_TEXT = 200
LARGEST_INTEGER = 1 << 31
LARGEST_GAIN_DB = 100.0
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula at the start of a cell."""


@dataclass(frozen=True)
class Answer:
    """One row: an ABX trial, or one rating.

    Attributes:
        listener: an anonymous name.
        time: of the answer, ISO 8601.
        test: one of TESTS.
        item: the recording.
        condition: what was rated; of ABX what X was.
        against: of ABX the other condition of the pair, else "".
        answer: of ABX the condition that X was taken for; 0 to 100 (MUSHRA) or 1 to 5 (MOS).
        correct: of ABX "yes" or "no", else "".
        order: the row's number as the listener met it, from 1.
        planned: how many rows the whole test has; fixed before its first trial.
        seed: that the order was drawn with.
        gain_db: by which the sound was turned down to match loudness.
    """

    listener: str
    time: str
    test: str
    item: str
    condition: str
    against: str
    answer: str
    correct: str
    order: int
    planned: int
    seed: int
    gain_db: float

    @property
    def score(self) -> int:
        """The rating of a MUSHRA or MOS row."""
        return int(self.answer)

    def __post_init__(self) -> None:
        for name in ("listener", "time", "item", "condition", "against", "answer"):
            _check_text(name, getattr(self, name), empty=name == "against")
        if self.test not in TESTS:
            raise ValueError(f"test: got {self.test!r}, expected one of {', '.join(TESTS)}")
        _check_time(self.time)
        for name, lowest in (("order", 1), ("planned", 1), ("seed", 0)):
            if not lowest <= getattr(self, name) <= LARGEST_INTEGER:
                raise ValueError(f"{name}: got {getattr(self, name)}, expected {lowest} or more")
        if self.order > self.planned:
            raise ValueError(f"order: got {self.order}, expected at most {self.planned} as planned")
        if not abs(self.gain_db) <= LARGEST_GAIN_DB:
            raise ValueError(f"gain_db: got {self.gain_db}, expected -100 to 100")
        if self.test == ABX:
            _check_abx(self)
        else:
            _check_score(self)


COLUMNS = tuple(field.name for field in fields(Answer))


def dump(answers: Iterable[Answer]) -> str:
    """The answers as CSV; a text that a spreadsheet would run is written with a leading '."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for answer in answers:
        writer.writerow([_safe(v) if isinstance(v, str) else v for v in astuple(answer)])
    return file.getvalue()


def load(text: str, name: str) -> list[Answer]:
    """Reads what `dump` wrote.

    Args:
        name: of the file, for messages.

    Raises:
        ValueError: too long, not such a table, or a cell that cannot be; the line is named.
    """
    if len(text) > LARGEST_BYTES:
        raise ValueError(
            f"{name}: larger than {LARGEST_BYTES >> 20} MB, which no test's answers are"
        )
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="", strict=True)
    answers = []
    try:
        if missing := [column for column in COLUMNS if column not in (reader.fieldnames or ())]:
            raise ValueError(f"no column {missing[0]!r}; expected {', '.join(COLUMNS)}")
        for row in reader:
            answers.append(_answer(row))
            if len(answers) > MOST_ROWS:
                raise ValueError(f"more than {MOST_ROWS} rows")
    except (ValueError, csv.Error) as error:
        raise ValueError(f"{name}, line {max(reader.reader.line_num, 1)}: {error}") from None
    return answers


def read(paths: Sequence[Path]) -> list[Answer]:
    """The answers of several files, one after another.

    Raises:
        ValueError: as of `load`, or a file is not text in UTF-8.
        OSError: a file cannot be read.
    """
    answers: list[Answer] = []
    for path in paths:
        if path.stat().st_size > LARGEST_BYTES:
            raise ValueError(f"{path.name}: larger than {LARGEST_BYTES >> 20} MB")
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            raise ValueError(f"{path.name}: expected a CSV in UTF-8") from None
        answers += load(text, path.name)
        if len(answers) > MOST_ROWS:
            raise ValueError(f"more than {MOST_ROWS} rows in all")
    return answers


def _answer(row: dict[str, str | None]) -> Answer:
    if "" in row or None in row.values():
        raise ValueError("expected as many cells as the first line has")
    cells: dict[str, Any] = {name: _plain(str(row[name])) for name in COLUMNS}
    integers = {name: _integer(name, cells[name]) for name in ("order", "planned", "seed")}
    return Answer(**{**cells, **integers, "gain_db": _number("gain_db", cells["gain_db"])})


def _integer(name: str, cell: str) -> int:
    if not (cell.isascii() and cell.isdigit() and len(cell) <= 10):
        raise ValueError(f"{name}: got {cell[:20]!r}, expected a whole number")
    return int(cell)


def _number(name: str, cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{name}: got {cell[:20]!r}, expected a number")
    return value


def _check_text(name: str, text: str, empty: bool) -> None:
    if len(text) > LONGEST_TEXT or not text.isprintable() or not (text or empty):
        raise ValueError(f"{name}: expected 1 to {LONGEST_TEXT} printable characters")


def _check_time(time: str) -> None:
    try:
        datetime.fromisoformat(time)
    except ValueError:
        raise ValueError(f"time: got {time!r}, expected ISO 8601") from None


def _check_abx(row: Answer) -> None:
    if row.condition == row.against or row.answer not in (row.condition, row.against):
        raise ValueError(f"answer: got {row.answer!r}, expected one of the two conditions")
    if row.correct != ("yes" if row.answer == row.condition else "no"):
        raise ValueError(f"correct: got {row.correct!r}, which is not what the answer says")


def _check_score(row: Answer) -> None:
    low, high = SCALES[row.test]
    whole = row.answer.isascii() and row.answer.isdigit() and len(row.answer) <= 3
    if not whole or not low <= int(row.answer) <= high:
        raise ValueError(f"answer: got {row.answer!r}, expected a whole number, {low} to {high}")
    if row.against or row.correct:
        raise ValueError("against, correct: expected none, for a rating is neither right nor wrong")


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith((*FORMULA, "'")) else text


def _plain(cell: str) -> str:
    return cell.removeprefix("'")
