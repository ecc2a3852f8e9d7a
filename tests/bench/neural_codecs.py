"""`python -m tests.bench.neural_codecs VOICES`: speech through neural codecs, before and after.

Each voice goes through our own codec at 1.5, 3 and 6 kbit/s. `--coded FOLDER` adds the outputs of
another codec: files of the same names, aligned. Distances are those to the clean voice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from pipeline import recipe
from pipeline.audio.decode import load
from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from pipeline.degradation.effects import fit
from pipeline.degradation.neural_codecs import NeuralCodec
from pipeline.evaluation.metrics import lsd, si_sdr_db, snr_db, stoi
from pipeline.files import SOUND_SUFFIXES

RATE = 48_000
KBPS = (1.5, 3.0, 6.0)
HEADER = ("codec", "LSD to {:g} kHz", "LSD", "SI-SDR", "STOI", "voices farther", "change")


@dataclass(frozen=True)
class Row:
    """Figures of one voice: pairs are (the codec's output, the restored one).

    Args:
        near: LSD up to the top frequency.
        whole: LSD of the whole band.
        si_sdr: in dB.
        stoi: intelligibility.
        change_db: level of what the chain changes, re the codec's output.
    """

    near: tuple[float, float]
    whole: tuple[float, float]
    si_sdr: tuple[float, float]
    stoi: tuple[float, float]
    change_db: float


def coded(voice: Path, folders: list[Path]) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """(codec, its output, the clean voice), each (T,), for each codec."""
    clean = _mono(voice)
    for kbps in KBPS:
        output = NeuralCodec(kbps=kbps)(Audio(clean[None], RATE)).samples[0]
        yield f"ours, {kbps:g} kbit/s", output, clean
    for folder in folders:
        if match := next(folder.glob(f"{voice.stem}.*"), None):
            yield folder.name, fit(_mono(match)[None], len(clean))[0], clean


def measured(before: np.ndarray, after: np.ndarray, clean: np.ndarray, top_hz: float) -> Row:
    """The figures of one voice."""
    both = (before, after)
    lowest, highest = (
        tuple(lsd(x, clean, RATE, high_hz=high_hz) for x in both) for high_hz in (top_hz, None)
    )
    return Row(
        (lowest[0], lowest[1]),
        (highest[0], highest[1]),
        (si_sdr_db(before, clean), si_sdr_db(after, clean)),
        (stoi(before, clean, RATE), stoi(after, clean, RATE)),
        -snr_db(after, before),
    )


def main(
    voices: Annotated[Path, typer.Argument(help="Folder of clean voices.")],
    coded_folders: Annotated[
        list[Path] | None, typer.Option("--coded", help="Outputs of a codec; may be repeated.")
    ] = None,
    name: Annotated[str, typer.Option("--recipe", help="Name or JSON file.")] = (
        "neural-codec-speech"
    ),
    top_hz: Annotated[float, typer.Option(help="Where the first LSD ends, in Hz.")] = 11_500.0,
    every: Annotated[int, typer.Option(help="Take every so many voices.")] = 1,
) -> None:
    """Prints a row for each codec."""
    chain, rows = recipe.load(name), dict[str, list[Row]]()
    paths = [path for path in sorted(voices.iterdir()) if path.suffix.lower() in SOUND_SUFFIXES]
    for path in paths[::every]:
        for codec, before, clean in coded(path, coded_folders or []):
            after = _restored(chain, before)
            rows.setdefault(codec, []).append(measured(before, after, clean, top_hz))
    print("| " + " | ".join(HEADER).format(top_hz / 1000) + " |\n" + "|---" * len(HEADER) + "|")
    for codec, some in rows.items():
        print(_line(codec, some))


def _restored(chain: recipe.Chain, before: np.ndarray) -> np.ndarray:
    after = chain(Audio(before[None], RATE))
    return resample(after, RATE).samples[0][: len(before)]


def _line(codec: str, rows: list[Row]) -> str:
    near, whole, si_sdr, intelligible = (
        np.mean([getattr(row, field) for row in rows], axis=0)
        for field in ("near", "whole", "si_sdr", "stoi")
    )
    farther = sum(row.near[1] > row.near[0] for row in rows)
    change_db = max(row.change_db for row in rows)
    cells = (
        codec,
        f"{near[0]:.3f} -> {near[1]:.3f}",
        f"{whole[0]:.3f} -> {whole[1]:.3f}",
        f"{si_sdr[0]:.1f} -> {si_sdr[1]:.1f} dB",
        f"{intelligible[0]:.3f} -> {intelligible[1]:.3f}",
        f"{farther} of {len(rows)}",
        f"{change_db:.0f} dB",
    )
    return "| " + " | ".join(cells) + " |"


def _mono(path: Path) -> np.ndarray:
    return resample(load(path), RATE).samples.mean(0)


if __name__ == "__main__":
    typer.run(main)
