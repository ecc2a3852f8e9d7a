"""Finds Demucs' weights on this machine, or downloads them.

A model is a bag: a YAML file that ships with the demucs package, and one weights file per net. The
file is in one of the package's formats: SIGNATURE.safetensors, as in its authors' repository on the
Hugging Face Hub, or SIGNATURE-CHECKSUM.th, as at their older address. The package's own downloader
shows no progress, cannot be stopped, and retries for half a minute without a network. So this
module downloads from the same addresses, from the Hub first.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.separation.download import DownloadError, check_online, fetch, hub
from pipeline.stage import Tick, no_tick, part

VARIABLE = "WAVEMEND_DEMUCS"
KNOWN_SIZES = {"955717e8-8726e21a.th": "84 MB"}

_fetching = threading.Lock()


class WeightsMissing(ValueError):
    """A model's weights are neither here nor downloadable; the text says what to do."""


@dataclass(frozen=True)
class Weights:
    """A model on this machine: the YAML file of its bag, and (signature, file) of each net."""

    bag: Path
    files: tuple[tuple[str, Path], ...]


def find(model: str, folder: str | None = None, tick: Tick = no_tick) -> Weights:
    """The model's files: in the folder, in the package's own caches, else downloaded.

    Args:
        model: a name that the demucs package knows, or that has a YAML file in the folder.
        folder: with the files, and for downloads; None is that of the environment variable
            WAVEMEND_DEMUCS, else the user's cache.
        tick: receives the download's progress.

    Raises:
        WeightsMissing: (a ValueError) not here and not downloadable: no network, no room, no such
            file. A later call tries again.
        ValueError: the folder named does not exist, or the model is unknown.
        Cancelled: from `tick`; no partial file is left.
    """
    root = weights_folder(folder)
    bag = _bag(model, root)
    signatures = _signatures(bag)
    if any(_local(model, signature, root) is None for signature in signatures):
        with _alone(tick):
            for at, signature in enumerate(signatures):
                if _local(model, signature, root) is None:
                    _fetch(model, signature, root, part(tick, at, len(signatures)))
    files = ((signature, _local(model, signature, root)) for signature in signatures)
    return Weights(bag, tuple((signature, path) for signature, path in files if path))


def missing(model: str, folder: str | None = None) -> list[str]:
    """The addresses that the first use of a model will download from; uses no network."""
    root = weights_folder(folder)
    signatures = _signatures(_bag(model, root))
    return [_hub_url(model, s) for s in signatures if _local(model, s, root) is None]


def weights_folder(folder: str | None = None) -> Path:
    """Where weights lie and are downloaded to; see `find`. Raises `ValueError` as `find` does."""
    if named := folder or os.environ.get(VARIABLE):
        root = Path(named).expanduser()
        if not root.is_dir():
            raise ValueError(f"Demucs weights: got {root}, expected an existing folder")
        return root
    return _cache() / "wavemend" / "demucs"


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()


def _bag(model: str, root: Path) -> Path:
    """The YAML file that lists the nets of a model: the folder's own, else the package's."""
    from demucs.pretrained import REMOTE_ROOT

    for path in (root / f"{model}.yaml", REMOTE_ROOT / f"{model}.yaml"):
        if path.is_file():
            return path
    raise ValueError(f"Demucs weights: got model {model!r}, of which there is no {model}.yaml")


def _signatures(bag: Path) -> list[str]:
    import yaml

    document = yaml.safe_load(bag.read_text(encoding="utf-8"))
    models = document.get("models") if isinstance(document, dict) else None
    if not isinstance(models, list) or not models:
        raise ValueError(f'{bag}: got {document!r}, expected "models" with a list of signatures')
    return list(dict.fromkeys(map(str, models)))


def _local(model: str, signature: str, root: Path) -> Path | None:
    """The weights file of a net, if it is on this machine."""
    from huggingface_hub import try_to_load_from_cache

    for suffix in ("safetensors", "th"):
        for pattern in (f"{signature}-*.{suffix}", f"{signature}.{suffix}"):
            for path in sorted(root.glob(pattern)):
                return path
    cached = try_to_load_from_cache(_repository(model), f"{signature}.safetensors")
    if isinstance(cached, str):
        return Path(cached)
    legacy = torch_cache() / Path(_legacy_url(signature) or "none").name
    return legacy if legacy.is_file() else None


def torch_cache() -> Path:
    """Where the demucs package itself downloads to: `torch.hub`'s checkpoints."""
    home = Path(os.environ.get("TORCH_HOME") or _cache() / "torch").expanduser()
    return home / "hub" / "checkpoints"


def _repository(model: str) -> str:
    from demucs.hf import DEFAULT_NAMESPACE, hf_repo_name

    return f"{DEFAULT_NAMESPACE}/{hf_repo_name(model)}"


def _hub_url(model: str, signature: str) -> str:
    return f"{hub()}/{_repository(model)}/resolve/main/{signature}.safetensors"


def _legacy_url(signature: str) -> str | None:
    """The address that the package lists for a net."""
    from demucs.pretrained import REMOTE_ROOT, _parse_remote_files

    url: str | None = _parse_remote_files(REMOTE_ROOT / "files.txt").get(signature)
    return url


@contextlib.contextmanager
def _alone(tick: Tick) -> Iterator[None]:
    """One download at a time in this process; waiting can be stopped too."""
    while not _fetching.acquire(timeout=0.2):
        tick(0.0, "Waiting for another download")
    try:
        yield
    finally:
        _fetching.release()


def _fetch(model: str, signature: str, root: Path, tick: Tick) -> None:
    """Downloads the weights of a net into the folder, from the first address that has them."""
    legacy = _legacy_url(signature)
    urls = [_hub_url(model, signature), *([legacy] if legacy else [])]
    tried = []
    for url in urls:
        try:
            check_online()
            fetch(url, root, tick)
            return
        except DownloadError as error:
            tried.append(f"{url} ({error})")
    raise WeightsMissing(_what_to_do(model, tried, root))


def _what_to_do(model: str, tried: list[str], root: Path) -> str:
    from_hub = missing(model, str(root) if root.is_dir() else None)
    older = [url for name in from_hub if (url := _legacy_url(Path(name).stem))]
    sizes = [KNOWN_SIZES.get(Path(url).name, "") for url in older]
    sized = [f"{url} ({size})" if size else url for url, size in zip(older, sizes, strict=True)]
    other = f", or {', '.join(sized)}" if sized else ""
    return (
        f"{model}: its weights are not on this machine and could not be downloaded. "
        f"Tried {' and '.join(tried)}. Try again with a network; or fetch on another machine "
        f"{', '.join(from_hub)}{other}, and put what you fetched into {root}, or into a folder "
        f"that the environment variable {VARIABLE} names. Everything else works without; so do the "
        "separators harmonic_percussive and mid_side."
    )
