"""Voices over music, separated: how much better does each separator make the voice?

    python -m tests.bench.voice FOLDER [FOLDER ...] [--separators wave_unet,htdemucs] [--count 24]

Each FOLDER has a manifest. The voices and the music are those that the config voice-over-music
holds out, mixed at equal level, the voice in the middle. Demucs' weights: $WAVEMEND_DEMUCS.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline.audio.decode import load
from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from pipeline.evaluation.metrics import si_sdr_db
from pipeline.separation.factory import separator
from training.config import CONFIGS, read_config

RATE, SECONDS = 44_100, 8.0
VOICES = ("speech", "stem_vocals")


def mixtures(folders: list[Path], count: int) -> Iterator[tuple[Audio, np.ndarray]]:
    """Stereo mixtures at 0 dB, and the voice in each, (2, T)."""
    held = set(read_config(CONFIGS / "voice-over-music.json").validation_groups)
    voices: dict[str, Path] = {}
    music: dict[str, Path] = {}
    for folder in folders:
        with (folder / "MANIFEST.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                kind, group = row["kind"], row["speaker_or_group"]
                if kind.startswith("validation") or (kind in VOICES and group in held):
                    voices.setdefault(group, folder / row["path"])
                elif kind == "music" and group in held:
                    music.setdefault(group, folder / row["path"])
    pieces = list(music.values())
    for number, path in enumerate(list(voices.values())[:count]):
        voice = middle(path)[:1]
        rest = middle(pieces[number % len(pieces)])[:2, : voice.shape[1]]
        voice = np.repeat(voice, 2, axis=0)[:, : rest.shape[1]]
        rest = np.broadcast_to(rest, voice.shape) * (rms(voice) / max(rms(rest), 1e-6))
        gain = np.float32(0.7 / max(float(np.abs(voice + rest).max()), 1e-6))
        yield Audio(gain * (voice + rest), RATE), gain * voice


def middle(path: Path) -> np.ndarray:
    """(C, T) the middle of a recording."""
    audio = resample(load(path), RATE)
    length = round(SECONDS * RATE)
    start = max(0, (audio.frames - length) // 2)
    return np.array(audio.samples[:, start : start + length])


def rms(x: np.ndarray) -> float:
    return float(np.sqrt(np.square(x).mean()))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--separators", default="voice_masker,wave_unet,harmonic_percussive")
    parser.add_argument("--weights")
    parser.add_argument("--count", type=int, default=24)
    given = parser.parse_args()
    some = list(mixtures(given.folders, given.count))
    inputs = np.array([si_sdr_db(mixture.samples, voice) for mixture, voice in some])
    print(f"{len(some)} mixtures, SI-SDR of the voice {inputs.mean():.2f} dB\n")
    print("| separator | SI-SDR, dB | median gain, dB | x real time |\n|---|---|---|---|")
    for name in given.separators.split(","):
        own = given.weights if name == "voice_masker" else None
        one, ratios, began = separator(name, weights=own), [], time.monotonic()
        for mixture, voice in some:
            stems = one.stems(mixture)
            estimate = next(
                stems[stem] for stem in ("voice", "vocals", "harmonic") if stem in stems
            )
            ratios.append(si_sdr_db(estimate.samples, voice))
        speed = sum(mixture.seconds for mixture, _ in some) / (time.monotonic() - began)
        gained = float(np.median(np.array(ratios) - inputs))
        print(f"| {name} | {np.mean(ratios):.2f} | {gained:.2f} | {speed:.1f} |", flush=True)


if __name__ == "__main__":
    main()
