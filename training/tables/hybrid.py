"""The claims of Ensoli and Massignan 2025: Demucs with S-NMF, a masking U-Net and a WaveNet.

Recordings are restored by the command line, each method in a process of its own.
"""

from __future__ import annotations

import json
import math
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.audio.decode import load
from pipeline.audio.encode import save
from pipeline.audio.sound import Audio
from pipeline.evaluation.metrics import lsd, seg_snr_db, snr_db, stoi
from training.config import CONFIGS, read_config
from training.data.clips import read_clips, split
from training.evaluation.cases import Case
from training.evaluation.noisy_cases import noisy_cases
from training.runs.processes import CHECKOUT
from training.tables.table import Report, Row, Table

TITLE = "Restoration of AI-generated music (Ensoli and Massignan 2025): three methods"
RATE = 32_000
INPUT = "input"
METHODS: dict[str, str | list[dict[str, Any]]] = {  # label: a recipe's name, or its stages
    "Demucs + S-NMF": "ai-generated-music",
    "harmonic/percussive + S-NMF": "ai-generated-music-offline",
    "U-Net": [{"stage": "mask_unet"}],
    "WaveNet": [{"stage": "wavenet"}],
    "S-NMF": [{"stage": "snmf"}],
    "S-NMF, spectra of noise": [{"stage": "snmf", "noise_atoms": 4}],
    "denoise": [{"stage": "denoise"}],
}
OF_THE_PAPER = ("Demucs + S-NMF", "U-Net", "WaveNet")
SPEECH = ("speech", "validation_only_nc", "stem_vocals")
COLUMNS = ("SNR dB", "segmental SNR dB", "LSD", "STOI of speech", "x real time")
CLAIMS = (  # column, whether more is better, and whose figure the paper calls the best
    (0, True, "WaveNet"),
    (1, True, "WaveNet"),
    (2, False, "Demucs + S-NMF"),
    (3, True, "WaveNet"),
)
PAPER = (
    Row("Demucs + S-NMF", (None,) * 5, "paper", "cleanest spectrum: lowest LSD"),
    Row("U-Net", (None,) * 5, "paper", "conservative, robust and fast"),
    Row("WaveNet", (None,) * 5, "paper", "highest SNR, segmental SNR and STOI; LSD can drift"),
)
DIFFERS = (
    "The paper prints no figures, only pictures of one piece; its remarks are quoted here.",
    "Damage is drawn as the paper describes it (resampling, coarse steps, clipping, echoes, noise) "
    "on held-out recordings at 0, 5, 10 and 20 dB; the paper restored MusicGen's output too, for "
    "which there is no clean side.",
    "Means over recordings. LSD is in decades of power. Speed is that of the whole command but for "
    "loading.",
    "How it sounds is not claimed: neither the paper nor this table had listeners.",
)


def report(folders: list[Path], most: int, per_group: int = 1) -> Report:
    """The metrics of all recordings, and of speech and music apart.

    Args:
        folders: of clean recordings and noise, with a manifest.
        most: largest number of recordings.
        per_group: recordings of each held-out group.

    Raises:
        ValueError: no held-out recordings.
    """
    config = read_config(CONFIGS / "mask-unet.json")
    held = split(read_clips(folders, RATE, set(config.kinds)), config)[1]
    cases = noisy_cases(held, RATE, per_group)
    cases = [
        cases[at] for at in np.unique(np.linspace(0, len(cases) - 1, most).round().astype(int))
    ]
    parts = {
        "All": range(len(cases)),
        "Speech": [at for at, case in enumerate(cases) if case.kind in SPEECH],
        "Music": [at for at, case in enumerate(cases) if case.kind not in SPEECH],
    }
    done = {INPUT: _Method([case.degraded for case in cases], None)} | restored(cases)
    tables = [_table(name, cases, done, list(some)) for name, some in parts.items() if some]
    facts = f"{len(cases)} held-out recordings. Machine: {platform.machine()}."
    return Report(TITLE, tuple(tables), (facts, *_claims(tables[0]), *DIFFERS))


@dataclass(frozen=True)
class _Method:
    """What a method made of the cases.

    Attributes:
        sounds: (T,) each; empty where it failed.
        speed: seconds of sound a second; None for the input.
        problem: why it failed.
    """

    sounds: list[np.ndarray]
    speed: float | None
    problem: str = ""


def restored(cases: list[Case]) -> dict[str, _Method]:
    """What each of `METHODS` makes of the cases, by its label."""
    with tempfile.TemporaryDirectory() as folder:
        damaged = Path(folder) / "damaged"
        damaged.mkdir()
        for at, case in enumerate(cases):
            save(Audio(case.degraded[None], RATE), damaged / f"{at:04d}.wav", subtype="FLOAT")
        return {name: _run(damaged, stages) for name, stages in METHODS.items()}


def _run(damaged: Path, stages: str | list[dict[str, Any]]) -> _Method:
    """One method over a folder, by `python -m pipeline restore`."""
    with tempfile.TemporaryDirectory() as folder:
        recipe = Path(folder) / "recipe.json"
        if not isinstance(stages, str):
            recipe.write_text(json.dumps({"version": 1, "title": "Method", "stages": stages}))
        name = stages if isinstance(stages, str) else recipe
        command = [
            *(sys.executable, "-m", "pipeline", "restore", damaged, "-o", Path(folder) / "out"),
            *("--recipe", name, "--format", "wav32f", "--json"),
        ]
        done = subprocess.run(
            list(map(str, command)), cwd=CHECKOUT, capture_output=True, text=True, check=False
        )
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["it failed"]
            return _Method([], None, lines[-1].rpartition(".wav: ")[2])  # less the file's path
        files = sorted(json.loads(done.stdout)["files"], key=lambda file: file["source"])
        sounds = [load(file["path"]).samples[0] for file in files]
    seconds = sum(len(sound) for sound in sounds) / RATE
    return _Method(sounds, seconds / sum(file["seconds_taken"] for file in files))


def _table(name: str, cases: list[Case], done: Mapping[str, _Method], some: list[int]) -> Table:
    """The means over some of the cases."""
    rows = []
    for label, method in done.items():
        if method.problem:
            rows.append(Row(label, (None,) * len(COLUMNS), remark=method.problem))
            continue
        figures = np.array([_scores(method.sounds[at], cases[at]) for at in some])
        means = [_mean(column) for column in figures.T]
        rows.append(Row(label, (*means, method.speed)))
    title = f"{name}, {len(some)} of {len(cases)} recordings"
    return Table(title, COLUMNS, (*PAPER, *rows), digits=3)


def _scores(estimate: np.ndarray, case: Case) -> tuple[float, ...]:
    """All columns but the speed; STOI of speech only."""
    is_speech = case.kind in SPEECH
    return (
        snr_db(estimate, case.clean),
        seg_snr_db(estimate, case.clean, RATE),
        lsd(estimate, case.clean, RATE),
        stoi(estimate, case.clean, RATE) if is_speech else math.nan,
    )


def _mean(column: np.ndarray) -> float:
    known = column[~np.isnan(column)]
    return float(known.mean()) if len(known) else math.nan


def _claims(table: Table) -> list[str]:
    """Which of the paper's methods leads here in each figure, and which one does in the paper."""
    ours = {row.label: row.values for row in table.rows if row.source == "here"}
    lines = []
    for column, more_is_better, claimed in CLAIMS:
        values = {name: ours[name][column] for name in OF_THE_PAPER if name in ours}
        known = {name: value for name, value in values.items() if value is not None}
        if claimed not in known or len(known) < len(OF_THE_PAPER):
            lines.append(f"{COLUMNS[column]}: not tested, one of the methods has no figure here.")
            continue
        best = (max if more_is_better else min)(known, key=lambda name: known[name])
        holds = "the claim holds" if best == claimed else f"the paper says {claimed}"
        lines.append(f"{COLUMNS[column]}: of the paper's methods {best} is best here; {holds}.")
    return lines
