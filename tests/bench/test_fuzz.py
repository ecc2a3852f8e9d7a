"""Each target of the fuzzer holds for a second, and the fuzzer sees a target that breaks."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from tests.bench import fuzz


@pytest.mark.parametrize("target", fuzz.TARGETS)
def test_what_may_come_from_anyone_is_taken_or_refused(target: str) -> None:
    n_taken, n_refused = fuzz.fuzz(target, 1.0)
    assert n_taken and n_taken + n_refused >= fuzz.EXAMPLES


def test_any_other_error_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(number: int) -> None:
        if number > 100:
            raise IndexError(number)

    monkeypatch.setitem(fuzz.TARGETS, "broken", (lambda: st.integers(), breaks))
    with pytest.raises(IndexError, match="101"):
        fuzz.fuzz("broken", 1.0)
