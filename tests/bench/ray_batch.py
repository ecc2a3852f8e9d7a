"""A Ray batch that is shot at: `python -m tests.bench.ray_batch [--files 2000] [--kills 20]`.

Many short files are restored on a Ray of this machine. Workers are killed at random moments, and
the driver once; a second run finishes. Then each file must be done, noted once, and the same to the
bit as one process makes it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil
import soundfile

from pipeline.cli.manifest import NAME

ROOT = Path(__file__).parents[2]
RATE = 16_000
RECIPE = {"version": 1, "stages": [{"stage": "remove_hum"}, {"stage": "tone"}]}
MOST_STARTS = 10
ACTOR = "ray::_Actor"
"""How Ray names the processes of the workers."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_sounds(folder / "in", options.files, rng)
        (folder / "recipe.json").write_text(json.dumps(RECIPE))
        alone_s = timed(command(folder, "alone"))
        moments = rng.choice(options.files - 1, options.kills, replace=False) + 1
        n_killed, ray_s = shot_at(folder, sorted(moments.tolist()), options, rng)
        report(folder, options, n_killed, alone_s, ray_s)


def write_sounds(folder: Path, count: int, rng: np.random.Generator) -> None:
    """Half a second of noise and hum each."""
    folder.mkdir()
    hum = 0.1 * np.sin(2 * np.pi * 50 * np.arange(RATE // 2) / RATE)
    for number in range(count):
        samples = hum + 0.05 * rng.standard_normal(RATE // 2)
        soundfile.write(folder / f"{number:05d}.wav", samples, RATE, "PCM_16")


def command(folder: Path, out: str, *options: str) -> list[str]:
    """The command line that restores all files."""
    arguments = [folder / "in", "-o", folder / out, "--recipe", folder / "recipe.json", *options]
    return [sys.executable, "-m", "pipeline", "restore", *map(str, arguments)]


def timed(command: Sequence[str]) -> float:
    """Seconds that a run takes, which must do everything."""
    started = time.monotonic()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - started


def shot_at(
    folder: Path, moments: list[int], options: argparse.Namespace, rng: np.random.Generator
) -> tuple[int, float]:
    """Restores by Ray; the number of workers that were killed, and seconds with all restarts.

    Args:
        moments: numbers of finished files at which a worker is killed; at the middle one of them
            the driver is killed too.
    """
    started, n_killed, n_starts = time.monotonic(), 0, 1
    middle = moments[len(moments) // 2]
    run = start(folder, options.workers)
    while (ended := run.poll()) != 0:
        time.sleep(0.1)
        if ended is not None:  # Ray itself could not start in time, on a machine that is busy
            n_starts += 1
            if n_starts > MOST_STARTS:
                raise RuntimeError("the last run has failed")
            run = start(folder, options.workers)
        elif moments and n_done(folder) >= moments[0] and kill_worker(run, rng):
            n_killed += 1
            if moments.pop(0) == middle:
                run.kill()
                run.wait()
    return n_killed, time.monotonic() - started


def start(folder: Path, workers: int) -> subprocess.Popen[bytes]:
    """A run on a Ray of this machine, whose workers get as much time as other processes."""
    options = ("--ray", "local", "--workers", str(workers))
    return subprocess.Popen(
        command(folder, "out", *options), cwd=ROOT, stdout=subprocess.DEVNULL,
        env={**os.environ, "RAY_worker_niceness": "0"},
    )  # fmt: skip


def n_done(folder: Path) -> int:
    """Files that the manifest notes."""
    manifest = folder / "out" / NAME
    return manifest.read_bytes().count(b"\n") if manifest.exists() else 0


def kill_worker(run: subprocess.Popen[bytes], rng: np.random.Generator) -> int:
    """Kills one of the workers of a run as `kill -9` does; how many were killed."""
    try:
        children = psutil.Process(run.pid).children(recursive=True)
        workers = [one for one in children if ACTOR in " ".join(one.cmdline())]
        if not workers:
            return 0
        workers[rng.integers(len(workers))].kill()
    except psutil.NoSuchProcess:
        return 0
    return 1


def report(
    folder: Path, options: argparse.Namespace, n_killed: int, alone_s: float, ray_s: float
) -> None:
    """Prints what became of the files, as a table."""
    alone = {path.name: path.read_bytes() for path in (folder / "alone").glob("*.wav")}
    results = {path.name: path.read_bytes() for path in (folder / "out").glob("*.wav")}
    lines = map(json.loads, (folder / "out" / NAME).read_text().splitlines())
    noted = Counter(line["target"] for line in lines if line["status"] == "done")
    n_same = sum(results.get(name) == content for name, content in alone.items())
    rows = {
        "files": options.files,
        "workers killed": n_killed,
        "drivers killed": 1,
        "lost": len(alone.keys() - results.keys()),
        "noted as done more than once": sum(count > 1 for count in noted.values()),
        "noted as done": len(noted),
        "same as one process, to the bit": n_same,
        "one process": f"{alone_s:.0f} s",
        f"Ray, {options.workers} workers, with all restarts": f"{ray_s:.0f} s",
    }
    print("| | |\n|---|---|")
    for name, value in rows.items():
        print(f"| {name} | {value} |")


if __name__ == "__main__":
    main()
