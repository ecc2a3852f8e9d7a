"""Downloads a file: with progress, verified by its checksum, whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from pipeline.files import write_atomically
from pipeline.stage import Tick, no_tick

HUB = "https://huggingface.co"
TIMEOUT_S = 20.0
ATTEMPTS = 2  # at a transfer that breaks off or is damaged
BLOCK_BYTES = 1 << 18
_SHA256, _GIT = r"[0-9a-f]{64}", r"[0-9a-f]{40}"


class DownloadError(OSError):
    """A download failed; the text says why in a few words."""


class _BrokenError(DownloadError):
    """A transfer broke off or was damaged; another attempt may succeed."""


def fetch(url: str, folder: Path, tick: Tick = no_tick) -> Path:
    """Downloads a file into `folder` under the name NAME-CHECKSUM.SUFFIX.

    The checksum is the beginning of the file's SHA-256: from the last part of the address, or from
    the server's answer (as the Hugging Face Hub sends it). A file with neither is refused.

    Args:
        url: http or https address.
        folder: made when missing.
        tick: receives the progress, with the file's name and size; may raise to stop.

    Raises:
        DownloadError: (an OSError) no network, no such file, no room, or damaged at each attempt.
            No partial file is left.
    """
    return _attempted(lambda: _fetch(url, folder, tick))


def fetch_revision(
    repository: str, revision: str, commit: str, path: Path, tick: Tick = no_tick
) -> None:
    """Downloads a file of a repository on the Hugging Face Hub, of the commit that is expected.

    A large file is verified by its SHA-256, a small one by git's own hash of it.

    Args:
        repository: owner and name.
        revision: a commit, or a name that stands for one.
        commit: how the commit begins that the revision must stand for.
        path: file to write, under the name that it has in the repository.
        tick: receives the progress, with the file's name and size; may raise to stop.

    Raises:
        DownloadError: (an OSError) as of `fetch`, or the revision is another commit.
    """
    quoted = urllib.parse.quote(revision, safe="")
    url = f"{hub()}/{repository}/resolve/{quoted}/{path.name}"
    _attempted(lambda: _fetch_revision(url, commit, path, tick))


def hub() -> str:
    """The address of the Hugging Face Hub, or of what stands for it."""
    return (os.environ.get("HF_ENDPOINT") or HUB).rstrip("/")


def check_online() -> None:
    """Raises `DownloadError` where the user forbids downloads from the Hub."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON"):
        raise DownloadError("HF_HUB_OFFLINE is set")


def _attempted(attempt: Callable[[], Any]) -> Any:
    """What `attempt` returns; a transfer that breaks off is tried again."""
    try:
        for _ in range(ATTEMPTS - 1):
            with contextlib.suppress(_BrokenError):
                return attempt()
        return attempt()
    except urllib.error.HTTPError as error:
        raise DownloadError(f"the server says {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise DownloadError(f"no connection: {_reason(error.reason)}") from error
    except DownloadError:
        raise
    except (OSError, http.client.HTTPException) as error:
        raise DownloadError(_reason(error)) from error


def checksum_of(path: Path) -> str:
    """The checksum in a file's name NAME-CHECKSUM.SUFFIX; "" for none."""
    match = re.fullmatch(r".+-([0-9a-f]{8,64})", path.stem)
    return match.group(1) if match else ""


def verify(path: Path) -> None:
    """Compares a file with the checksum in its name, if there is one.

    Raises:
        ValueError: they differ.
    """
    expected = checksum_of(path)
    if not expected:
        return
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    if not digest.hexdigest().startswith(expected):
        raise ValueError(f"{path} is damaged: its checksum is not {expected}; delete it, try again")


def _open(url: str, redirections: _Redirections) -> Any:
    request = urllib.request.Request(url, headers={"User-Agent": "wavemend"})
    return urllib.request.build_opener(redirections).open(request, timeout=TIMEOUT_S)


def _fetch(url: str, folder: Path, tick: Tick) -> Path:
    name, redirections = Path(url), _Redirections()
    with _open(url, redirections) as answer:
        expected = checksum_of(name) or redirections.checksum(_SHA256)
        if not expected:
            raise DownloadError("the server gives no checksum to verify the file by")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name.stem.removesuffix(f'-{expected}')}-{expected[:8]}{name.suffix}"
        with write_atomically(path) as temporary, temporary.open("xb") as file:
            _copy(answer, file, name.name, tick, expected)
    return path


def _fetch_revision(url: str, commit: str, path: Path, tick: Tick) -> None:
    redirections = _Redirections()
    with _open(url, redirections) as answer:
        redirections.look(answer.headers)
        if not redirections.commit.startswith(commit):
            raise DownloadError(
                f"the server has commit {redirections.commit[:8]}, not {commit[:8]}"
            )
        expected = redirections.checksum(_SHA256) or redirections.checksum(_GIT)
        if not expected:
            raise DownloadError("the server gives no checksum to verify the file by")
        path.parent.mkdir(parents=True, exist_ok=True)
        with write_atomically(path) as temporary, temporary.open("xb") as file:
            _copy(answer, file, path.name, tick, expected)


def _copy(answer: Any, file: BinaryIO, name: str, tick: Tick, expected: str) -> None:
    """Writes the answer to a file, and raises `_BrokenError` unless it has this checksum.

    Args:
        expected: the beginning of the SHA-256, or git's hash of a file (40 digits).
    """
    total, received = int(answer.headers.get("Content-Length") or 0), 0
    digest = hashlib.sha256()
    if len(expected) == 40:
        digest = hashlib.sha1(b"blob %d\0" % total)
    while True:
        size = f"{received / 1e6:.0f}" + (f" of {total / 1e6:.0f}" if total else "")
        tick(min(received / total, 1.0) if total else 0.0, f"Downloading {name}: {size} MB")
        try:
            block = answer.read(BLOCK_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise _BrokenError(f"broke off after {received} bytes ({_reason(error)})") from error
        if not block:
            break
        file.write(block)
        digest.update(block)
        received += len(block)
    if received < total:
        raise _BrokenError(f"broke off after {received} of {total} bytes")
    if not digest.hexdigest().startswith(expected):
        raise _BrokenError(f"its checksum is {digest.hexdigest()[:8]}, expected {expected[:8]}")


class _Redirections(urllib.request.HTTPRedirectHandler):
    """Follows redirections and keeps what the Hugging Face Hub says of a file with one.

    Attributes:
        commit: of the repository; empty where it was not said.
    """

    def __init__(self) -> None:
        self.commit = ""
        self._etags: list[str] = []

    def checksum(self, pattern: str) -> str:
        """The first checksum of this form; "" for none."""
        return next((one for one in self._etags if re.fullmatch(pattern, one)), "")

    def look(self, headers: Any, names: tuple[str, ...] = ("X-Linked-ETag", "ETag")) -> None:
        """Keeps commit and checksums of an answer."""
        self.commit = self.commit or str(headers.get("X-Repo-Commit", ""))
        self._etags += [str(headers.get(name, "")).strip('"').lower() for name in names]

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        self.look(headers, ("X-Linked-ETag",))
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _reason(error: object) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())
