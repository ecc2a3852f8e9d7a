"""Demucs: the nets of the demucs package as a separator."""

from __future__ import annotations

import pickle
import sys
import threading
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipeline import inference
from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio, peak
from pipeline.separation import demucs_weights
from pipeline.separation.demucs_apply import separated
from pipeline.separation.demucs_weights import Weights
from pipeline.separation.download import verify
from pipeline.separation.separators import SEPARATORS, fitted, silent_stems
from pipeline.stage import Tick, no_tick, part, share

NETS_IN = {"htdemucs_ft": 4, "mdx_extra": 4}
STORED_SPEED = 1.5  # seconds of stereo a second, of one net on one core of a CPU
DOWNLOAD_SHARE = 0.2  # of the progress, if there is a download
RESAMPLED, SEPARATED = 0.02, 0.96  # of the rest
CLASSES = ("demucs.demucs.Demucs", "demucs.hdemucs.HDemucs", "demucs.htdemucs.HTDemucs")
_loading = threading.Lock()


@dataclass(frozen=True)
class Demucs:
    """Music into drums, bass, other and vocals; with htdemucs_6s guitar and piano too.

    Sound of another rate is resampled to the net's 44.1 kHz and back; the band above is in no stem.
    Mono is processed as two equal channels, more than two channels in pairs.
    Source: Rouard, Massa, Défossez 2023, "Hybrid transformers for music source separation".

    Attributes:
        shifts, overlap, device, weights, precision: see `pipeline.separation.factory.separator`.
    """

    name: str = "htdemucs"
    shifts: int = 0
    overlap: float = 0.25
    device: str = "auto"
    weights: str | None = None
    precision: str = "float32"

    @property
    def names(self) -> tuple[str, ...]:
        return SEPARATORS[self.name]

    def stems(self, audio: Audio, tick: Tick = no_tick) -> dict[str, Audio]:
        """The stems by name.

        Raises:
            WeightsMissing: (a ValueError) the weights are not on this machine and cannot be
                downloaded.
            ValueError: they are damaged or of another kind, or this machine has no such device.
            Cancelled: from `tick`.
        """
        tick(0.0)
        if not peak(audio):
            tick(1.0)
            return silent_stems(audio, self.names)
        device = inference.pick_device(self.device)
        fetched = DOWNLOAD_SHARE if demucs_weights.missing(self.name, self.weights) else 0.0
        weights = demucs_weights.find(self.name, self.weights, share(tick, 0, fetched))
        bag = load(self.name, weights, device)
        tick = share(tick, fetched, 1)
        x = resample(audio, bag.samplerate, tick=share(tick, 0, RESAMPLED))
        work = x.seconds * self._work(x.channels)
        with inference.measured((self.name, device, self.precision), work):
            sources = separated(
                bag,
                x,
                self.shifts,
                self.overlap,
                share(tick, RESAMPLED, SEPARATED),
                precision=self.precision,
            )
        del x
        back = share(tick, SEPARATED, 1)
        stems = {}
        for at, name in enumerate(self.names):
            stem = resample(Audio(sources.pop(0), bag.samplerate), audio.rate)
            stems[name] = fitted(stem, audio.frames)
            part(back, at, len(self.names))(1.0)
        return stems

    def estimate_seconds(self, frames: int, rate: int, channels: int) -> float:
        """Seconds that separating will take, by the speed of the last run, without downloads.

        Before the first run by a stored, conservative speed.
        """
        device = inference.pick_device(self.device) if "torch" in sys.modules else "cpu"
        speed = inference.speed((self.name, device, self.precision), STORED_SPEED)
        return frames / rate * self._work(channels) / speed

    def _work(self, channels: int) -> float:
        """Seconds of stereo that one net processes for each second of sound."""
        pairs = (channels + 1) // 2
        return pairs * NETS_IN.get(self.name, 1) * max(self.shifts, 1) / (1 - self.overlap)


def load(model: str, weights: Weights, device: str) -> Any:
    """The bag of nets of a model, ready for inference; the last one stays in memory.

    Raises:
        ValueError: a file is damaged, holds more than weights, or the net has other stems.
    """
    stamps = tuple(path.stat().st_mtime_ns for _, path in weights.files)
    with _loading:  # two visitors at the same time load it once
        return _load(model, weights, stamps, device)


@lru_cache(maxsize=1)
def _load(model: str, weights: Weights, stamps: tuple[int, ...], device: str) -> Any:
    from demucs.repo import BagOnlyRepo, ModelOnlyRepo

    from models.cpu.transformer import accelerate
    from models.malloc import keep_tensors_mapped

    keep_tensors_mapped()
    files = dict(weights.files)

    class Files(ModelOnlyRepo):
        """The package's interface for a source of nets."""

        def has_model(self, sig: str) -> bool:
            return sig in files

        def get_model(self, sig: str) -> Any:
            return _net(files[sig])

    bag = BagOnlyRepo(weights.bag.parent, Files()).get_model(model).eval().to(device)
    accelerate(bag)
    if tuple(bag.sources) != SEPARATORS[model] or bag.audio_channels != 2:
        got = f"{bag.audio_channels} channels and {', '.join(bag.sources)}"
        raise ValueError(f"{model}: got a model of {got}, expected {', '.join(SEPARATORS[model])}")
    return bag


def _net(path: Path) -> Any:
    """A net from its file, without running any code from it.

    The package's own loader unpickles a .th file, which may run anything; here only weights and the
    classes of nets are read from it. A .safetensors file names a class, which must be a net's.
    """
    verify(path)
    try:
        if path.suffix == ".safetensors":
            return _from_safetensors(path)
        return _from_pickle(path)
    except pickle.UnpicklingError as error:
        raise ValueError(f"{path}: holds more than a net's weights, so it is not read") from error
    except Exception as error:  # the loaders may raise anything for a file of another kind
        raise ValueError(f"{path}: not the weights of a Demucs net ({error})") from error


def _from_pickle(path: Path) -> Any:
    import torch
    from demucs.demucs import Demucs as TimeDemucs
    from demucs.hdemucs import HDemucs
    from demucs.htdemucs import HTDemucs
    from demucs.states import load_model

    with torch.serialization.safe_globals([TimeDemucs, HDemucs, HTDemucs, Fraction]):
        return load_model(torch.load(path, "cpu", weights_only=True))


def _from_safetensors(path: Path) -> Any:
    from demucs.hf import load_safetensors_model
    from safetensors import safe_open

    with safe_open(str(path), framework="pt") as file:
        about = file.metadata() or {}
    if about.get("klass") not in CLASSES or "structure" in about:
        raise ValueError(f"its class is {about.get('klass')!r}, expected one of {CLASSES}")
    return load_safetensors_model(path)
