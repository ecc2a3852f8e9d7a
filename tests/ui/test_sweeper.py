"""What calls of programs have left goes after an hour, and nothing else does."""

from __future__ import annotations

import os
import time
from pathlib import Path

from ui.session import page_folder
from ui.sweeper import KEPT_S, Sweeper


def call(page: Path, name: str, age_s: float) -> Path:
    folder = page / name
    folder.mkdir(parents=True)
    (folder / "out.wav").touch()
    os.utime(folder, (time.time() - age_s,) * 2)
    return folder


def test_old_results_go_and_new_ones_and_sessions_stay(tmp_path: Path) -> None:
    page, other = (page_folder(tmp_path, "anna", name) for name in ("a", "b"))
    old, new = call(page, "api-1", KEPT_S + 60), call(page, "api-2", KEPT_S - 60)
    last, session = call(other, "api-3", KEPT_S + 60), call(page, "result-4", 9 * KEPT_S)
    Sweeper(tmp_path).sweep()
    assert not old.exists() and not last.parent.exists()
    assert new.exists() and session.exists()
