"""The report of a checkpoint: figures of stages whose effect is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from pipeline.audio.sound import Audio
from pipeline.degradation.effects import noise_floor
from pipeline.evaluation.benchmark import DAMAGES, report
from pipeline.stage import Tick, no_tick

RATE = 48_000


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    x = noise_floor(rng, (1, RATE), RATE, np.array([50.0, 24_000]), np.array([-20.0, -50]))[0]
    path = tmp_path / "clean.wav"
    sf.write(path, x * np.repeat([1, 0.1, 1, 0.3], RATE // 4), RATE, subtype="FLOAT")
    return path


def test_doing_nothing_leaves_every_distance(recording: Path) -> None:
    rows = report([recording], lambda audio, tick=no_tick: audio)
    assert [row.damage for row in rows] == [*DAMAGES, "mean of the band limits"]
    for row in rows:
        assert row.before == row.after > 0.5
    limits = [row.after for row in rows[:4]]
    assert limits == sorted(limits, reverse=True)
    assert rows[-1].after == pytest.approx(np.mean(limits), abs=1e-3)


def test_a_perfect_stage_has_no_distance_full_energy_and_modulation(recording: Path) -> None:
    clean = Audio(sf.read(recording, dtype="float32")[0][None], RATE)

    def perfect(audio: Audio, tick: Tick = no_tick) -> Audio:
        return clean

    for row in report([recording], perfect):
        assert row.after == row.after_16k == 0
        assert row.energy_db == pytest.approx(0, abs=1e-3)
        assert row.modulation == pytest.approx(1, abs=1e-3)


def test_half_the_level_is_six_decibels_less_energy(recording: Path) -> None:
    clean = sf.read(recording, dtype="float32")[0][None]
    rows = report([recording], lambda audio, tick=no_tick: Audio(0.5 * clean, RATE))
    assert rows[0].energy_db == pytest.approx(-6.02, abs=0.01)
    assert rows[0].after == pytest.approx(np.log10(4), abs=0.01)
