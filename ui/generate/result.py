"""Music that MusicGen generated, or an example damaged alike: ready to play, to save, to send."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pipeline import damages
from pipeline.audio.decode import decode, load
from pipeline.audio.sound import Audio
from pipeline.files import write_atomically
from pipeline.generation import musicgen
from pipeline.generation.musicgen import Request
from pipeline.stage import share, titled
from ui import memory, zero_gpu
from ui.components.player import PlayerData
from ui.jobs import Job
from ui.restore import result_player
from ui.restore.events import EXAMPLES
from ui.tab_recordings import SOUND_SUFFIXES, sound_file

SETTINGS = "Settings"
FILES = (*SOUND_SUFFIXES, SETTINGS)
"""The downloads by their name on the page."""

EXAMPLE = EXAMPLES / "Plucked-strings-up-to-8-kHz.flac"
LONGEST_MELODY_S = 600.0


@dataclass(frozen=True)
class Generated:
    """Generated music, or its stand-in.

    Attributes:
        name: the heading.
        title: what it is, in a few words.
        stem: what downloads are named after.
        settings: what makes the same samples again.
        folder: the files that the page fetches; removed with the result.
        reference: the undamaged example of a stand-in.
    """

    name: str
    title: str
    stem: str
    settings: dict[str, Any]
    audio: Audio
    folder: Path
    player: PlayerData
    reference: Audio | None = None


def generate(
    request: Request, melody: Path | None, device: str, folder: Path, job: Job
) -> Generated:
    """Generates music and prepares its player.

    Args:
        melody: an uploaded file.
        folder: an empty folder of the visitor's; removed again on failure or cancellation.

    Raises:
        ValueError: too little memory, a melody that cannot be read; see `musicgen.generate`.
    """
    with _removed_on_failure(folder):
        _check_memory(request.model, device)
        tune = None
        if melody is not None:
            tune, _ = decode(melody, max_seconds=LONGEST_MELODY_S, tick=share(job.tick, 0, 0.02))
        expected_s = musicgen.estimate_seconds(request, device)
        job.expect(expected_s)
        work = partial(musicgen.generate, request, tune, device)
        audio = zero_gpu.run(work, expected_s, share(job.tick, 0.02, 0.95))
        rest = share(job.tick, 0.95, 1)
        player = result_player.of_recording(audio, (), folder, rest, "Generated")
    seed = f"MusicGen {request.model}, seed {request.seed}"
    return Generated(
        request.prompt, seed, _stem(request.prompt), asdict(request), audio, folder, player
    )


def stand_in(seed: int, folder: Path, job: Job) -> Generated:
    """Damages an example as generated music is damaged; it is labelled as a stand-in everywhere.

    Args:
        seed: of the damage.
        folder: as of `generate`.
    """
    with _removed_on_failure(folder):
        chain, clean = damages.drawn(seed), load(EXAMPLE)
        audio = chain(clean, titled(share(job.tick, 0, 0.5), "Damaging an example"))
        sounds = [("Example", clean), ("Stand-in", audio)]
        player = result_player.of_pair(sounds, folder, share(job.tick, 0.5, 1), folder.name)
    example = EXAMPLE.stem.replace("-", " ")
    settings = {"stand_in": example, "seed": seed, "damage": damages.dump(chain)}
    title = "an example, damaged like generated music; MusicGen did not make it"
    name = f"Stand-in: {example}"
    return Generated(name, title, "Stand-in", settings, audio, folder, player, clean)


@contextlib.contextmanager
def _removed_on_failure(folder: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _check_memory(model: str, device: str) -> None:
    free, needed = memory.free_bytes(), musicgen.memory_gigabytes(model, device)
    if free is not None and device != "cuda" and free < needed * 1e9:
        raise ValueError(
            f"MusicGen {model} needs about {needed:.1f} GB of memory, {free / 1e9:.1f} GB are "
            "free: choose a smaller model"
        )


def _stem(prompt: str) -> str:
    """The beginning of the prompt as a file's name."""
    words = re.sub(r"[^\w]+", " ", prompt).split()
    return " ".join(words)[:40].strip() or "Generated"


def export(result: Generated, name: str) -> Path:
    """Writes one of `FILES` when it is first asked for.

    Raises:
        ValueError: an unknown name, or samples that the format cannot hold (with the cure).
    """
    if name not in FILES:
        raise ValueError(f"got download {name!r}, expected one of {', '.join(FILES)}")
    if name == SETTINGS:
        path = result.folder / f"{result.stem}.settings.json"
        with write_atomically(path) as temporary:
            temporary.write_text(json.dumps(result.settings, indent=2) + "\n", encoding="utf-8")
        return path
    return sound_file(result.audio, result.folder, result.stem, name)
