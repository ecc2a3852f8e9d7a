"""What the package registry knows of the pinned versions: `python -m tests.bench.pins`.

A pin is bad if it was withdrawn ("yanked"), is not there, or has known vulnerabilities. PyPI tells
them for each version; a mirror may know only withdrawals, and the vulnerabilities of the newest.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([\w.-]+)(?:\[[\w,]+\])?==([\w.+]+)")
FILES = "application/vnd.pypi.simple.v1+json"


@dataclass(frozen=True)
class Known:
    """What a registry says of a version; `vulnerabilities` is None where it does not say."""

    exists: bool
    withdrawn: bool
    vulnerabilities: list[str] | None

    @property
    def is_bad(self) -> bool:
        """Whether another version should be pinned."""
        return not self.exists or self.withdrawn or bool(self.vulnerabilities)


def pins() -> list[tuple[str, str]]:
    """Name and version of every pinned package of all requirements."""
    lines = (line for file in ROOT.glob("requirements*.txt") for line in file.open())
    return sorted({match.groups() for line in lines if (match := PIN.match(line))})  # type: ignore[misc]


def ask(registry: str, name: str, version: str) -> Known:
    """Looks a version up."""
    simple = _json(f"{registry}/simple/{re.sub(r'[-_.]+', '-', name).lower()}/", FILES)
    spelled = rf"{re.sub(r'[-_.]+', '[-_.]+', name)}-{re.escape(version)}(-|\.tar|\.zip)"
    files = [file for file in simple["files"] if re.match(spelled, file["filename"], re.I)]
    withdrawn = bool(files) and all(file.get("yanked") for file in files)
    return Known(bool(files), withdrawn, _vulnerabilities(registry, name, version))


def _vulnerabilities(registry: str, name: str, version: str) -> list[str] | None:
    for path in (f"{name}/{version}", name):
        try:
            document = _json(f"{registry}/pypi/{path}/json", "application/json")
        except urllib.error.HTTPError:
            continue
        if document["info"]["version"] == version:
            return [one["id"] for one in document.get("vulnerabilities", [])]
    return None


def _json(url: str, kind: str) -> dict[str, Any]:
    request = urllib.request.Request(url, headers={"Accept": kind})
    with urllib.request.urlopen(request, timeout=60) as answer:
        document: dict[str, Any] = json.loads(answer.read())
    return document


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--registry", default="https://pypi.org")
    options = parser.parse_args()
    known = {pin: ask(options.registry, *pin) for pin in pins()}
    bad = {pin: one for pin, one in known.items() if one.is_bad}
    for (name, version), one in bad.items():
        print(f"{name}=={version}: {one}", file=sys.stderr)
    n_told = sum(one.vulnerabilities is not None for one in known.values())
    print("| pins | bad | vulnerabilities told by the registry |\n|---|---|---|")
    print(f"| {len(known)} | {len(bad)} | for {n_told} |")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
