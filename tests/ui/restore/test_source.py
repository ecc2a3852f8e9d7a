"""The first diagnosis is prepared while the first page is looked at."""

from __future__ import annotations

import pytest

from pipeline.diagnosis import diagnose
from ui.restore import source


def test_the_first_opening_prepares_once(monkeypatch: pytest.MonkeyPatch) -> None:
    diagnosed, timers = [], []

    class Timer:
        def __init__(self, delay_s: float, work) -> None:
            timers.append((delay_s, work))

        def start(self) -> None:
            assert self.daemon, "it would hold up the end of the server"

    monkeypatch.setattr(source.threading, "Timer", Timer)
    monkeypatch.setattr(diagnose, "diagnose", diagnosed.append)
    source.prepare_soon.cache_clear()
    source.prepare_soon()
    source.prepare_soon()
    ((delay_s, work),) = timers
    assert delay_s > 0 and not diagnosed
    work()
    assert [sound.seconds for sound in diagnosed] == [source.NOISE_S]
