"""Where Demucs' weights are on this machine, and how they get there.

A model is a bag: a YAML file that ships with the demucs package, and one weights file for each of
its nets, in either of the package's own formats: SIGNATURE.safetensors, as its authors' repository
on the Hugging Face Hub has it, or SIGNATURE-CHECKSUM.th, as their older address does. The package's
own downloader shows no progress, cannot be stopped, and tries for half a minute where there is no
network; so the same addresses are asked here, the Hub's first.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.separation.download import DownloadError, fetch
from pipeline.stage import Tick, no_tick, part

VARIABLE = "WAVEMEND_DEMUCS"
HUB = "https://huggingface.co"
KNOWN_SIZES = {"955717e8-8726e21a.th": "84 MB"}

_fetching = threading.Lock()


class WeightsMissing(ValueError):
    """A model's weights are not here and cannot be had; the text says what to do about it."""


@dataclass(frozen=True)
class Weights:
    """A model on this machine: its bag's YAML file, and (signature, file) of each net."""

    bag: Path
    files: tuple[tuple[str, Path], ...]


def find(model: str, folder: str | None = None, tick: Tick = no_tick) -> Weights:
    """The model's files: from the folder, from the package's own caches, else downloaded.

    Args:
        model: a name that the demucs package knows, or that has a YAML file in the folder.
        folder: where the files are and where downloads go; None for that of the environment
            variable WAVEMEND_DEMUCS, else the user's cache.
        tick: receives the download's progress.

    Raises:
        WeightsMissing: (a ValueError) not here and not to be had: no network, no room, no such
            file. A later call tries again.
        ValueError: the folder named does not exist, or the model is unknown.
        Cancelled: from `tick`; nothing half-done is left.
    """
    place = _folder(folder)
    bag = _bag(model, place)
    signatures = _signatures(bag)
    if any(_local(model, signature, place) is None for signature in signatures):
        with _alone(tick):
            for at, signature in enumerate(signatures):
                if _local(model, signature, place) is None:
                    _fetch(model, signature, place, part(tick, at, len(signatures)))
    found = [(signature, _local(model, signature, place)) for signature in signatures]
    return Weights(bag, tuple((signature, path) for signature, path in found if path))


def missing(model: str, folder: str | None = None) -> list[str]:
    """The addresses that the first use of a model will download from; asks no network."""
    place = _folder(folder)
    signatures = _signatures(_bag(model, place))
    return [_hub_url(model, s) for s in signatures if _local(model, s, place) is None]


def _folder(folder: str | None) -> Path:
    if named := folder or os.environ.get(VARIABLE):
        place = Path(named).expanduser()
        if not place.is_dir():
            raise ValueError(f"Demucs weights: got {place}, expected an existing folder")
        return place
    return _cache() / "wavemend" / "demucs"


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()


def _bag(model: str, place: Path) -> Path:
    """The YAML file that says which nets make up a model: the folder's own, else the package's."""
    from demucs.pretrained import REMOTE_ROOT

    for path in (place / f"{model}.yaml", REMOTE_ROOT / f"{model}.yaml"):
        if path.is_file():
            return path
    raise ValueError(f"Demucs weights: got model {model!r}, of which there is no {model}.yaml")


def _signatures(bag: Path) -> list[str]:
    import yaml

    found = yaml.safe_load(bag.read_text(encoding="utf-8"))
    models = found.get("models") if isinstance(found, dict) else None
    if not isinstance(models, list) or not models:
        raise ValueError(f'{bag}: got {found!r}, expected "models" with a list of signatures')
    return list(dict.fromkeys(map(str, models)))


def _local(model: str, signature: str, place: Path) -> Path | None:
    """A net's weights file, if it is on this machine."""
    from huggingface_hub import try_to_load_from_cache

    for suffix in ("safetensors", "th"):
        for pattern in (f"{signature}-*.{suffix}", f"{signature}.{suffix}"):
            for path in sorted(place.glob(pattern)):
                return path
    cached = try_to_load_from_cache(_repository(model), f"{signature}.safetensors")
    if isinstance(cached, str):
        return Path(cached)
    legacy = torch_cache() / Path(_legacy_url(signature) or "none").name
    return legacy if legacy.is_file() else None


def torch_cache() -> Path:
    """Where the demucs package keeps what it downloads itself: `torch.hub`'s checkpoints."""
    home = Path(os.environ.get("TORCH_HOME") or _cache() / "torch").expanduser()
    return home / "hub" / "checkpoints"


def _repository(model: str) -> str:
    from demucs.hf import DEFAULT_NAMESPACE, hf_repo_name

    return f"{DEFAULT_NAMESPACE}/{hf_repo_name(model)}"


def _hub_url(model: str, signature: str) -> str:
    endpoint = (os.environ.get("HF_ENDPOINT") or HUB).rstrip("/")
    return f"{endpoint}/{_repository(model)}/resolve/main/{signature}.safetensors"


def _legacy_url(signature: str) -> str | None:
    """The address that the package itself lists for a net."""
    from demucs.pretrained import REMOTE_ROOT, _parse_remote_files

    url: str | None = _parse_remote_files(REMOTE_ROOT / "files.txt").get(signature)
    return url


@contextlib.contextmanager
def _alone(tick: Tick) -> Iterator[None]:
    """One download at a time in this process; who waits can still be stopped."""
    while not _fetching.acquire(timeout=0.2):
        tick(0.0, "Waiting for another download")
    try:
        yield
    finally:
        _fetching.release()


def _fetch(model: str, signature: str, place: Path, tick: Tick) -> None:
    """Downloads a net's weights into the folder, from the first address that has them."""
    legacy = _legacy_url(signature)
    urls = [_hub_url(model, signature), *([legacy] if legacy else [])]
    tried = []
    for url in urls:
        try:
            if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON"):
                raise DownloadError("HF_HUB_OFFLINE is set")
            fetch(url, place, tick)
            return
        except DownloadError as error:
            tried.append(f"{url} ({error})")
    raise WeightsMissing(_what_to_do(model, tried, place))


def _what_to_do(model: str, tried: list[str], place: Path) -> str:
    from_hub = missing(model, str(place) if place.is_dir() else None)
    older = [url for name in from_hub if (url := _legacy_url(Path(name).stem))]
    sizes = [KNOWN_SIZES.get(Path(url).name, "") for url in older]
    sized = [f"{url} ({size})" if size else url for url, size in zip(older, sizes, strict=True)]
    other = f", or {', '.join(sized)}" if sized else ""
    return (
        f"{model}: its weights are not on this machine and could not be downloaded. "
        f"Tried {' and '.join(tried)}. Try again with a network; or fetch on another machine "
        f"{', '.join(from_hub)}{other}, and put what you fetched into {place}, or into a folder "
        f"that the environment variable {VARIABLE} names. Everything else works without; so do the "
        "separators harmonic_percussive and mid_side."
    )
