"""The A/B player in a real browser: what is heard, to the sample."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.audio.sound import Audio
from tests.support.helpers import tone
from tests.support.player_sounds import FADE_S, RATE, START_S, noise, render, state, until
from ui.components.player import PlayerData, Sound, player_value

pytestmark = pytest.mark.browser
pytest_plugins = ["tests.support.players"]


def steps(*levels: float, seconds: float = 3.0) -> list[Sound]:
    """Constant sounds, one a level."""
    frames = round(seconds * RATE)
    sounds = [Audio(np.full((1, frames), level, np.float32), RATE) for level in levels]
    return [Sound(f"Level {level}", sound) for level, sound in zip(levels, sounds, strict=True)]


def test_every_sample_is_played_at_its_place_across_segments(page: Any, show: Any) -> None:
    sound = noise(5.1)
    show([Sound("Noise", sound)])
    heard = render(page, 5.0)[0]
    error = np.abs(heard - sound.samples[0, : len(heard)])[round(FADE_S * RATE) :]
    assert error.max() < 1e-6


def test_tracks_are_in_step_to_the_sample(page: Any, show: Any) -> None:
    sound = noise(5.1)
    show([Sound("Noise", sound), Sound("Inverted", Audio(-sound.samples, RATE))])
    both = "t.buses.forEach((bus) => bus.move(1, 0))"
    assert np.abs(render(page, 5.0, (0, both))).max() < 1e-6
    assert np.abs(render(page, 5.0)).max() > 0.4


def test_switching_is_a_raised_cosine_of_5_ms(page: Any, show: Any) -> None:
    show(steps(0.5, -0.25))
    heard = render(page, 1.0, (0.5, "t.select(1)"))[0].astype(float)
    moving = np.flatnonzero(np.abs(np.diff(heard)) > 1e-7)
    moving = moving[moving > 0.1 * RATE]
    length = moving[-1] - moving[0]
    assert 0.9 * FADE_S < length / RATE < 1.01 * FADE_S
    assert abs(moving[0] / RATE - (0.51 - START_S)) < 0.01
    u = np.arange(1, length) / (FADE_S * RATE)
    wanted = 0.5 - 0.75 * (0.5 - 0.5 * np.cos(np.pi * u))
    offsets = [heard[moving[0] + k :][: len(u)] - wanted for k in range(-3, 4)]
    assert min(np.abs(offset).max() for offset in offsets) < 5e-3
    assert np.allclose(heard[moving[-1] + 2 :], -0.25, atol=1e-6)


def test_switching_back_at_once_leaves_no_jump(page: Any, show: Any) -> None:
    show(steps(0.5, -0.25))
    deeds = [(0.5 + 0.003 * k, f"t.select({(k + 1) % 2})") for k in range(6)]
    heard = render(page, 1.0, *deeds)[0]
    steepest = 0.75 * np.pi / 2 / (FADE_S * RATE)
    assert np.abs(np.diff(heard[1000:])).max() < 1.1 * steepest
    assert heard[-1] == pytest.approx(0.5, abs=1e-6)


def test_loudness_is_matched_until_switched_off(page: Any, show: Any) -> None:
    sounds = steps(0.5, 0.25)
    show([Sound("Trimmed", sounds[0].audio, -6.0), Sound("Plain", sounds[1].audio)])
    heard = render(page, 1.0, (0.5, "t.match(false)"))[0]
    assert heard[RATE // 4] == pytest.approx(0.5 * 10 ** (-6 / 20), abs=1e-5)
    assert heard[-1] == pytest.approx(0.5, abs=1e-6)
    assert render(page, 0.5, (0, "t.active = 1; t.mix()"))[0][-1] == pytest.approx(0.25, abs=1e-6)


def test_stems_sound_together_each_at_its_level_until_muted_or_another_is_solo(
    page: Any, show: Any
) -> None:
    sounds = [Sound(sound.label, sound.audio, gain) for sound, gain in zip(
        steps(0.4, 0.2, 0.1), (0.0, -6.0, 0.0), strict=True)]  # fmt: skip
    show(sounds, muted=[False, False, True])
    strips = "t.mixer.strips"
    deeds = [
        (0, "t.mixer = player().mixer; t.mix()"),
        (0.5, f"{strips}[0].muted = true; {strips}[2].muted = false; t.mix()"),
        (1.0, f"{strips}[0].solo = true; t.mix()"),
    ]
    heard = render(page, 1.5, *deeds)[0]
    quiet = 0.2 * 10 ** (-6 / 20)
    assert heard[RATE // 4] == pytest.approx(0.4 + quiet, abs=1e-5)
    assert heard[3 * RATE // 4] == pytest.approx(0.1 + quiet, abs=1e-5)
    assert heard[-1] == pytest.approx(0.4, abs=1e-5)


def test_a_loop_repeats_exactly_and_seeking_lands_exactly(page: Any, show: Any) -> None:
    sound = noise(5.1)
    show([Sound("Noise", sound)])
    start, period = round(1.9 * RATE), round(0.25 * RATE)  # across the end of a segment
    loop = f"t.setLoop({{start: {start}, end: {start + period}}})"
    heard = render(page, 1.5, (0, loop))[0]
    fade = round(FADE_S * RATE)
    for begin in range(0, len(heard) - period, period):
        error = heard[begin + fade : begin + period] - sound.samples[0, start:][fade:period]
        assert np.abs(error).max() < 1e-6
    heard = render(page, 1.0, (0.5, "t.seek(96000)"))[0]
    tail = heard[-RATE // 4 :]
    at = np.flatnonzero(np.abs(sound.samples[0] - tail[0]) < 1e-6)
    assert any(np.allclose(sound.samples[0, a : a + len(tail)], tail, atol=1e-6) for a in at)


def test_another_rate_of_the_context_leaves_no_seams(page: Any, show: Any) -> None:
    show([Sound("Tone", tone(RATE, 1, 6.5))])
    heard = render(page, 6.2, rate=44_100)[0].astype(float)[2000:]
    angle = 2 * np.pi * 440 * np.arange(len(heard)) / 44_100
    basis = np.stack([np.sin(angle), np.cos(angle)], 1)
    error = np.abs(heard - basis @ np.linalg.lstsq(basis, heard, rcond=None)[0])
    seams = [
        slice(round((s - 0.01) * 44_100) - 2000, round((s + 0.02) * 44_100) - 2000)
        for s in (2, 4, 6)
    ]
    ordinary = np.delete(error, np.r_[tuple(seams)]).max()
    assert max(error[seam].max() for seam in seams) < 1.1 * ordinary


def test_mono_is_heard_on_both_sides_and_sides_are_kept(page: Any, show: Any) -> None:
    show([Sound("Mono", noise(1.0))])
    left, right = render(page, 0.5, channels=2)
    assert np.array_equal(left, right) and left.any()
    stereo = np.concatenate([noise(1.0).samples, np.zeros((1, RATE), np.float32)])
    show([Sound("Left", Audio(stereo, RATE))])
    until(page, "player()?.transport.segments.wavs[0].channels === 2")
    left, right = render(page, 0.5, channels=2)
    assert left.any() and not right.any()


def test_ten_minutes_of_stereo_stay_small(page: Any, show: Any, tmp_path: Path) -> None:
    frames, align = 600 * RATE, 6
    header = b"RIFF" + struct.pack("<I", 36 + frames * align) + b"WAVEfmt " + struct.pack(
        "<IHHIIHH", 16, 1, 2, RATE, RATE * align, align, 24
    ) + b"data" + struct.pack("<I", frames * align)  # fmt: skip
    value = player_value([Sound(name, noise(0.1)) for name in "xyz"], tmp_path)
    for track in value.tracks:
        path = tmp_path / f"long-{track.key}.wav"
        with path.open("wb") as file:
            file.write(header)
            file.truncate(len(header) + frames * align)  # silence that takes no room on disk
        track.file.path = str(path)
    show(PlayerData(seconds=600.0, tracks=value.tracks, pictures=[], of="", muted=[], marks=[]))
    page.click("#first .wmp-play")
    for second in range(5, 600, 60):
        page.evaluate(f"player().seek({second})")
        until(page, f"!player().state.waiting && player().state.position > {second}")
    assert state(page)["seconds"] == 600
    assert state(page)["bytes"] < 60e6
