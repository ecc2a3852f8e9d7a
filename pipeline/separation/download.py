"""Downloads a file: with progress, verified by its checksum, whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import re
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, BinaryIO

from pipeline.files import write_atomically
from pipeline.stage import Tick, no_tick

TIMEOUT_S = 20.0
ATTEMPTS = 2  # at a transfer that breaks off or is damaged
BLOCK_BYTES = 1 << 18


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
    try:
        for _ in range(ATTEMPTS - 1):
            with contextlib.suppress(_BrokenError):
                return _fetch(url, folder, tick)
        return _fetch(url, folder, tick)
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


def _fetch(url: str, folder: Path, tick: Tick) -> Path:
    name, redirections = Path(url), _Redirections()
    request = urllib.request.Request(url, headers={"User-Agent": "wavemend"})
    with urllib.request.build_opener(redirections).open(request, timeout=TIMEOUT_S) as answer:
        expected = checksum_of(name) or redirections.checksum
        if not expected:
            raise DownloadError("the server gives no checksum to verify the file by")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name.stem.removesuffix(f'-{expected}')}-{expected[:8]}{name.suffix}"
        with write_atomically(path) as temporary:
            with temporary.open("xb") as file:
                digest = _copy(answer, file, name.name, tick)
            if not digest.startswith(expected):
                raise _BrokenError(f"its checksum is {digest[:8]}, expected {expected[:8]}")
    return path


def _copy(answer: Any, file: BinaryIO, name: str, tick: Tick) -> str:
    """Writes the answer to a file and returns its SHA-256 in hexadecimal."""
    total, received, digest = int(answer.headers.get("Content-Length") or 0), 0, hashlib.sha256()
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
    return digest.hexdigest()


class _Redirections(urllib.request.HTTPRedirectHandler):
    """Follows redirections and keeps the SHA-256 that the Hugging Face Hub sends with one."""

    checksum = ""

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        etag = str(headers.get("X-Linked-ETag", "")).strip('"').lower()
        if re.fullmatch(r"[0-9a-f]{64}", etag):
            self.checksum = etag
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _reason(error: object) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())
