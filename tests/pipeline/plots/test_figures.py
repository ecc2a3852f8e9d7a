"""Pictures say what is in the sound: right place, right level, same scale for both."""

from __future__ import annotations

import itertools
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.audio.buffers import allocate
from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from pipeline.plots import figures
from pipeline.plots.panels import Axis, Picture
from pipeline.plots.pooling import Spectrum, band_power, difference, envelope, spectrum
from pipeline.stage import Cancelled

RATE = 48_000


def sine(hz: float, seconds: float = 1.0, amplitude: float = 1.0, rate: int = RATE) -> Audio:
    time_s = np.arange(round(seconds * rate)) / rate
    return Audio(amplitude * np.sin(2 * np.pi * hz * time_s)[None], rate)


def pixels(path: Path) -> np.ndarray:
    """Colour indices, lowest frequency first."""
    return np.asarray(Image.open(path))[::-1]


def by_title(pictures: list[Picture]) -> dict[str, Picture]:
    return {picture.title: picture for picture in pictures}


# --- numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 96_000])
def test_a_full_scale_sine_measures_0_db(rate: int) -> None:
    seen = spectrum(sine(rate / 8, rate=rate), 10)
    level_db = 10 * np.log10(seen.power.max(axis=0))
    assert np.abs(level_db).max() < 1.5  # at most 1.42 dB where it falls between two bins
    assert abs(seen.power.argmax(axis=0) * seen.bin_hz - rate / 8).max() <= seen.bin_hz


def test_noise_measures_the_same_at_any_length_and_number_of_columns(
    rng: np.random.Generator,
) -> None:
    sound = Audio(rng.normal(0, 0.1, (2, 5 * RATE)).astype(np.float32), RATE)
    levels = [spectrum(sound, columns).average().power.mean() for columns in (7, 300)]
    part = spectrum(sound, 100, (RATE, 2 * RATE)).average().power.mean()
    assert np.ptp(10 * np.log10([*levels, part])) < 0.1


@pytest.mark.parametrize("log", [False, True])
def test_rows_keep_the_level_on_any_axis(log: bool) -> None:
    flat = Spectrum(np.full((1025, 3), 0.25, np.float32), RATE / 2048)
    edges = np.geomspace(40, RATE / 2, 457) if log else np.linspace(0, RATE / 2, 457)
    assert np.allclose(band_power(flat, edges), 0.25)
    above = band_power(flat, np.array([30_000.0, 40_000.0]))
    assert np.array_equal(above, np.zeros((1, 3)))


@pytest.mark.usefixtures("long_sound_is_short")
def test_the_envelope_is_that_of_the_slow_way(rng: np.random.Generator) -> None:
    sound = Audio(allocate(2, 5003) + rng.normal(0, 1, (2, 5003)).astype(np.float32), RATE)
    for columns, span in ((7, (0, 5003)), (100, (13, 4000)), (5003, (0, 5003))):
        edges = span[0] + np.arange(columns + 1) * (span[1] - span[0]) // columns
        parts = [sound.samples[:, a:b] for a, b in itertools.pairwise(edges)]
        slow = np.array([(part.min(), part.max()) for part in parts])
        assert np.array_equal(envelope(sound, columns, span), slow)
        assert not envelope(sound, columns, span, minus=sound).any()


def test_the_difference_is_exact_and_may_exceed_full_scale() -> None:
    before, after = sine(100, 0.5, 0.9), sine(100, 0.5, -0.9)
    made = difference(before, after)
    assert np.array_equal(made.samples, after.samples - before.samples)
    assert made.samples.max() > 1.7
    low = resample(after, 16_000)
    residue = difference(low, after).samples[:, 2000:-2000]
    assert np.abs(residue).max() < 1e-3 and made.frames == after.frames


# --- pictures ----------------------------------------------------------------------------------


@pytest.mark.parametrize("log", [False, True])
def test_a_tone_burst_lies_where_the_axes_say(tmp_path: Path, log: bool) -> None:
    samples = sine(5_000, 4.0).samples.copy()
    samples[:, : 1 * RATE] = samples[:, round(1.5 * RATE) :] = 0
    burst = Audio(samples, RATE)
    picture = figures.draw(burst, burst, tmp_path, log_frequency=log)[0]
    image = pixels(picture.light).astype(float)
    x, y = picture.x, picture.y
    assert (x.unit, x.low, x.high, y.unit, y.high) == ("s", 0.0, 4.0, "kHz", RATE / 2)
    row = image.sum(axis=1).argmax() + 0.5
    part = row / len(image)
    hz = y.low * (y.high / y.low) ** part if y.log else y.low + (y.high - y.low) * part
    assert abs(hz - 5_000) < 60
    loud = np.flatnonzero(image[int(row)] > 0.9 * image.max()) / image.shape[1] * 4.0
    assert abs(loud[0] - 1.0) < 0.03 and abs(loud[-1] - 1.5) < 0.03


def test_both_are_drawn_on_the_same_scales(tmp_path: Path, rng: np.random.Generator) -> None:
    noise = rng.normal(0, 0.1, (1, 2 * RATE)).astype(np.float32)
    quiet = Audio(noise * np.float32(0.1), RATE)
    pictures = figures.draw(quiet, Audio(noise, RATE), tmp_path)
    views: dict[str, list[Picture]] = {}
    for picture in pictures:
        views.setdefault(picture.view, []).append(picture)
    assert {name: len(view) for name, view in views.items()} == {
        "Spectrogram": 2, "Change": 1, "log1p and log": 4, "Waveform": 2, "Average spectrum": 2,
    }  # fmt: skip
    assert len({(p.x, p.y, p.scale) for p in views["Spectrogram"]}) == 1
    assert len({(p.x, p.y, p.scale) for p in views["log1p and log"]}) == 2
    assert views["Waveform"][0].y == views["Waveform"][1].y
    low, high = (pixels(p.light).mean() for p in views["Spectrogram"])
    unit, bottom, top, *_ = views["Spectrogram"][0].scale or ("", 0.0, 0.0)
    assert unit == "dB" and (high - low) / 255 * (top - bottom) == pytest.approx(20.0, abs=0.5)


def test_what_did_not_change_shows_no_change(tmp_path: Path) -> None:
    sound = sine(440, 1.0, 0.5)
    pictures = by_title(figures.draw(sound, sound, tmp_path, names=("Before", "After")))
    one, other = (pixels(pictures[name].dark) for name in ("Before", "After"))
    assert np.array_equal(one, other)
    for title in ("Difference, After \u2212 Before", "Change, After \u2212 Before"):
        drawn = np.asarray(Image.open(pictures[title].light))[..., 3].any(axis=1)
        at = np.flatnonzero(drawn) / len(drawn)
        axis = pictures[title].y
        assert np.allclose(at, axis.high / (axis.high - axis.low), atol=0.02)


def test_brighter_is_always_louder_and_themes_differ_only_in_curves(tmp_path: Path) -> None:
    sound = sine(440, 0.5)
    for picture in figures.draw(sound, sound, tmp_path):
        is_change = picture.view == "Change"
        assert (picture.light == picture.dark) == (picture.scale is not None and not is_change)
        if picture.scale:
            weights = np.array([0.2126, 0.7152, 0.0722])
            colours = [bytes.fromhex(colour[1:]) for colour in picture.scale.light]
            steps = np.diff([weights @ list(colour) for colour in colours])
            assert (steps[:2] > 0).all() and ((steps[-2:] < 0) == is_change).all()
            assert is_change or (steps > 0).all()
            assert (picture.scale.light != picture.scale.dark) == is_change
        else:
            assert np.asarray(Image.open(picture.dark))[..., 3].min() == 0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("frames", [1, 100, 5_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_silence_of_any_length_can_be_drawn(tmp_path: Path, frames: int, channels: int) -> None:
    silence = Audio(np.zeros((channels, frames), np.float32), RATE)
    for picture in figures.draw(silence, silence, tmp_path):
        assert picture.light.stat().st_size > 0 and picture.y.low < picture.y.high


def test_a_part_is_drawn_with_its_own_time_axis(tmp_path: Path) -> None:
    sound = sine(440, 2.0)
    picture = figures.draw(sound, sound, tmp_path, span_s=(0.5, 1.25))[0]
    assert picture.x == Axis("s", 0.5, 1.25)
    with pytest.raises(ValueError, match="span_s"):
        figures.draw(sound, sound, tmp_path, span_s=(3.0, 4.0))


def test_sounds_of_two_rates_share_the_higher_ones_axis(tmp_path: Path) -> None:
    sound = sine(440, 0.5)
    picture = figures.draw(resample(sound, 16_000), sound, tmp_path)[0]
    assert picture.y.high == RATE / 2


def test_sounds_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="same channels and length"):
        figures.draw(sine(440, 1.0), sine(440, 1.1), tmp_path)


def test_drawing_stops_when_told_to(tmp_path: Path) -> None:
    def stop(fraction: float, what: str = "") -> None:
        assert 0 <= fraction <= 1
        raise Cancelled

    with pytest.raises(Cancelled):
        figures.draw(sine(440), sine(440), tmp_path, tick=stop)


@pytest.mark.slow
def test_ten_minutes_of_stereo_take_seconds_and_little_memory(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    samples = allocate(2, 600 * RATE)
    samples[:] = rng.uniform(-0.5, 0.5, RATE).astype(np.float32)[np.arange(600 * RATE) % RATE]
    sound = Audio(samples, RATE)
    figures.draw(sine(440), sine(440), tmp_path)  # imports what is imported when first needed
    tracemalloc.start()
    started = time.process_time()
    figures.draw(sound, sound, tmp_path)
    seconds = time.process_time() - started
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seconds < 5
    assert peak < 150e6
