"""A tiny MusicGen: the transformers library's own, with random weights, else one that acts alike.

The fake has the signatures of the library and its rules: one step a token, each seen by the
processors of logits, drawn from torch's generator; codebook i is delayed by i tokens.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
import types
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch

from pipeline.generation import musicgen
from pipeline.generation.weights import MODELS

RATE, FRAME_RATE, CODEBOOKS, HOP = 32_000, 50, 4, 640
HAS_LIBRARY = importlib.util.find_spec("transformers") is not None


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts tiny models "small" and "melody" into a folder, and the library beside them."""
    musicgen._load.cache_clear()
    monkeypatch.setenv("WAVEMEND_MUSICGEN", str(folder))
    for name in ("small", "melody"):
        (folder / name).mkdir()
        if HAS_LIBRARY:
            _save(folder / name, name)
        for file in MODELS[name].files:
            if not (folder / name / file).exists():
                (folder / name / file).write_text("{}")
    if not HAS_LIBRARY:
        monkeypatch.setitem(sys.modules, "transformers", _library())


def _save(folder: Path, name: str) -> None:
    """The library's own classes, at the smallest sizes that they take."""
    import transformers as lib
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    words = Tokenizer(WordLevel({"<pad>": 0, "</s>": 1, "<unk>": 2}, unk_token="<unk>"))
    words.pre_tokenizer = Whitespace()
    lib.PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>").save_pretrained(folder)
    kind = "MusicgenMelody" if name == "melody" else "Musicgen"
    text = lib.T5Config(vocab_size=9, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
    codec = lib.EncodecConfig(
        sampling_rate=RATE, num_filters=4, hidden_size=8, codebook_size=64, codebook_dim=8,
        upsampling_ratios=[8, 5, 4, 4], num_lstm_layers=1, target_bandwidths=[2.2],
    )  # fmt: skip
    decoder = getattr(lib, f"{kind}DecoderConfig")(
        vocab_size=64, num_hidden_layers=1, ffn_dim=16, num_attention_heads=2, hidden_size=16,
        num_codebooks=CODEBOOKS, pad_token_id=64, bos_token_id=64,
    )  # fmt: skip
    parts = {"text_encoder": text, "audio_encoder": codec, "decoder": decoder}
    config = getattr(lib, f"{kind}Config")(**{key: one.to_dict() for key, one in parts.items()})
    torch.manual_seed(0)
    net = getattr(lib, f"{kind}ForConditionalGeneration")(config)
    for layer in net.audio_encoder.quantizer.layers:
        layer.codebook.embed.normal_()  # they start at zero, and every code would sound alike
    for key, weight in net.named_parameters():
        if not key.startswith("audio_encoder.") and weight.ndim > 1:
            weight.data *= 10  # so small at first that neither prompt nor melody would count
    for token in ("decoder_start_token_id", "pad_token_id", "bos_token_id"):
        setattr(net.generation_config, token, 64)
    net.save_pretrained(folder)
    (folder / "model.safetensors").rename(folder / MODELS[name].weights[-1])
    if name == "melody":
        _index(folder, MODELS[name].weights)
        lib.MusicgenMelodyFeatureExtractor().save_pretrained(folder)


def _index(folder: Path, weights: tuple[str, ...]) -> None:
    """Splits the weights as the published ones are: an index and two files."""
    import json

    from safetensors.torch import load_file, save_file

    index, first, second = weights
    tensors = load_file(folder / second)
    name = next(iter(tensors))
    places = dict.fromkeys(tensors, second) | {name: first}
    save_file({name: tensors.pop(name)}, folder / first, {"format": "pt"})
    save_file(tensors, folder / second, {"format": "pt"})
    (folder / index).write_text(json.dumps({"metadata": {}, "weight_map": places}))


def _library() -> types.ModuleType:
    module = types.ModuleType("transformers")
    module.__spec__ = importlib.machinery.ModuleSpec("transformers", None)
    for name, value in (
        ("AutoTokenizer", Tokenizer),
        ("MusicgenMelodyFeatureExtractor", Chroma),
        ("MusicgenForConditionalGeneration", Net),
        ("MusicgenMelodyForConditionalGeneration", Net),
    ):
        setattr(module, name, value)
    return module


class Tokenizer:
    """Each letter a token."""

    @classmethod
    def from_pretrained(cls, folder: Path, *, local_files_only: bool) -> Tokenizer:
        assert local_files_only and (folder / "tokenizer.json").is_file()
        return cls()

    def __call__(self, texts: list[str], **_: Any) -> dict[str, torch.Tensor]:
        ids = torch.tensor([[ord(letter) % 97 for letter in texts[0]]])
        return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


class Chroma:
    """The melody's input: one frame each 4096 samples."""

    sampling_rate = RATE

    @classmethod
    def from_pretrained(cls, folder: Path, *, local_files_only: bool) -> Chroma:
        assert local_files_only
        return cls()

    def __call__(self, samples: Any, *, sampling_rate: int, return_tensors: str) -> dict[str, Any]:
        assert samples.ndim == 1 and (sampling_rate, return_tensors) == (RATE, "pt")
        return {"input_features": torch.ones(1, len(samples) // 4096 + 1, 12)}


class Net:
    """Draws a number a token and holds it for a frame."""

    dtype: ClassVar[torch.dtype] = torch.float32
    config = types.SimpleNamespace(
        audio_encoder=types.SimpleNamespace(frame_rate=FRAME_RATE, sampling_rate=RATE)
    )
    decoder = types.SimpleNamespace(num_codebooks=CODEBOOKS)

    @classmethod
    def from_pretrained(cls, folder: Path, *, use_safetensors: bool, **words: Any) -> Net:
        assert use_safetensors and words == {"dtype": torch.float32, "local_files_only": True}
        return cls()

    def eval(self) -> Net:
        return self

    def to(self, device: str) -> Net:
        return self

    def generate(
        self, *, input_ids: torch.Tensor, max_new_tokens: int, logits_processor: list[Any],
        temperature: float, input_features: torch.Tensor | None = None, **words: Any,
    ) -> torch.Tensor:  # fmt: skip
        assert words["do_sample"] and words["guidance_scale"] >= 1 and words["top_k"] >= 1
        drawn = []
        for _ in range(max_new_tokens):
            scores = torch.zeros(2, 64)
            for processor in logits_processor:
                scores = processor(input_ids, scores)
            drawn.append(torch.rand(()) * temperature * (0.5 if input_features is None else 0.4))
        frames = torch.stack(drawn[: max_new_tokens - CODEBOOKS + 1])
        return frames.repeat_interleave(HOP)[None, None]
