"""`make bench`: speed and memory as ratios to references that are measured in the same run."""

from __future__ import annotations

import argparse
import importlib

from tests.bench.timing import references, row

PARTS = (
    "nets",
    "application",
    "training",
    "declick",
    "declip",
    "denoise",
    "separate",
    "diagnose",
    "start",
    "fluid",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of {', '.join(PARTS)}")
    parts = parser.parse_args().parts
    if unknown := set(parts) - set(PARTS):
        parser.error(f"got {', '.join(sorted(unknown))}, expected some of {', '.join(PARTS)}")

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
    for part in parts or PARTS:
        importlib.import_module(f"tests.bench.{part}").measure(row)


if __name__ == "__main__":
    main()
