"""`python -m tests.bench.noisy_speech VOICES NOISES`: stages that denoise speech, beside RNNoise.

Each voice is mixed with one of the noises, at -5, 0, 5, 10 and 15 dB in turn; with --rooms each is
in a synthetic room, the noise is at 20, 30 and 40 dB, and the target has the first 50 ms of the
room. RNNoise takes part where the package pyrnnoise is installed; its output is compared without
its delay.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from scipy.signal import correlate

from pipeline.audio.decode import load
from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from pipeline.degradation.additions import gain_for
from pipeline.evaluation.metrics import lsd, si_sdr_db, stoi
from pipeline.files import SOUND_SUFFIXES
from pipeline.recipe import stage_classes
from pipeline.stage import with_settings
from training.data.backgrounds import Backgrounds
from training.data.noisy_speech import LIVE_ROOMS

RATE = 48_000
SNRS_DB, ROOM_SNRS_DB = (-5.0, 0.0, 5.0, 10.0, 15.0), (20.0, 30.0, 40.0)
PEAK = 0.5  # of a mixture
RNNOISE_FRAME = 480
Denoiser = Callable[[np.ndarray], np.ndarray]
Mixture = tuple[np.ndarray, np.ndarray, float]  # noisy (T,), clean (T,), SNR in dB


def mixtures(voices: list[Path], noises: list[Path], rooms: bool) -> list[Mixture]:
    """One for each voice; the noise is repeated where it is too short."""
    responses, snrs_db = Backgrounds([], RATE), ROOM_SNRS_DB if rooms else SNRS_DB
    rng, backgrounds = np.random.default_rng(7), [_mono(path) for path in noises]
    mixed = []
    for number, path in enumerate(voices):
        recorded = clean = _mono(path)
        snr_db = snrs_db[number % len(snrs_db)]
        if rooms:
            recorded, clean = responses.reverberant(clean, rng, LIVE_ROOMS)
        noise = backgrounds[number * 2 % len(backgrounds)]
        start = int(rng.integers(max(1, len(noise) - len(clean))))
        noise = np.resize(noise[start:], len(clean))
        noisy = recorded + noise * gain_for(recorded, noise, snr_db)
        gain = PEAK / np.abs(noisy).max()
        mixed.append((gain * noisy, gain * clean, snr_db))
    return mixed


def methods(stages: list[str]) -> dict[str, Denoiser]:
    """The mixture itself, those stages ("NAME" or "NAME:CHECKPOINT"), RNNoise if installed."""
    classes = stage_classes()
    chosen: dict[str, Denoiser] = {"input": lambda x: x}
    for name in stages:
        kind, _, checkpoint = name.partition(":")
        stage = with_settings(classes[kind](), checkpoint=checkpoint)
        chosen[name] = lambda x, stage=stage: stage(Audio(x[None], RATE)).samples[0]
    if importlib.util.find_spec("pyrnnoise"):
        chosen["RNNoise"] = _rnnoise
    return chosen


def _mono(path: Path) -> np.ndarray:
    sound = resample(load(path), RATE)
    return sound.samples.mean(0)


def _rnnoise(x: np.ndarray) -> np.ndarray:
    from pyrnnoise.rnnoise import create, destroy, process_frame

    state = create()
    padded = np.pad(x, (0, -len(x) % RNNOISE_FRAME + 4 * RNNOISE_FRAME))
    frames = np.round(np.clip(padded, -1, 1) * 32_767).astype(np.int16).reshape(-1, RNNOISE_FRAME)
    out = [np.ravel(process_frame([state], frame[None])[0]) for frame in frames]
    destroy(state)
    y = np.concatenate(out) / np.float32(32_768)
    delay = int(correlate(y, x, "full", "fft")[len(x) - 1 :].argmax())
    return y[delay : delay + len(x)]


def row(denoise: Denoiser, mixed: list[Mixture]) -> dict[str, float]:
    """Mean figures of one method over the mixtures, and its speed."""
    started = time.perf_counter()
    estimates = [denoise(noisy) for noisy, _, _ in mixed]
    seconds = time.perf_counter() - started
    pairs = [(y[None], clean[None]) for y, (_, clean, _) in zip(estimates, mixed, strict=True)]
    return {
        "si_sdr_db": float(np.mean([si_sdr_db(*pair) for pair in pairs])),
        "stoi": float(np.mean([stoi(*pair, RATE) for pair in pairs])),
        "lsd": float(np.mean([lsd(*pair, RATE) for pair in pairs])),
        "x_real_time": sum(len(clean) for _, clean, _ in mixed) / RATE / seconds,
    }


def main(
    voices: Annotated[Path, typer.Argument(help="Folder of clean voices.")],
    noises: Annotated[Path, typer.Argument(help="Folder of noises.")],
    stage: Annotated[list[str], typer.Option(help="Stages: NAME or NAME:CHECKPOINT.")] = [  # noqa: B006
        "denoise", "mask_unet", "denoise_speech",
    ],
    count: Annotated[int, typer.Option(help="Voices, spread over the folder.")] = 24,
    rooms: Annotated[bool, typer.Option("--rooms", help="Put the voices into rooms.")] = False,
) -> None:  # fmt: skip
    """Prints the table."""
    files = [
        sorted(path for path in folder.rglob("*") if path.suffix.lower() in SOUND_SUFFIXES)
        for folder in (voices, noises)
    ]
    spread = files[0][:: max(1, len(files[0]) // count)][:count]
    mixed = mixtures(spread, files[1], rooms)
    for name, denoise in methods(stage).items():
        figures = row(denoise, mixed)
        print(f"{name:42}", "  ".join(f"{key} {value:.3f}" for key, value in figures.items()))


if __name__ == "__main__":
    typer.run(main)
