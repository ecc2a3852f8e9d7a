"""Makes the example sounds in assets/examples; nothing in them was recorded from anyone.

    python tests/support/make_examples.py [--espeak]

The synthesised ones come out the same on every run. `--espeak` also makes the spoken one again,
with the espeak-ng program (its speech carries no licence claim).
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile
import soxr
from scipy.signal import butter, lfilter, sosfiltfilt

FOLDER = Path(__file__).parents[2] / "assets" / "examples"
RATE = 48_000
SPOKEN = (
    "This call came over a telephone line. Everything above four kilohertz was lost: "
    "the hiss of the s, the breath, and the room."
)

VOWELS = {  # Hz: the first four formants of a male voice (Peterson and Barney, 1952)
    "a": (730, 1090, 2440, 3400),
    "e": (530, 1840, 2480, 3500),
    "i": (270, 2290, 3010, 3700),
    "o": (570, 840, 2410, 3300),
    "u": (300, 870, 2240, 3200),
}
PHRASE = [  # consonant noise (Hz, or 0), vowel, seconds, pitch in Hz
    (6500, "i", 0.28, 128), (0, "a", 0.34, 120), (4200, "o", 0.30, 112), (7500, "e", 0.36, 124),
    (0, "i", 0.24, 132), (5200, "a", 0.42, 108), (6800, "u", 0.30, 116), (0, "e", 0.30, 122),
    (7800, "a", 0.36, 118), (4800, "i", 0.30, 110), (0, "o", 0.46, 98),
]  # fmt: skip


def low_pass(sound: np.ndarray, hz: float) -> np.ndarray:
    """A steep zero-phase band limit, as a codec or a line makes it."""
    return sosfiltfilt(butter(10, hz, fs=RATE, output="sos"), sound)


def envelope(n: int, attack_s: float = 0.03, release_s: float = 0.06) -> np.ndarray:
    rise, fall = int(attack_s * RATE), int(release_s * RATE)
    shape = np.ones(n)
    shape[:rise] = np.sin(np.linspace(0, np.pi / 2, rise)) ** 2
    shape[-fall:] = np.cos(np.linspace(0, np.pi / 2, fall)) ** 2
    return shape


def vowel(name: str, seconds: float, pitch_hz: float, rng: np.random.Generator) -> np.ndarray:
    """A pulse train with vibrato and breath through four resonances."""
    n = int(seconds * RATE)
    time = np.arange(n) / RATE
    hz = pitch_hz * (1 + 0.02 * np.sin(2 * np.pi * 5.2 * time) - 0.08 * time / seconds)
    phase = np.cumsum(hz) / RATE
    pulses = np.diff(np.floor(phase), prepend=0.0)
    sound = lfilter([1.0], [1, -0.93], pulses) + 0.004 * rng.standard_normal(n)
    for formant_hz, width_hz in zip(VOWELS[name], (80, 100, 140, 200), strict=True):
        radius = np.exp(-np.pi * width_hz / RATE)
        poles = [1, -2 * radius * np.cos(2 * np.pi * formant_hz / RATE), radius**2]
        sound = lfilter([sum(poles)], poles, sound)
    return sound / np.abs(sound).max() * envelope(n)


def consonant(hz: float, rng: np.random.Generator) -> np.ndarray:
    """A hiss around `hz`."""
    n = int(0.11 * RATE)
    hiss = sosfiltfilt(
        butter(2, (hz / 1.5, min(hz * 1.6, 20_000)), "band", fs=RATE, output="sos"),
        rng.standard_normal(n),
    )
    return 0.35 * hiss / np.abs(hiss).max() * envelope(n, 0.02, 0.03)


def syllables() -> np.ndarray:
    """Eight seconds of syllables in no language, of full bandwidth."""
    rng = np.random.default_rng(2)
    parts = []
    for hiss_hz, name, seconds, pitch_hz in PHRASE * 2:
        if hiss_hz:
            parts.append(consonant(hiss_hz, rng))
        parts += [vowel(name, seconds, pitch_hz, rng), np.zeros(int(0.03 * RATE))]
    return np.concatenate(parts)[: 8 * RATE]


def voice() -> np.ndarray:
    """The same, band-limited to 4 kHz."""
    return low_pass(syllables(), 3_900)


def pluck(hz: float, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """A plucked string. Source: Karplus and Strong, 1983."""
    delay = round(RATE / hz)
    burst = np.zeros(int(seconds * RATE))
    burst[:delay] = rng.uniform(-1, 1, delay)
    loop = np.zeros(delay + 2)
    loop[0], loop[delay], loop[delay + 1] = 1, -0.4985, -0.4985
    return lfilter([1.0], loop, burst) * envelope(len(burst), 0.001, 0.2)


def music() -> np.ndarray:
    """Six seconds of a plucked phrase over brushed cymbals, in stereo, low-passed at 8 kHz."""
    rng = np.random.default_rng(3)
    mix = np.zeros((2, 6 * RATE))
    scale = (0, 3, 7, 10, 12, 15, 14, 10, 7, 8, 12, 15, 17, 15, 12, 7, 0)
    for beat, step in enumerate(scale):
        start, side = int(beat * 0.32 * RATE), 0.5 + 0.3 * np.sin(beat)
        tone = pluck(146.83 * 2 ** (step / 12), min(1.6, 6 - beat * 0.32), rng)
        mix[:, start : start + len(tone)] += np.outer((np.sqrt(side), np.sqrt(1 - side)), tone)
        brush = rng.standard_normal(int(0.16 * RATE))
        brush *= np.exp(-np.arange(len(brush)) / (0.03 * RATE)) * (0.1 if beat % 2 else 0.04)
        mix[:, start : start + len(brush)] += brush
    return low_pass(mix, 8_000)


def record() -> np.ndarray:
    """Twelve seconds of the plucked phrase as an old record has it: hum, hiss and clicks."""
    rng = np.random.default_rng(5)
    sound = np.tile(music(), 2) / 3
    time = np.arange(sound.shape[1]) / RATE
    hum = sum(0.02 / k * np.sin(2 * np.pi * 50 * k * time + k) for k in (1, 2, 3, 5))
    sound += hum + 0.004 * rng.standard_normal(sound.shape)
    for at in rng.integers(RATE // 10, sound.shape[1] - RATE // 10, 24):
        n = int(rng.integers(6, 40))
        click = rng.standard_normal(n) * np.exp(-np.arange(n) / (n / 4))
        sound[:, at : at + n] += rng.uniform(0.2, 0.6) * click / np.abs(click).max()
    return sound


def spoken() -> np.ndarray:
    """The sentence of SPOKEN by espeak-ng, at 8 kHz."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spoken.wav"
        subprocess.run(
            ["espeak-ng", "-v", "en-gb", "-s", "150", "-p", "38", "-w", str(path), SPOKEN],
            check=True,
        )
        sound, rate = soundfile.read(path)
    return soxr.resample(sound, rate, 8_000, "VHQ")


def write(name: str, sound: np.ndarray, rate: int) -> None:
    """Writes (time,) or (channels, time) as 16-bit FLAC, peak -3 dBFS, with seeded dither."""
    sound = sosfiltfilt(butter(2, 40, "high", fs=rate, output="sos"), sound)  # no DC
    sound = sound.T * (10 ** (-3 / 20) / np.abs(sound).max())
    dither = np.random.default_rng(0).triangular(-1, 0, 1, sound.shape) / 32768
    FOLDER.mkdir(parents=True, exist_ok=True)
    soundfile.write(FOLDER / f"{name}.flac", sound + dither, rate, "PCM_16", compression_level=1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--espeak", action="store_true", help="also make the spoken example again")
    if parser.parse_args().espeak:
        write("Telephone-call-8-kHz", spoken(), 8_000)
    write("Synthetic-voice-up-to-4-kHz", voice(), RATE)
    write("Old-record-with-hum-and-clicks", soxr.resample(record().T, RATE, 44_100).T, 44_100)
    write("Plucked-strings-up-to-8-kHz", soxr.resample(music().T, RATE, 22_050).T, 22_050)


if __name__ == "__main__":
    main()
