"""`make bench`: speed and memory as ratios to references that are measured in the same run."""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf

RATE = 48_000
REPEATS = 5
WINDOW_S = 10.0
CHECKPOINT = "enhancer-speech-48k"


def median_seconds(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Median time of a call, after two that do not count."""
    work(), work()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return float(np.median(times))


def speech(seconds: float, seed: int = 0) -> np.ndarray:
    """(T,) band-limited harmonic sound under syllables, with a little noise."""
    rng = np.random.default_rng(seed)
    at = np.arange(int(seconds * RATE)) / RATE
    phase = 2 * np.pi * (120 * at + 10 * np.sin(2 * np.pi * 2 * at))
    tone = sum(np.sin(k * phase) / k for k in range(1, 30)) * (0.6 + 0.4 * np.sin(20 * at))
    return (0.1 * tone + 1e-4 * rng.standard_normal(len(at))).astype(np.float32)


def references() -> dict[str, float]:
    """What this machine can do: GFLOP/s of a matrix product and a convolution, resampy, soxr."""
    import resampy
    import soxr
    import torch

    a = torch.randn(2048, 2048)
    x, kernel = torch.randn(1, 128, RATE), torch.randn(128, 128, 3)
    sound = speech(5)
    with torch.inference_mode():
        product_s = median_seconds(lambda: a @ a)
        convolution_s = median_seconds(lambda: torch.conv1d(x, kernel))
    slow_s = median_seconds(lambda: resampy.resample(sound, RATE, 44_100, filter="kaiser_best"), 3)
    return {
        "matmul_gflops": 2 * 2048**3 / product_s / 1e9,
        "conv_gflops": 2 * RATE * 3 * 128 * 128 / convolution_s / 1e9,
        "resampy": 5 / slow_s,
        "soxr": 5 / median_seconds(lambda: soxr.resample(sound, RATE, 44_100)),
    }


def gflop_a_second(net) -> float:
    """GFLOP of the convolutions for one second of audio; folds the weight norm of `net`."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from models.layers import fold_weight_norm

    net = fold_weight_norm(net)  # its own arithmetic does not count
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net(torch.zeros(1, 1, 4 * net.config.sample_rate))
    return counter.get_total_flops() / 4e9


def nets(reference: dict[str, float]) -> None:
    """Seconds of audio a second of each net, in both precisions."""
    import torch

    from models.enhancer import SIZES, Enhancer, EnhancerConfig
    from models.mask_unet import MaskUnet, MaskUnetConfig
    from models.net import PRECISIONS, inference_form
    from models.spectral_enhancer import SpectralEnhancer, SpectralEnhancerConfig
    from models.wavenet import SIZES as WAVENETS
    from models.wavenet import WaveNetConfig

    makers = {
        f"enhancer {size}": lambda size=size: Enhancer(EnhancerConfig.named(size)) for size in SIZES
    }
    makers["spectral enhancer base"] = lambda: SpectralEnhancer(SpectralEnhancerConfig())
    makers["mask U-Net"] = lambda: MaskUnet(MaskUnetConfig())
    for size in WAVENETS:
        makers[f"WaveNet {size}"] = lambda size=size: _wavenet(WaveNetConfig.named(size))
    for name, make in makers.items():
        rate = make().config.sample_rate
        x = torch.from_numpy(speech(WINDOW_S)[: round(WINDOW_S * rate)])[None, None]
        work = gflop_a_second(make())
        for precision in PRECISIONS:
            torch.manual_seed(0)
            exact, net = inference_form(make()), None
            torch.manual_seed(0)
            net = inference_form(make(), precision)
            with torch.inference_mode():
                speed = WINDOW_S / median_seconds(lambda net=net, x=x: net(x))
                error = (net(x) - exact(x)).square().mean() / exact(x).square().mean()
            agreement = "" if precision == "float32" else f", {-10 * torch.log10(error):.0f} dB"
            share = speed * work / reference["conv_gflops"]
            against = f"{speed / reference['resampy']:.1f} resampy, {share:.0%} of conv{agreement}"
            row(f"{name}, {precision}", speed, "x real time", against)


def _wavenet(config: Any) -> Any:
    """A WaveNet that does something, which a fresh one does not."""
    import torch

    from models.wavenet import WaveNet

    net = WaveNet(config)
    torch.nn.init.normal_(net.leave[-1].weight, std=0.01)
    return net


def file_to_file(minutes: float) -> None:
    """The command line on a mono file: seconds, peak memory; against a file of one minute."""
    speeds = []
    for length in (1.0, minutes):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "in.wav"
            with sf.SoundFile(path, "w", RATE, 1, "PCM_16") as file:
                for second in range(0, round(60 * length), 60):
                    file.write(speech(60, second))
            command = [
                sys.executable,
                "-m",
                "pipeline",
                "restore",
                str(path),
                "-o",
                f"{folder}/out",
            ]
            taken, peak_mb, answer = _measured([*command, "--json"])
            engine_s = json.loads(answer)["files"][0]["seconds_taken"]
        speeds.append(60 * length / taken)
        row(f"file to file, {length:g} min", speeds[-1], "x real time", f"engine {engine_s:.1f} s")
        row(f"peak memory, {length:g} min", peak_mb, "MB")


def _measured(command: list[str]) -> tuple[float, float, str]:
    """(seconds, peak resident MB, stdout) of a process of its own."""
    code = (
        "import resource, subprocess, sys;"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, text=True, check=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, done.stdout, sep='\\n')"
    )
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True)
    taken = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(done.stderr)
    peak, answer = done.stdout.split("\n", 1)
    return taken, float(peak) / (1e6 if sys.platform == "darwin" else 1e3), answer


def start_up(port: int = 7999) -> None:
    """From `python app.py` to its first answer over HTTP."""
    started = time.perf_counter()
    app = subprocess.Popen([sys.executable, "app.py", "--port", str(port)], stdout=subprocess.PIPE)
    try:
        while time.perf_counter() - started < 60:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).read()
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.02)
        row("start-up of the page", time.perf_counter() - started, "s")
    finally:
        app.terminate()
        app.wait()


def stages(topic: str) -> None:
    """The rows of `tests.bench_TOPIC`."""
    importlib.import_module(f"tests.bench_{topic}").measure(row)


def row(name: str, value: float, unit: str, note: str = "") -> None:
    print(f"| {name} | {value:.3g} {unit} | {note} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="of the long file")
    parser.add_argument("--only", help="some of the parts, with commas between")
    arguments = parser.parse_args()

    import torch

    from models.malloc import keep_tensors_mapped

    keep_tensors_mapped()
    print(f"| {torch.get_num_threads()} threads, torch {torch.__version__} | measured | ratios |")
    print("|---|---|---|")
    reference = references()
    row("reference: matmul float32", reference["matmul_gflops"], "GFLOP/s")
    row("reference: conv1d 128, float32", reference["conv_gflops"], "GFLOP/s")
    row("reference: resampy kaiser_best", reference["resampy"], "x real time")
    row("reference: soxr HQ", reference["soxr"], "x real time")
    parts = {
        "nets": lambda: nets(reference),
        "start_up": start_up,
        "file_to_file": lambda: file_to_file(arguments.minutes),
        **{
            name: lambda name=name: stages(name)
            for name in ("training", "declick", "denoise", "separate", "diagnose")
        },
    }
    for name in arguments.only.split(",") if arguments.only else parts:
        parts[name]()


if __name__ == "__main__":
    main()
