"""What the player is given: copies that sound like the sound, peaks, trims, and clear errors."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.audio.sound import Audio
from tests.support.helpers import tone
from ui.components.player import (
    ABPlayer,
    Sound,
    listening_copy,
    matching_gains,
    peaks,
    player_value,
)
from ui.components.zoom import PEAK


def decode(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<i2").reshape(-1, 2) / PEAK


@pytest.mark.parametrize(("scale", "subtype"), [(1.0, "PCM_24"), (0.001, "PCM_24"), (3.0, "FLOAT")])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_listening_copy_is_neither_normalised_nor_clipped(
    tmp_path: Path, rng: np.random.Generator, scale: float, subtype: str, channels: int
) -> None:
    samples = (scale * rng.uniform(-0.99, 0.99, (channels, 5_003))).astype(np.float32)
    path = listening_copy(Audio(samples, 44_100), tmp_path / "copy.wav")
    back, rate = soundfile.read(path, dtype="float32", always_2d=True)
    assert (rate, soundfile.info(path).subtype) == (44_100, subtype)
    assert np.abs(back.T - samples).max() <= 2.0**-23


@pytest.mark.parametrize("channels", range(3, 9))
def test_more_than_two_channels_keep_their_sides(tmp_path: Path, channels: int) -> None:
    for channel, sides in ((0, (True, False)), (1, (False, True)), (2, None)):
        samples = np.zeros((channels, 100), np.float32)
        samples[channel] = 0.5
        path = listening_copy(Audio(samples, 8_000), tmp_path / "copy.wav")
        back = soundfile.read(path, always_2d=True)[0]
        assert back.shape == (100, 2) and np.abs(back).max() <= 0.5
        if sides:
            assert tuple(back.any(axis=0)) == sides


def test_peaks_hold_every_extreme(rng: np.random.Generator) -> None:
    samples = 0.1 * rng.uniform(-1, 1, (2, 100_000)).astype(np.float32)
    samples[1, 77_777], samples[0, 5] = 1.5, -0.9
    pairs = decode(peaks(Audio(samples, 48_000), 1500))
    assert pairs.shape == (1500, 2)
    assert pairs.max() == pytest.approx(1.5, abs=1e-3)
    assert pairs.min() == pytest.approx(-0.9, abs=1e-3)
    assert pairs[:, 1].argmax() == 77_777 * 1500 // 100_000 and pairs[:, 0].argmin() == 0
    assert decode(peaks(Audio(samples[:, :3], 48_000))).shape == (3, 2)


def test_trims_bring_all_down_to_the_quietest() -> None:
    assert matching_gains([-20.0, -26.5, None]) == [-6.5, 0.0, 0.0]
    assert matching_gains([None]) == [0.0]


def test_all_sounds_get_one_rate_and_their_keys_in_order(tmp_path: Path) -> None:
    sounds = [Sound("<b>x</b>", tone(16_000), -3.0), Sound("y", tone(48_000))]
    value = player_value(sounds, tmp_path)
    assert [(t.key, t.label, t.gain_db) for t in value.tracks] == [
        ("A", "<b>x</b>", -3.0), ("B", "y", 0.0),
    ]  # fmt: skip
    infos = [soundfile.info(track.file.path) for track in value.tracks]
    assert {(info.samplerate, info.frames) for info in infos} == {(48_000, 48_000)}
    assert value.seconds == 1.0


def test_sounds_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="1 to 8 sounds, got 0"):
        player_value([], tmp_path)
    with pytest.raises(ValueError, match="equally long"):
        player_value([Sound("a", tone()), Sound("b", tone(seconds=1.1))], tmp_path)


def test_the_template_survives_the_page_s_template_language() -> None:
    player = ABPlayer()
    assert not any(mark in player.html_template for mark in ("{{", "`", "${", "\\"))
    assert player.postprocess(None) is None
