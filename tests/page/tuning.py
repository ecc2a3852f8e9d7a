"""What the tests of the Fine-tune tab share: a tiny checkpoint, voices, an app of their own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import soundfile

from training.runs.processes import CHECKOUT
from training.runs.run_folder import BEST, RunConfig, RunFolder, write_json

RATE = 48_000
TITLE = "Tiny base"


def tiny_base(checkpoints: Path) -> Path:
    """A checkpoint that learns in short steps."""
    import torch

    from models.checkpoint import save_checkpoint
    from models.spectral_enhancer import SpectralEnhancer, SpectralEnhancerConfig

    folder = checkpoints / "tiny-base"
    with torch.random.fork_rng():
        torch.manual_seed(7)
        net = SpectralEnhancer(SpectralEnhancerConfig((16, 16), (1, 1), n_skips=1))
    recipe = {"seconds": 0.2, "batch": 2, "precision": "no", "losses": {"mel": 1.0, "lsd": 1.0}}
    save_checkpoint(net, folder, title=TITLE, training=recipe)
    return folder


def voices(folder: Path, count: int, seconds: float = 3.0) -> list[Path]:
    """So many short recordings of a voice."""
    from tests.support.sounds import speech

    paths = [folder / f"anna {number}.wav" for number in range(count)]
    for seed, path in enumerate(paths):
        soundfile.write(path, speech(seconds=seconds, seed=seed)[0], RATE)
    return paths


def ended_run(folder: Path, base: Path) -> Path:
    """A run as it is when it has ended, with weights to use; `base` is where it began."""
    from models.checkpoint import load_for_training, save_checkpoint

    run = RunFolder(folder)
    save_checkpoint(load_for_training(base), run.path / BEST, step=8, metrics={"validation": {}})
    recipe = {"model": "spectral_enhancer", "steps": 8}
    run.write_config(RunConfig(training=recipe, base=str(base), trained_minutes=1.0))
    write_json(folder / "page.json", {"title": "Anna", "owner": ""})
    run.event("start", step=0)
    run.event("end", step=8, reason="done")
    write_json(folder / "heartbeat.json", {"state": "ended", "step": 8})
    return folder


class App:
    """`python app.py` in a process of its own, with its own runs and checkpoints.

    Args:
        folder: for all that it writes.
        cwd: the folder that it is started in.
        arguments: of the command line besides the port.
        environment: variables besides.
    """

    def __init__(
        self,
        folder: Path,
        *,
        cwd: Path = CHECKOUT,
        arguments: Sequence[str] = (),
        **environment: str,
    ) -> None:
        self.cwd, self.arguments = cwd, arguments
        self.runs, self.checkpoints = folder / "runs", folder / "checkpoints"
        self.log, self.cache = folder / "app.log", folder / "cache"
        for made in (self.runs, self.checkpoints, self.cache):
            made.mkdir()
        self.environment = {
            **os.environ,
            "WAVEMEND_RUNS": str(self.runs),
            "WAVEMEND_CHECKPOINTS": str(self.checkpoints),
            "GRADIO_TEMP_DIR": str(self.cache),
            **environment,
        }
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Returns when the page is served."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, CHECKOUT / "app.py", "--port", str(self.port), *self.arguments],
                cwd=self.cwd, env=self.environment, stdout=log, stderr=log,
            )  # fmt: skip
        until = time.monotonic() + 300
        while True:
            try:
                urllib.request.urlopen(self.address, timeout=60).close()
                return
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
                assert time.monotonic() < until, "too slow"
                time.sleep(0.3)

    def kill(self) -> None:
        """As if somebody had pulled the plug."""
        self.process.kill()
        self.process.wait()
