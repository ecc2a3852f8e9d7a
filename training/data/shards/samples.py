"""The samples of a shard: a piece of a recording each, as FLAC and JSON in WebDataset's format."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import soundfile

from training.data.clips import Clip

FULL_SCALE = 1 << 23  # of 24 bits
MOST_SECONDS = 600.0  # of a sample; a longer one is not read
MISSING = "shards need package webdataset: python -m pip install -r requirements-cluster.txt"


def require_webdataset() -> Any:
    """The package, which need not be installed.

    Raises:
        ValueError: it is not.
    """
    try:
        import webdataset
    except ImportError:
        raise ValueError(MISSING) from None
    return webdataset


def encode(clip: Clip, samples: np.ndarray, rate: int) -> dict[str, bytes]:
    """The files of a sample: a part (T,) of a recording in 24 bits, and what is known of it.

    Sound above full scale is divided by a power of two, which the JSON names.
    """
    highest = float(np.abs(samples).max()) * FULL_SCALE / (FULL_SCALE - 1)
    scale = 2.0 ** max(0, math.ceil(math.log2(max(highest, 1e-9))))
    file = io.BytesIO()
    whole = np.rint(samples.astype(np.float64) * (FULL_SCALE / scale)).astype(np.int32)
    soundfile.write(file, whole << 8, rate, format="FLAC", subtype="PCM_24")
    facts = {
        "source": clip.path.name, "group": clip.group, "kind": clip.kind, "scale": scale,
        "bandwidth_hz": clip.bandwidth_hz, "peak": clip.peak,
    }  # fmt: skip
    return {"flac": file.getvalue(), "json": json.dumps(facts).encode()}


def decode(files: dict[str, Any], rate: int) -> Clip:
    """The clip of a sample.

    Raises:
        ValueError: it is not sound at this rate with what must be known of it.
    """
    name = str(files.get("__key__"))
    try:
        facts = json.loads(files["json"])
        with soundfile.SoundFile(io.BytesIO(files["flac"])) as sound:
            if sound.samplerate != rate or not 0 < sound.frames <= MOST_SECONDS * rate:
                raise ValueError(f"{sound.frames} samples at {sound.samplerate} Hz")
            samples = sound.read(dtype="float32", always_2d=True)[:, 0] * np.float32(facts["scale"])
        if not np.isfinite(samples).all():
            raise ValueError("samples that are not finite")
        return Clip(
            Path(f"{name}.flac"), samples, float(facts["bandwidth_hz"]), str(facts["group"]),
            str(facts["kind"]), whole_peak=float(facts["peak"]),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, RecursionError, soundfile.SoundFileError) as error:
        raise ValueError(f"{name}: not a sample of {rate} Hz ({error})") from error


def read(file: IO[bytes], name: str) -> Iterator[dict[str, Any]]:
    """The files of each sample of a tar, by suffix, and its key.

    Nothing of them is decoded by WebDataset, some of whose decoders run code.
    """
    wds = require_webdataset()
    parts = wds.tariterators.tar_file_iterator(file)
    yield from wds.tariterators.group_by_keys({**part, "__url__": name} for part in parts)
