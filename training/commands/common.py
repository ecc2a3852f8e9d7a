"""What the training commands share."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def one_line_errors() -> Iterator[None]:
    """Ends the process with one line where the user can mend what went wrong."""
    try:
        yield
    except ValueError as error:
        sys.exit(f"training: {error}")


def checkpoint_folder(given: str) -> Path:
    """The folder of a checkpoint, given by its name or as a folder.

    Raises:
        ValueError: there is none of that name.
    """
    from models.checkpoint import find, search_path

    return Path(given) if Path(given).is_dir() else find(given, search_path()).folder
