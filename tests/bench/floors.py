"""`python -m tests.bench.floors FOLDER CHECKPOINT...`: treble above floors of many shapes.

Voices get a noise floor of five shapes, are cut at four frequencies, and are restored by the bare
net, whose band below the cut is the input's. The table has LSD, and how far the restored floor of
the pauses lies from the true one.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from models.checkpoint import load
from pipeline.audio.sound import Audio
from pipeline.degradation.effects import BandLimit, noise_floor
from tests.bench.confusion import read
from training.data.room_noise import KNOTS_HZ

RATE, SECONDS, PEAK = 48_000, 4.0, 0.5
CUTS_HZ = (4000.0, 6000.0, 8000.0, 12_000.0)
OCTAVES = np.log2(KNOTS_HZ / 4000)
ABOVE = np.clip((KNOTS_HZ - 10_000) / 14_000, 0, None)
FLOORS_DB: dict[str, np.ndarray | None] = {
    "as it is": None,
    "flat": -80 - 4 * np.minimum(OCTAVES, 0),
    "falling": -78 - 4 * OCTAVES,
    "rising": -82 - 5 * np.minimum(OCTAVES, 0) + 9 * ABOVE,
    "rising, faint": -94 - 5 * np.minimum(OCTAVES, 0) + 9 * ABOVE,
}
TOP_HZ, QUIET, VOICE_HZ = 20_000.0, 0.25, (200.0, 4000.0)


class Row(NamedTuple):
    """LSD in full and to 16 kHz, and the floor of the pauses above TOP_HZ in dB of the true one."""

    lsd: float
    lsd_16k: float
    pauses_db: float


def power(x: np.ndarray) -> np.ndarray:
    """(1025, N) of (T,)."""
    window = torch.hann_window(2048)
    spectrum = torch.stft(torch.from_numpy(x), 2048, 512, window=window, return_complex=True)
    return spectrum.abs().square().numpy()


def measured(net: torch.nn.Module, clean: np.ndarray, cut_hz: float) -> Row:
    """One voice (T,), cut and restored."""
    degraded = BandLimit(cut_hz, "resample", 8)(Audio(clean[None], RATE)).samples
    with torch.inference_mode():
        restored = net(torch.from_numpy(degraded.copy())[None])[0, 0].numpy()
    hz = np.arange(1025) * RATE / 2048
    true, ours = power(clean), power(restored)
    kept = hz < 0.97 * cut_hz
    ours[kept] = power(degraded[0])[kept]
    error = np.log10(ours + 1e-8) - np.log10(true + 1e-8)
    voice = true[(hz > VOICE_HZ[0]) & (hz < VOICE_HZ[1])].sum(0)
    pauses = error[hz >= TOP_HZ][:, voice <= np.quantile(voice, QUIET)]
    full, low = (np.sqrt(np.square(e).mean(0)).mean() for e in (error, error[hz <= 16_000]))
    return Row(float(full), float(low), 10 * float(pauses.mean()))


def rows(net: torch.nn.Module, voices: list[np.ndarray]) -> Iterator[tuple[str, Row]]:
    """The mean over voices and cuts, by the shape of the floor."""
    for name, colour_db in FLOORS_DB.items():
        results = []
        for number, voice in enumerate(voices):
            floor = np.zeros((1, len(voice)), np.float32)
            if colour_db is not None:
                rng = np.random.default_rng(number)
                floor = noise_floor(rng, floor.shape, RATE, KNOTS_HZ, colour_db)
            results += [measured(net, voice + floor[0], hz) for hz in CUTS_HZ]
        yield name, Row(*np.mean(results, axis=0).tolist())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help=f"voices at {RATE} Hz")
    parser.add_argument("checkpoints", type=Path, nargs="+", help="folders of checkpoints")
    parser.add_argument("--every", type=int, default=1, help="only every so manieth recording")
    arguments = parser.parse_args()
    recordings = list(read(arguments.folder, SECONDS).values())[:: arguments.every]
    sounds = [one.samples[0] for one in recordings if one.rate == RATE]
    voices = [sound * np.float32(PEAK / np.abs(sound).max()) for sound in sounds]
    print("| checkpoint | floor | LSD | up to 16 kHz | pauses above 20 kHz |")
    print("|---|---|---|---|---|")
    for folder in arguments.checkpoints:
        found = dict(rows(load(folder).eval(), voices))
        for name, row in {**found, "**mean**": Row(*np.mean(list(found.values()), 0))}.items():
            cells = f"{row.lsd:.3f} | {row.lsd_16k:.3f} | {row.pauses_db:.1f} dB"
            print(f"| {folder.name} | {name} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
