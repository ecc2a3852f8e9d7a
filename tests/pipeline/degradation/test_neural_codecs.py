"""Neural codecs: clear words where they are missing, and a stage's promises where they are there.

The nets here have the signatures of the transformers library's, and no weights worth the name.
"""

from __future__ import annotations

import importlib.machinery
import json
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from pipeline.degradation import neural_codecs
from pipeline.degradation.neural_codecs import (
    CODECS,
    OWN,
    CodecMissing,
    NeuralCodec,
    available,
    fetch,
    missing,
)
from pipeline.evaluation.metrics import lsd
from tests.support.sounds import speech
from tests.support.ticks import Recorder

CONFIGS = {
    "encodec_24khz": {"frame_rate": 75, "target_bandwidths": [1.5, 3.0, 6.0, 12.0, 24.0]},
    "dac_24khz": {"hop_length": 320, "codebook_size": 1024, "n_codebooks": 32},
    "mimi": {"frame_rate": 12.5, "codebook_size": 2048, "num_quantizers": 32},
}
RATES = {  # what each of the models must be asked for at 6 kbit/s
    "encodec_24khz": {"bandwidth": 6.0},
    "dac_24khz": {"n_quantizers": 8},
    "mimi": {"num_quantizers": 32},
}


class Net(torch.nn.Module):
    """Rounds to steps of 1/64, frame by frame; keeps what it was called with."""

    asked: ClassVar[dict[str, Any]] = {}

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        self.config = types.SimpleNamespace(sampling_rate=24_000, **config)

    @classmethod
    def from_pretrained(cls, folder: Path, **words: Any) -> Net:
        assert words == {"local_files_only": True, "use_safetensors": True}
        return cls(json.loads((folder / "config.json").read_text()))

    def forward(self, input_values: torch.Tensor, **words: Any) -> types.SimpleNamespace:
        assert input_values.ndim == 3 and input_values.shape[1] == 1
        assert input_values.shape[2] % 320 == 0
        Net.asked = words
        return types.SimpleNamespace(audio_values=torch.round(input_values * 64) / 64)


class TwoRates(torch.nn.Module):
    """NeuCodec's signature: takes 16 kHz and features, gives 24 kHz, a little quieter."""

    config = types.SimpleNamespace(
        input_sampling_rate=16_000, output_sampling_rate=24_000, encoder_hop_length=320,
        hop_length=480,
    )  # fmt: skip

    @classmethod
    def from_pretrained(cls, folder: Path, **words: Any) -> TwoRates:
        assert words == {"local_files_only": True, "use_safetensors": True}
        return cls()

    def forward(self, input_values: torch.Tensor, input_features: Any) -> types.SimpleNamespace:
        assert input_values.shape[2] % 320 == 0 and input_features == "features"
        low = Audio(input_values[:, 0].numpy(), 16_000)
        made = torch.from_numpy(0.5 * resample(low, 24_000).samples)
        return types.SimpleNamespace(audio_values=made[:, None])


class Extractor:
    """NeuCodec's: pads each channel by one sample at least, to whole frames."""

    def __init__(self, sampling_rate: int, hop_length: int) -> None:
        self.rate, self.hop = sampling_rate, hop_length

    def __call__(
        self, audio: list[np.ndarray], sampling_rate: int, return_tensors: str
    ) -> dict[str, Any]:
        assert (sampling_rate, self.rate, return_tensors) == (16_000, 16_000, "pt")
        length = len(audio[0]) // self.hop * self.hop + self.hop
        padded = [np.pad(x, (0, length - len(x))) for x in audio]
        values = torch.from_numpy(np.stack(padded))[:, None]
        return {"input_values": values, "input_features": "features"}


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No codec anywhere, and no library."""
    monkeypatch.setenv("WAVEMEND_CODECS", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *name: None)
    monkeypatch.setitem(sys.modules, "transformers", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: sys.modules.get(name))
    neural_codecs._load.cache_clear()
    return tmp_path


@pytest.fixture
def library(empty: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The library is there, the weights are not."""
    module = types.ModuleType("transformers")
    module.__spec__ = importlib.machinery.ModuleSpec("transformers", None)
    for known in CODECS.values():
        setattr(module, known.model, Net)
    module.NeuCodecModel, module.NeuCodecFeatureExtractor = TwoRates, Extractor
    monkeypatch.setitem(sys.modules, "transformers", module)
    return empty


@pytest.fixture(params=CONFIGS)
def codec(request: pytest.FixtureRequest, library: Path) -> str:
    """Library and weights of one codec."""
    folder = library / request.param
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIGS[request.param]))
    (folder / "model.safetensors").touch()
    yield request.param
    neural_codecs._load.cache_clear()


def test_without_the_library_the_message_says_what_to_install(empty: Path) -> None:
    assert available() == (OWN,)
    for name in CODECS:
        assert missing(name).endswith("pip install transformers")
        with pytest.raises(CodecMissing, match="pip install transformers"):
            NeuralCodec(name)(Audio(np.ones((1, 100), np.float32), 48_000))


def test_without_weights_the_message_says_where_they_are_and_go(library: Path) -> None:
    assert available() == (OWN,)
    text = missing("mimi")
    assert "https://huggingface.co/kyutai/mimi" in text and "WAVEMEND_CODECS" in text
    assert "config.json and model.safetensors" in text
    (library / "mimi").mkdir()
    (library / "mimi" / "config.json").write_text("{}")
    assert missing("mimi") == text  # half of it does not do


def test_a_codec_that_is_there_keeps_rate_length_and_channels(codec: str) -> None:
    assert available() == (OWN, codec) and missing(codec) == ""
    rng = np.random.default_rng(0)
    for rate, shape in ((48_000, (2, 50_021)), (44_100, (1, 7)), (24_000, (1, 1000))):
        audio = Audio(rng.uniform(-0.5, 0.5, shape).astype(np.float32), rate)
        made = NeuralCodec(codec)(audio)
        assert (made.rate, made.samples.shape) == (rate, shape)
    assert Net.asked == RATES[codec]
    assert np.array_equal(made.samples, np.round(audio.samples * 64) / 64)


@pytest.fixture
def neucodec(library: Path) -> Iterator[str]:
    (library / "neucodec").mkdir()
    for file in ("config.json", "model.safetensors"):
        (library / "neucodec" / file).touch()
    yield "neucodec"
    neural_codecs._load.cache_clear()


def test_a_codec_of_two_rates_keeps_rate_length_and_channels_too(
    neucodec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neural_codecs, "PAYLOAD_S", 0.2)
    for rate, frames in ((24_000, 7), (44_100, 30_011)):
        time = np.arange(frames) / rate
        tones = np.stack([np.sin(2 * np.pi * hz * time) for hz in (440, 3000)])
        audio = Audio((0.5 * tones).astype(np.float32), rate)
        made = NeuralCodec(neucodec)(audio)
        assert (made.rate, made.samples.shape) == (rate, (2, frames))
    assert np.abs(made.samples - 0.5 * audio.samples)[:, 2000:-2000].max() < 1e-3


def test_a_library_that_is_too_old_for_a_codec_is_said(
    neucodec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(sys.modules["transformers"], "NeuCodecModel")
    with pytest.raises(CodecMissing, match="pip install --upgrade transformers"):
        NeuralCodec(neucodec)(Audio(np.ones((1, 100), np.float32), 48_000))


def test_long_sound_goes_through_in_pieces(codec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neural_codecs, "PAYLOAD_S", 0.2)
    monkeypatch.setattr(neural_codecs, "CONTEXT_S", 0.1)
    x = np.random.default_rng(1).uniform(-1, 1, (2, 24_011)).astype(np.float32)
    tick = Recorder()
    made = NeuralCodec(codec)(Audio(x, 24_000), tick)
    assert np.array_equal(made.samples, np.round(x * 64) / 64)
    assert len(tick.fractions) > 3 and tick.rises_to_one()


def test_silence_stays_silent_and_settings_are_checked(codec: str) -> None:
    silence = Audio(np.zeros((1, 4800), np.float32), 48_000)
    assert NeuralCodec(codec)(silence) is silence
    with pytest.raises(ValueError, match="name: got 'mp5'"):
        NeuralCodec("mp5")
    with pytest.raises(ValueError, match="kbps: got 0"):
        NeuralCodec(codec, 0)


def test_a_download_that_fails_is_one_clear_error(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*name: str, **words: Any) -> None:
        raise OSError("no route\nto host")

    monkeypatch.setattr("huggingface_hub.snapshot_download", refuse)
    with pytest.raises(CodecMissing, match=r"kyutai/mimi cannot be downloaded \(no route to host"):
        fetch("mimi")


@pytest.fixture
def fresh() -> Iterator[None]:
    """No codec that another test has loaded."""
    neural_codecs._load.cache_clear()
    yield
    neural_codecs._load.cache_clear()


def test_our_own_codec_costs_detail_and_more_bits_cost_less(fresh: None) -> None:
    """With the weights that ship: what 6 kbit/s keep, 1.5 do not."""
    sound = Audio(speech(2.0), 48_000)
    errors = []
    for kbps in (6.0, 1.5):
        made = NeuralCodec(OWN, kbps)(sound)
        assert made.rate == 48_000 and made.samples.shape == sound.samples.shape
        assert np.isfinite(made.samples).all()
        errors.append(lsd(made.samples, sound.samples, 48_000, 0, 8000))
    assert 0.2 < errors[0] < errors[1] < 2.0


def test_our_own_codec_is_the_same_in_pieces(fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = Audio(speech(3.0, 24_000), 24_000)
    whole = NeuralCodec(OWN)(sound).samples
    monkeypatch.setattr(neural_codecs, "PAYLOAD_S", 0.5)
    pieces = NeuralCodec(OWN)(sound).samples
    assert np.abs(pieces - whole).max() < 1e-4
