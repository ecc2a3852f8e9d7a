"""Checkpoints: round trip, half precision, cards, and the errors of damaged ones."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from models.enhancer import Enhancer, EnhancerConfig
from models.registry import (
    available,
    build,
    card,
    load,
    load_for_training,
    read_card,
    save_checkpoint,
    user_root,
)

TINY = EnhancerConfig(widths=(16, 16), n_skips=1)


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WAVEMEND_CHECKPOINTS", str(tmp_path))
    torch.manual_seed(0)
    save_checkpoint(Enhancer(TINY), tmp_path / "tiny", title="Tiny", step=7)
    return tmp_path / "tiny"


def test_a_saved_net_returns_with_weights_config_and_card(saved: Path) -> None:
    torch.manual_seed(0)
    net, x = Enhancer(TINY), torch.randn(1, 1, 1000)
    expected = net(x)
    assert torch.allclose(load("tiny")(x), expected, atol=1e-5)
    assert torch.equal(load_for_training(saved)(x), expected)
    assert load("tiny").config == TINY
    assert (card("tiny").title, card("tiny").step) == ("Tiny", 7)
    assert sorted(file.name for file in saved.iterdir()) == ["card.json", "weights.safetensors"]


def test_a_loaded_net_asks_for_no_gradients(saved: Path) -> None:
    net = load("tiny")
    assert not net.training
    assert not any(parameter.requires_grad for parameter in net.parameters())


def test_half_precision_is_half_the_size_and_nearly_the_same(saved: Path, tmp_path: Path) -> None:
    net, x = load_for_training(saved), torch.randn(1, 1, 1000)
    save_checkpoint(net, tmp_path / "half", half=True)
    size = (tmp_path / "half" / "weights.safetensors").stat().st_size
    assert size < 0.7 * (saved / "weights.safetensors").stat().st_size
    assert torch.allclose(load("half")(x), net(x), atol=5e-3)


def test_damaged_weights_are_refused(saved: Path) -> None:
    weights = saved / "weights.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(ValueError, match="SHA-256"):
        load("tiny")


def test_unknown_names_are_told_what_there_is(saved: Path) -> None:
    with pytest.raises(ValueError, match=r"got 'nothing', expected one of.*tiny"):
        card("nothing")
    with pytest.raises(ValueError, match="expected one of"):
        build("nothing", {})
    with pytest.raises(ValueError, match="config of enhancer"):
        build("enhancer", {"colour": 1})


def test_a_card_that_is_no_card_is_an_error(saved: Path) -> None:
    (saved / "card.json").write_text("{}")
    with pytest.raises(ValueError, match="expected a checkpoint's card"):
        read_card(saved)


def test_listing_reads_cards_only_and_imports_no_torch(saved: Path) -> None:
    (saved / "weights.safetensors").unlink()
    assert "tiny" in [found.name for found in available()]
    code = "import sys; from models.registry import available; available(); print(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "models.registry" in answer.stdout.split()
    assert "torch" not in answer.stdout.split()


def test_own_checkpoints_lie_among_the_runs_unless_told_otherwise(tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("WAVEMEND_CHECKPOINTS", raising=False)
    monkeypatch.delenv("WAVEMEND_RUNS", raising=False)
    assert user_root().parts[-2:] == ("runs", "checkpoints")
    monkeypatch.setenv("WAVEMEND_RUNS", str(tmp_path))
    save_checkpoint(Enhancer(TINY), tmp_path / "checkpoints" / "mine")
    assert {"mine", "enhancer-speech-48k"} <= {found.name for found in available()}


def test_every_shipped_checkpoint_has_a_card_with_data_and_licence(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("WAVEMEND_CHECKPOINTS", str(tmp_path))
    shipped = available()
    assert "enhancer-speech-48k" in [found.name for found in shipped]
    for found in shipped:
        assert found.title and found.summary and found.licence, found.name
        assert found.data and all(source["licence"] for source in found.data), found.name
        assert (found.folder / "weights.safetensors").stat().st_size < 40e6
        assert json.dumps(found.metrics)
