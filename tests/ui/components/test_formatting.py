"""Numbers as text."""

from __future__ import annotations

import pytest

from ui.components import formatting


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.04, "0.0 s"), (8.26, "8.3 s"), (59.96, "1:00 min"), (125, "2:05 min"), (3723, "1:02:03 h")],
)
def test_durations(seconds: float, said: str) -> None:
    assert formatting.clock(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "1 s"), (44.6, "45 s"), (150, "2 min"), (9000, "2.5 h")]
)
def test_estimates_are_rough(seconds: float, said: str) -> None:
    assert formatting.about(seconds) == said


@pytest.mark.parametrize(
    ("hz", "said"), [(440, "440 Hz"), (3912, "3.9 kHz"), (8000, "8 kHz"), (22_400, "22.4 kHz")]
)
def test_frequencies(hz: float, said: str) -> None:
    assert formatting.hertz(hz) == said
