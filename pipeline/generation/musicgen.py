"""Music from a text, and from a melody, by MusicGen through the transformers library.

Source: Copet et al. 2023, "Simple and Controllable Music Generation". The library is no
requirement; it is imported when music is first generated.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import inference
from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from pipeline.generation.weights import MODELS, GeneratorMissing, folder, missing
from pipeline.knobs import check_knobs, knob
from pipeline.stage import Tick, no_tick, share

LONGEST_PROMPT = 1000
LARGEST_SEED = 1 << 31
RATE = 32_000
TOKENS_PER_S = 50
GENERATED_SHARE = 0.95
"""The share of the progress that the tokens take; the codec's decoder takes the rest."""

CPU_BYTES_PER_S, GPU_TOKENS_PER_S = 8e9, 40.0
"""What the first estimate assumes: on a CPU each token reads all parameters from memory."""


@dataclass(frozen=True)
class Request:
    """What is to be generated; the same request gives the same samples on the same machine.

    Attributes:
        prompt: a description of the music, in English.
    """

    prompt: str
    model: str = knob("small", choices=tuple(MODELS), help="Larger is better, and slower.")
    seconds: float = knob(8.0, 1, 30, "s", "Length of the music.")
    guidance: float = knob(3.0, 1, 10, "", "How closely the music follows the prompt.")
    temperature: float = knob(1.0, 0.1, 2, "", "Higher is more varied, lower more predictable.")
    top_k: int = knob(250, 1, 2048, "", "Each token is drawn from so many likeliest ones.")
    seed: int = knob(0, 0, LARGEST_SEED, "", "Another seed gives other music.")

    def __post_init__(self) -> None:
        check_knobs(self)
        if not isinstance(self.prompt, str) or not self.prompt.strip():
            raise ValueError("prompt: got none, expected a description of the music")
        if len(self.prompt) > LONGEST_PROMPT:
            raise ValueError(
                f"prompt: got {len(self.prompt)} characters, expected at most {LONGEST_PROMPT}"
            )


@dataclass(frozen=True)
class _Loaded:
    """A model, ready to generate; `chroma` turns a melody into the model's input."""

    net: Any
    tokenizer: Any
    chroma: Any
    device: str


def generate(
    request: Request, melody: Audio | None = None, device: str = "auto", tick: Tick = no_tick
) -> Audio:
    """Generates music, mono at 32 kHz, as long as asked for to the sample.

    Args:
        melody: what the model "melody" follows; its first 30 seconds count.
        device: one of `inference.DEVICES`.
        tick: receives the progress with each token; may raise to stop.

    Raises:
        GeneratorMissing: (a ValueError) library or weights are not on this machine.
        ValueError: a melody for a model that follows none, or no such device.
        Cancelled: from `tick`.
    """
    if melody is not None and request.model != "melody":
        raise ValueError(f"model: got {request.model!r}, only 'melody' follows a melody")
    tick(0.0, "Loading MusicGen")
    place = inference.pick_device(device)
    model = _load(request.model, place)
    with inference.measured(("musicgen", request.model, place), request.seconds):
        return _generate(model, request, melody, tick)


def estimate_seconds(request: Request, device: str = "auto") -> float:
    """Seconds that generating takes: at the speed of the last time, else at a likely one."""
    place = inference.pick_device(device)
    tokens_per_s = GPU_TOKENS_PER_S
    if place == "cpu":
        tokens_per_s = CPU_BYTES_PER_S / (4 * MODELS[request.model].parameters)
    key = ("musicgen", request.model, place)
    return request.seconds / inference.speed(key, tokens_per_s / TOKENS_PER_S)


def memory_gigabytes(name: str, device: str = "auto") -> float:
    """Memory that a model takes: half as much on a GPU, where it computes in float16."""
    weights = MODELS[name].gigabytes
    return (weights / 2 if inference.pick_device(device) == "cuda" else weights) + 1.0


def _generate(model: _Loaded, request: Request, melody: Audio | None, tick: Tick) -> Audio:
    import torch

    codec = model.net.config.audio_encoder
    frames = math.ceil(request.seconds * codec.frame_rate)
    tokens = frames + model.net.decoder.num_codebooks - 1  # codebook i is delayed by i tokens
    tick(0.0, "Generating")
    cuda = [torch.cuda.current_device()] if model.device == "cuda" else []
    with torch.inference_mode(), torch.random.fork_rng(devices=cuda):
        torch.manual_seed(request.seed)
        sound = model.net.generate(
            **_inputs(model, request, melody),
            do_sample=True,
            guidance_scale=request.guidance,
            temperature=request.temperature,
            top_k=request.top_k,
            max_new_tokens=tokens,
            logits_processor=[_Progress(share(tick, 0, GENERATED_SHARE), tokens)],
        )
    length = round(request.seconds * codec.sampling_rate)
    tick(1.0)
    return Audio(sound[0].float().cpu().numpy()[:, :length].copy(), int(codec.sampling_rate))


def _inputs(model: _Loaded, request: Request, melody: Audio | None) -> dict[str, Any]:
    prompt = model.tokenizer([request.prompt], return_tensors="pt", truncation=True, max_length=256)
    inputs = {name: prompt[name].to(model.device) for name in ("input_ids", "attention_mask")}
    if melody is not None:
        mono = Audio(melody.samples.mean(axis=0, keepdims=True), melody.rate)
        rate = model.chroma.sampling_rate
        samples = resample(mono, rate).samples[0]
        features = model.chroma(samples, sampling_rate=rate, return_tensors="pt")
        inputs["input_features"] = features["input_features"].to(model.device, model.net.dtype)
    return inputs


class _Progress:
    """Reports each token; as a processor of logits it changes nothing."""

    def __init__(self, tick: Tick, tokens: int) -> None:
        self._tick, self._tokens, self._done = tick, tokens, 0

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        self._tick(min(self._done / self._tokens, 1.0), "Generating")
        self._done += 1
        return scores


@functools.lru_cache(maxsize=1)
def _load(name: str, device: str) -> _Loaded:
    """A model in memory; raises `GeneratorMissing`."""
    if problem := missing(name):
        raise GeneratorMissing(str(problem))
    import torch
    import transformers

    place = folder(name)
    classes = "MusicgenMelody" if name == "melody" else "Musicgen"
    model_class = getattr(transformers, f"{classes}ForConditionalGeneration")
    dtype = torch.float16 if device == "cuda" else torch.float32
    only = {"local_files_only": True}
    try:
        with torch.random.fork_rng(devices=[]):  # the library draws weights before it reads them
            net = model_class.from_pretrained(place, use_safetensors=True, dtype=dtype, **only)
        tokenizer = transformers.AutoTokenizer.from_pretrained(place, **only)
        chroma = _chroma(transformers, place) if name == "melody" else None
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        reason = " ".join(str(error).split())[:300]
        raise GeneratorMissing(f"MusicGen {name} cannot be loaded: {reason}") from error
    return _Loaded(net.eval().to(device), tokenizer, chroma, device)


def _chroma(transformers: Any, place: Path | None) -> Any:
    extractor = transformers.MusicgenMelodyFeatureExtractor
    return extractor.from_pretrained(place, local_files_only=True)
