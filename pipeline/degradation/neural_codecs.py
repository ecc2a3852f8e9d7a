"""Neural codecs as a degradation: through a learned codec and back.

Our own small codec ships with the project. The others need the transformers library, which is not
among the requirements, and weights that their authors publish on the Hugging Face Hub. Nothing is
downloaded unless `fetch` is called, and weights are read as safetensors only, which hold no code.
"""

from __future__ import annotations

import functools
import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from pipeline.dsp import chunked
from pipeline.knobs import check_knobs, knob
from pipeline.stage import Tick, no_tick, share

VARIABLE = "WAVEMEND_CODECS"
FILES = ("config.json", "model.safetensors")
PAYLOAD_S, CONTEXT_S = 10.0, 1.0


class CodecMissing(ValueError):
    """A codec's library or weights are missing; the text says what to do."""


@dataclass(frozen=True)
class _Known:
    """Where a codec comes from: repository on the Hub, class in transformers."""

    repository: str
    model: str


CODECS = {
    "encodec_24khz": _Known("facebook/encodec_24khz", "EncodecModel"),
    "dac_24khz": _Known("descript/dac_24khz", "DacModel"),
    "mimi": _Known("kyutai/mimi", "MimiModel"),
    "neucodec": _Known("neuphonic/neucodec", "NeuCodecModel"),
}
OWN = "speech-codec-24k"  # a checkpoint of ours


@dataclass(frozen=True)
class _Coder:
    """A loaded codec: (channels, T) -> (channels, T), of any T, at its rate."""

    rate: int
    hop: int
    run: Callable[[np.ndarray, float], np.ndarray]


@dataclass(frozen=True)
class NeuralCodec:
    """Through a neural codec and back, each channel on its own, at the same length.

    Source: Defossez et al. 2022, "High Fidelity Neural Audio Compression"; Kumar et al. 2023,
    "High-Fidelity Audio Compression with Improved RVQGAN"; Defossez et al. 2024, "Moshi" (Mimi);
    Julian et al. 2025, arXiv 2509.09550 (NeuCodec).
    """

    name: str = knob(OWN, choices=(OWN, *CODECS), help="The codec; all run at 24 kHz.")
    kbps: float = knob(
        6.0,
        0.1,
        24,
        "kbit/s",
        "Of a channel; the nearest possible is used, with NeuCodec 0.8.",
    )

    def __post_init__(self) -> None:
        check_knobs(self)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        """The decoded sound.

        Raises:
            CodecMissing: (a ValueError) the codec is not on this machine.
            Cancelled: from `tick`.
        """
        tick(0.0)
        coder = _load(self.name)
        if not audio.samples.any():
            tick(1.0)
            return audio
        inside = resample(audio, coder.rate, tick=share(tick, 0, 0.1))
        decoded = chunked.run(
            lambda x: coder.run(x, self.kbps),
            inside.samples,
            payload=round(PAYLOAD_S * coder.rate),
            context=round(CONTEXT_S * coder.rate),
            grid=coder.hop,
            tick=share(tick, 0.1, 0.9),
        )
        back = resample(Audio(decoded, coder.rate), audio.rate, tick=share(tick, 0.9, 1)).samples
        tick(1.0)
        short = audio.frames - back.shape[1]
        return Audio(back[:, : audio.frames] if short <= 0 else np.pad(back, ((0, 0), (0, short))),
                     audio.rate)  # fmt: skip


def available() -> tuple[str, ...]:
    """The codecs that can be used now; uses no network and loads no library."""
    return tuple(name for name in (OWN, *CODECS) if not missing(name))


def missing(name: str) -> str:
    """Why a codec cannot be used, and the cure; "" if it can be used. Uses no network."""
    if name == OWN:
        return ""
    if importlib.util.find_spec("transformers") is None:
        return f"{name} needs a library that is not installed: pip install transformers"
    if _folder(name) is None:
        known = CODECS[name]
        return (
            f"{name}: its weights are not on this machine; with a network, "
            f'python -c "from pipeline.degradation.neural_codecs import fetch; fetch({name!r})" '
            "fetches them, "
            f"or put {' and '.join(FILES)} of https://huggingface.co/{known.repository} into "
            f"a folder {name} and name the folder around it in {VARIABLE}"
        )
    return ""


def fetch(name: str) -> None:
    """Downloads a codec's weights to the Hub's own cache.

    Raises:
        CodecMissing: (a ValueError) no network, or no room.
    """
    import huggingface_hub

    repository = CODECS[name].repository
    try:
        huggingface_hub.snapshot_download(repository, allow_patterns=list(FILES))
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise CodecMissing(f"{name}: {repository} cannot be downloaded ({reason})") from error
    _load.cache_clear()


def _folder(name: str) -> Path | None:
    """The folder with the codec's files: the one in VARIABLE, else in the Hub's cache."""
    if os.environ.get(VARIABLE):
        own = Path(os.environ[VARIABLE]) / name
        if all((own / file).is_file() for file in FILES):
            return own
    from huggingface_hub import try_to_load_from_cache

    cached = [try_to_load_from_cache(CODECS[name].repository, file) for file in FILES]
    return Path(str(cached[0])).parent if all(isinstance(path, str) for path in cached) else None


@functools.lru_cache(maxsize=1)
def _load(name: str) -> _Coder:
    """A codec, ready to run; raises `CodecMissing`."""
    if problem := missing(name):
        raise CodecMissing(problem)
    return _own() if name == OWN else _published(name)


def _own() -> _Coder:
    import torch

    from models import checkpoint

    net = checkpoint.load(checkpoint.SHIPPED / OWN)

    @torch.inference_mode()
    def run(x: np.ndarray, kbps: float) -> np.ndarray:
        count = int(np.clip(round(kbps / net.kbps), 1, net.config.codebooks))
        return net(torch.from_numpy(x)[:, None], count)[:, 0].numpy()

    return _Coder(net.config.sample_rate, net.stride, run)


def _published(name: str) -> _Coder:
    import transformers

    model_class = getattr(transformers, CODECS[name].model, None)
    if model_class is None:
        raise CodecMissing(f"{name} needs a newer library: pip install --upgrade transformers")
    try:
        model = model_class.from_pretrained(
            _folder(name), local_files_only=True, use_safetensors=True
        )
    except (OSError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise CodecMissing(f"{name}: its weights cannot be loaded ({reason})") from error
    model.eval()
    return _neucodec(model) if name == "neucodec" else _residual(model)


def _residual(model: Any) -> _Coder:
    """A codec of residual codebooks, as many as the bit rate allows."""
    import torch

    config = model.config
    hop = _hop(config)

    @torch.inference_mode()
    def run(x: np.ndarray, kbps: float) -> np.ndarray:
        padded = np.pad(x, ((0, 0), (0, -x.shape[1] % hop)))
        codes = torch.from_numpy(padded)[:, None]  # (C, T) -> (B, 1, T)
        decoded = model(codes, **_rate_arguments(config, kbps, hop)).audio_values
        return _cut(decoded.reshape(len(x), -1).float().numpy(), x.shape[1])

    return _Coder(int(config.sampling_rate), hop, run)


def _neucodec(model: Any) -> _Coder:
    """NeuCodec: 16 kHz in, 24 kHz out, one codebook."""
    import torch
    import transformers

    config = model.config
    low, rate = int(config.input_sampling_rate), int(config.output_sampling_rate)
    extract = transformers.NeuCodecFeatureExtractor(
        sampling_rate=low, hop_length=int(config.encoder_hop_length)
    )

    @torch.inference_mode()
    def run(x: np.ndarray, kbps: float) -> np.ndarray:
        channels = [channel.copy() for channel in resample(Audio(x, rate), low).samples]
        features = extract(channels, sampling_rate=low, return_tensors="pt")
        decoded = model(**features).audio_values
        return _cut(decoded.reshape(len(x), -1).float().numpy(), x.shape[1])

    return _Coder(rate, int(config.hop_length), run)


def _cut(y: np.ndarray, length: int) -> np.ndarray:
    """(C, T) of that length."""
    return np.pad(y, ((0, 0), (0, max(0, length - y.shape[1]))))[:, :length]


def _hop(config: Any) -> int:
    """Samples of a frame."""
    hop = getattr(config, "hop_length", None)
    return int(hop or config.sampling_rate // config.frame_rate)


def _rate_arguments(config: Any, kbps: float, hop: int) -> dict[str, Any]:
    """The arguments of a model's forward that give the nearest bit rate."""
    if getattr(config, "target_bandwidths", None):
        return {"bandwidth": min(config.target_bandwidths, key=lambda rate: abs(rate - kbps))}
    stage_kbps = np.log2(config.codebook_size) * config.sampling_rate / hop / 1000
    most = getattr(config, "num_quantizers", None) or config.n_codebooks
    count = int(np.clip(round(kbps / stage_kbps), 1, most))
    return {"n_quantizers" if hasattr(config, "n_codebooks") else "num_quantizers": count}
