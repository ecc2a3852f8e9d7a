"""A user's own weights: taken when they fit and are only weights, refused with the reason."""

import dataclasses
import json
import pickle

import pytest
import torch
from safetensors.torch import save_file

from models.card import read_card
from models.checkpoint import load
from models.denoisers.wavenet import WaveNet, WaveNetConfig
from models.registry import build
from pipeline.stages.cleaners import WaveNet as WaveNetStage
from pipeline.stages.cleaners import adopt
from tests.support.sounds import limited

SMALL = {
    "mask_unet": {"base": 8, "groups": 4, "n_fft": 64, "hop": 16, "dilations": [1]},
    "spectral_enhancer": {"widths": [16, 16], "depths": [1, 1], "n_skips": 1},
    "wave_unet": {"levels": 3, "filters": 4},
}
CONFIG = WaveNetConfig(16, 1, 3, patch=2, sample_rate=16_000)


@pytest.fixture
def net():
    torch.manual_seed(0)
    made = WaveNet(CONFIG)
    torch.nn.init.normal_(made.leave[-1].weight, std=0.1)
    return made


def as_config():
    return dataclasses.asdict(CONFIG)


@pytest.mark.parametrize("wrapper", ["state_dict", "model", "ema"])
def test_weights_with_a_config_override_the_size(tmp_path, net, wrapper):
    path = tmp_path / "Best Run.pt"
    state = {f"module.{name}": value for name, value in net.state_dict().items()}
    torch.save({wrapper: state, "config": as_config(), "epoch": 3}, path)
    name = adopt(path, tmp_path / "own", "large")
    assert name == "my-best-run"
    x = torch.randn(1, 1, 500)
    assert torch.allclose(load(tmp_path / "own" / name)(x), net(x), atol=1e-6)
    assert WaveNetStage(name, own=str(tmp_path / "own"))(limited()).rate == 48_000


def test_safetensors_carry_their_config_in_the_metadata(tmp_path, net):
    path = tmp_path / "a.safetensors"
    save_file(net.state_dict(), path, {"config": json.dumps(as_config())})
    assert adopt(path, tmp_path, "small", name="mine") == "mine"


def test_without_a_config_the_chosen_size_counts(tmp_path):
    net = WaveNet(WaveNetConfig.named("small"))
    torch.save(net.state_dict(), tmp_path / "a.pth")
    adopt(tmp_path / "a.pth", tmp_path, "small")
    with pytest.raises(ValueError, match=r"do not fit the wavenet of size 'medium'.*missing"):
        adopt(tmp_path / "a.pth", tmp_path, "medium")


@pytest.mark.parametrize("model", ["mask_unet", "spectral_enhancer", "wave_unet"])
def test_every_kind_of_net_is_taken_for_what_it_is(tmp_path, model):
    net = build(model, SMALL[model])
    config = json.dumps(dataclasses.asdict(net.config))
    save_file(net.state_dict(), tmp_path / "a.safetensors", {"config": config})
    name = adopt(tmp_path / "a.safetensors", tmp_path / "own", model=model)
    card = read_card(tmp_path / "own" / name)
    assert card.model == model and build(model, card.config).config == net.config
    with pytest.raises(ValueError, match="config: got|do not fit the wavenet"):
        adopt(tmp_path / "a.safetensors", tmp_path / "own")


class Evil:
    def __reduce__(self):
        import os

        return os.system, ("touch evil-was-here",)


def test_code_in_a_file_is_never_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"model": Evil()}, "a.pt")
    (tmp_path / "b.pt").write_bytes(pickle.dumps(Evil()))
    for name in ("a.pt", "b.pt"):
        with pytest.raises(ValueError, match="not a file of plain weights"):
            adopt(tmp_path / name, tmp_path / "own", "small")
    assert not (tmp_path / "evil-was-here").exists() and not (tmp_path / "own").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"state_dict": {}}, "got no tensors"),
        ({"a": torch.zeros(2)}, "do not fit"),
        ({"model": {"a": torch.zeros(2)}, "config": {"kernel": 9}}, "config: got"),
        ({"model": {"a": torch.zeros(2)}, "config": "small"}, "config: got"),
        ({"model": {"a": torch.zeros(2)}, "config": {"channels": 1 << 10}}, "do not fit"),
        ({"model": {"a": torch.zeros(2)}, "config": {"channels": 1 << 40}}, "channels: got"),
        ({"model": {"a": torch.zeros(2)}, "config": {"stacks": 1 << 10}}, "stacks: got"),
        ([torch.zeros(2)], "got list"),
    ],
)
def test_what_is_no_wavenet_is_refused(tmp_path, content, message):
    torch.save(content, tmp_path / "a.pt")
    with pytest.raises(ValueError, match=message):
        adopt(tmp_path / "a.pt", tmp_path / "own", "small")


def test_weights_that_are_no_numbers_and_other_files_are_refused(tmp_path, net):
    net.enter.bias.data[0] = torch.nan
    torch.save({"net": net.state_dict(), "config": as_config()}, tmp_path / "a.pt")
    with pytest.raises(ValueError, match="not finite"):
        adopt(tmp_path / "a.pt", tmp_path, "small")
    for name, content in (("a.ckpt", b""), ("b.safetensors", b"no"), ("c.pt", b"no")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=name):
            adopt(tmp_path / name, tmp_path, "small")
