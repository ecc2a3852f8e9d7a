"""Writes the folder that is pushed to a Hugging Face Space: `python -m tests.support.space FOLDER`.

It holds what the page needs at run time and nothing else. Large and binary files are listed for
Git LFS, which the Hub asks for.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUNTIME = (
    "app.py", "ui/", "pipeline/", "models/", "training/", "checkpoints/", "assets/css/",
    "assets/js/", "assets/recipes/", "assets/damages/", "assets/examples/", "requirements.txt",
    "packages.txt", "LICENSE",
)  # fmt: skip
"""What is copied: files, and folders with a slash at their end."""

LARGE = ("*.safetensors", "*.flac", "*.png")
"""What Git LFS takes."""

LARGEST_BYTES = 1_000_000_000
"""Of the whole folder: the Hub's limit for a Space without storage of its own."""


def write(folder: Path) -> int:
    """Writes the folder, which must not exist or be empty; returns its size in bytes.

    Raises:
        ValueError: the folder has files in it, or would be larger than LARGEST_BYTES.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"{folder}: has files in it; remove it or choose another")
    files = runtime_files()
    size = sum((ROOT / name).stat().st_size for name in files)
    if size > LARGEST_BYTES:
        raise ValueError(f"{size:,} bytes, expected at most {LARGEST_BYTES:,}")
    for name in files:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    (folder / "README.md").write_text(readme(), encoding="utf-8")
    attributes = (f"{pattern} filter=lfs diff=lfs merge=lfs -text\n" for pattern in LARGE)
    (folder / ".gitattributes").write_text("".join(attributes), encoding="utf-8")
    return size


def runtime_files() -> list[str]:
    """The tracked files that the page needs, and new ones that Git does not ignore."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return sorted(
        name
        for name in done.stdout.splitlines()
        if name.startswith(RUNTIME) and (ROOT / name).is_file()
    )


def readme() -> str:
    """The Space's settings, and the project's own introduction up to its first picture."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return text[: text.index("![")].rstrip() + "\n"


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    print(f"{folder}: {write(folder) / 1e6:.0f} MB; push it to your Space")
