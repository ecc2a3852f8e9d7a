"""Held-out recordings of a run to listen to: damaged, restored and clean."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from training.runs.run_folder import SAMPLES, read_json, write_json

INDEX = "index.json"
VERSIONS = ("input", "base", "now", "reference")


@dataclass(frozen=True)
class Sample:
    """One held-out recording with one damage.

    Args:
        file: name of its sound files, without the suffix.
        recording: name of the recording.
        label: the damage, such as "8 kHz"; empty where the recording has one damage only.
    """

    file: str
    recording: str
    label: str = ""

    def path(self, run: Path, version: str) -> Path:
        """The sound file of a version, one of `VERSIONS`, in a run's folder."""
        return run / SAMPLES / version / f"{self.file}.wav"


def write_index(run: Path, samples: list[Sample]) -> None:
    """Writes which samples a run has."""
    entries = [dataclasses.asdict(sample) for sample in samples]
    (run / SAMPLES).mkdir(parents=True, exist_ok=True)
    write_json(run / SAMPLES / INDEX, {"samples": entries})


def read_samples(run: Path) -> list[Sample]:
    """The samples of a run, those of older runs by their file names."""
    entries = read_json(run / SAMPLES / INDEX).get("samples")
    if entries is not None:
        return [Sample(**entry) for entry in entries]
    files = sorted(path.stem for path in (run / SAMPLES / "input").glob("*.wav"))
    return [_from_file_name(file) for file in files]


def _from_file_name(file: str) -> Sample:
    """A sample of a run without an index: "anna@16000" went through a rate of 16 kHz."""
    recording, at, damage = file.rpartition("@")
    if not at:
        return Sample(file, file)
    return Sample(file, recording, f"{int(damage) / 1000:g} kHz" if damage.isdigit() else "")
