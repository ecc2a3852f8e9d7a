"""MusicGen's weights: where they lie on this machine, what is missing, and the download.

The weights are those of the authors, as safetensors, of one commit each. They are never shipped.
Source: Copet et al. 2023, "Simple and Controllable Music Generation".
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path

from pipeline.separation.download import DownloadError, check_online, fetch_revision
from pipeline.stage import Tick, no_tick, share

VARIABLE = "WAVEMEND_MUSICGEN"
REQUIREMENTS = "pip install -r requirements-generate.txt"
LICENCE = "CC BY-NC 4.0"
SMALL_FILES = (
    "config.json", "generation_config.json", "preprocessor_config.json", "tokenizer.json",
    "tokenizer_config.json", "special_tokens_map.json",
)  # fmt: skip
ONE_FILE = ("model.safetensors",)
TWO_FILES = (
    "model.safetensors.index.json", "model-00001-of-00002.safetensors",
    "model-00002-of-00002.safetensors",
)  # fmt: skip

_fetching = threading.Lock()


class GeneratorMissing(ValueError):
    """MusicGen's library or weights are missing; the text says what to do."""


@dataclass(frozen=True)
class Known:
    """A published model.

    Attributes:
        title: on the page.
        revision: what is asked for; `commit` is how the commit begins that it must stand for.
        weights: the files beside `SMALL_FILES`.
        gigabytes: of all files.
        parameters: of the transformer that generates.
    """

    title: str
    repository: str
    revision: str
    commit: str
    weights: tuple[str, ...]
    gigabytes: float
    parameters: float

    @property
    def files(self) -> tuple[str, ...]:
        return (*SMALL_FILES, *self.weights)


def _known(
    title: str, name: str, revision: str, weights: tuple[str, ...], size: tuple[float, float],
    commit: str = "",
) -> Known:  # fmt: skip
    return Known(title, f"facebook/musicgen-{name}", revision, commit or revision, weights, *size)


MODELS = {
    "small": _known(
        "small", "small", "e5d0b04e30c5f420c3eae5519aa3d1d9b53c4923", ONE_FILE, (2.4, 0.42e9)
    ),
    "medium": _known("medium", "medium", "refs/pr/10", ONE_FILE, (8.0, 1.5e9), "4ef1664"),
    "large": _known(
        "large", "large", "037a9f5a2a8a44bd6eaa38b1171f6fdfb1b0b1a9", TWO_FILES, (13.7, 3.3e9)
    ),
    "melody": _known(
        "melody", "melody", "6eb8539b8f58210b68673406f403bb0e63ba730e", TWO_FILES, (6.2, 1.5e9)
    ),
}
"""The models by name. The authors' main branch of medium and large has no safetensors: theirs are
the commits in which the Hub converted the same weights."""


def has_library() -> bool:
    """Whether transformers is installed; imports nothing."""
    return importlib.util.find_spec("transformers") is not None


@dataclass(frozen=True)
class Missing:
    """Why a model cannot be used, and the shell command that cures it."""

    reason: str
    command: str

    def __str__(self) -> str:
        return f"{self.reason}: {self.command}" if self.command else self.reason


def missing(name: str) -> Missing | None:
    """What a model lacks; None if it can be used. Uses no network."""
    if not has_library():
        return Missing("MusicGen needs a library that is not installed", REQUIREMENTS)
    try:
        is_here = folder(name) is not None
    except ValueError as error:
        return Missing(str(error), "")
    size = f"{MODELS[name].gigabytes:g} GB"
    reason = f"The weights of MusicGen {name} ({size}) are not on this machine"
    return None if is_here else Missing(reason, command(name))


def command(name: str) -> str:
    """The shell command that downloads a model's weights into the Hub's own cache."""
    known = MODELS[name]
    return (
        f"hf download {known.repository} --revision {known.revision} "
        '--include "*.json" --include "*.safetensors"'
    )


def folder(name: str) -> Path | None:
    """The folder with all files of a model: our own, or in the Hub's cache; None for none."""
    known = MODELS[name]
    own = weights_folder() / name
    if all((own / file).is_file() for file in known.files):
        return own
    from huggingface_hub import try_to_load_from_cache

    cached = [
        try_to_load_from_cache(known.repository, file, revision=known.revision)
        for file in known.files
    ]
    if not all(isinstance(path, str) for path in cached):
        return None
    snapshot = Path(str(cached[0])).parent
    return snapshot if snapshot.name.startswith(known.commit) else None


def weights_folder() -> Path:
    """Where weights are downloaded to: a folder a model in what WAVEMEND_MUSICGEN names.

    Raises:
        ValueError: the folder named does not exist.
    """
    if named := os.environ.get(VARIABLE):
        root = Path(named).expanduser()
        if not root.is_dir():
            raise ValueError(f"MusicGen's weights: got {root}, expected an existing folder")
        return root
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return cache / "wavemend" / "musicgen"


def fetch(name: str, tick: Tick = no_tick) -> None:
    """Downloads the files of a model that are not here yet, and verifies them.

    Args:
        tick: receives the progress; may raise to stop.

    Raises:
        GeneratorMissing: (a ValueError) no network, no room, or damaged at each attempt.
        Cancelled: from `tick`; no partial file is left.
    """
    while not _fetching.acquire(timeout=0.2):
        tick(0.0, "Waiting for another download")
    try:
        _fetch(MODELS[name], weights_folder() / name, tick)
    except DownloadError as error:
        raise GeneratorMissing(
            f"The weights of MusicGen {name} could not be downloaded: {error}. Try again with a "
            f"network, or put them into {weights_folder() / name} by hand: {command(name)}"
        ) from error
    finally:
        _fetching.release()


def _fetch(known: Known, place: Path, tick: Tick) -> None:
    check_online()
    _check_room(known, place)
    done = 0.0
    for file in known.files:
        until = done + _weight(known, file)
        if not (place / file).is_file():
            own = share(tick, done, min(until, 1.0))
            fetch_revision(known.repository, known.revision, known.commit, place / file, own)
        done = min(until, 1.0)


def _weight(known: Known, file: str) -> float:
    """The share of a file in the progress: the large ones count."""
    large = [one for one in known.weights if one.endswith(".safetensors")]
    return 0.98 / len(large) if file in large else 0.02 / (len(known.files) - len(large))


def _check_room(known: Known, place: Path) -> None:
    existing = next(path for path in (place, *place.parents) if path.is_dir())
    free = shutil.disk_usage(existing).free / 1e9
    if free < known.gigabytes + 0.5:
        raise DownloadError(f"the disk has {free:.1f} GB free, it needs {known.gigabytes:g} GB")
