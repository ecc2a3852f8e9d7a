"""What a killed run left half-written goes, and nothing that another run may be writing."""

from __future__ import annotations

import os
import time
from pathlib import Path

from pipeline.cli.leftovers import OLD_S, remove
from pipeline.files import write_atomically
from pipeline.stems import PREFIX


def aged(path: Path, seconds: float) -> None:
    os.utime(path, (time.time() - seconds,) * 2)


def test_old_unfinished_files_go_and_all_else_stays(tmp_path: Path) -> None:
    with write_atomically(tmp_path / "a.wav") as unfinished:
        names = [unfinished.name, ".b.wav.part", "c.part", ".wavemend.jsonl", "d.wav"]
        for name in names:
            (tmp_path / name).touch()
            aged(tmp_path / name, OLD_S + 60)
        fresh = tmp_path / f".e.wav.{'0' * 16}.part"
        fresh.touch()
        stems = tmp_path / f"{PREFIX}x"
        stems.mkdir()
        aged(stems, OLD_S + 60)
        remove([tmp_path, tmp_path / "nowhere"])
        left = {path.name for path in tmp_path.iterdir()}
        assert left == {*names[1:], fresh.name}
        unfinished.touch()
