"""Checkpoints: round trip, half precision, cards, and the errors of damaged ones."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from models.card import CONTENTS
from models.checkpoint import (
    SHIPPED,
    available,
    find,
    load,
    load_for_training,
    read_card,
    save_checkpoint,
    search_path,
    user_root,
)
from models.enhancer import Enhancer, EnhancerConfig

TINY = EnhancerConfig(widths=(16, 16), n_skips=1)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save_checkpoint(Enhancer(TINY), tmp_path / "tiny", title="Tiny", content="music", step=7)
    return tmp_path / "tiny"


def test_a_saved_net_returns_with_weights_config_and_card(saved: Path) -> None:
    torch.manual_seed(0)
    net, x = Enhancer(TINY), torch.randn(1, 1, 1000)
    expected = net(x)
    assert torch.allclose(load(saved)(x), expected, atol=1e-5)
    assert torch.equal(load_for_training(saved)(x), expected)
    assert load(saved).config == TINY
    card = find("tiny", [saved.parent])
    assert (card.title, card.content, card.step) == ("Tiny", "music", 7)
    assert sorted(file.name for file in saved.iterdir()) == ["card.json", "weights.safetensors"]


def test_a_loaded_net_asks_for_no_gradients(saved: Path) -> None:
    net = load(saved)
    assert not net.training
    assert not any(parameter.requires_grad for parameter in net.parameters())


def test_half_precision_is_half_the_size_and_nearly_the_same(saved: Path, tmp_path: Path) -> None:
    net, x = load_for_training(saved), torch.randn(1, 1, 1000)
    save_checkpoint(net, tmp_path / "half", half=True)
    size = (tmp_path / "half" / "weights.safetensors").stat().st_size
    assert size < 0.7 * (saved / "weights.safetensors").stat().st_size
    exact = net(x).detach()
    error = (load(tmp_path / "half")(x) - exact).abs().max()
    assert error < 5e-3 * exact.abs().max()


def test_damaged_weights_are_refused(saved: Path) -> None:
    weights = saved / "weights.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(ValueError, match="SHA-256"):
        load(saved)


def test_unknown_names_are_told_what_there_is(saved: Path) -> None:
    with pytest.raises(ValueError, match=r"got 'nothing', expected one of.*tiny"):
        find("nothing", [saved.parent])
    for name in ("../tiny", "..", "", "tiny/.", "a" * 5000, "a\0b", str(saved)):
        with pytest.raises(ValueError, match="checkpoint: got"):
            find(name, [saved, saved.parent])


def test_a_card_that_is_no_card_is_an_error(saved: Path) -> None:
    (saved / "card.json").write_text("{}")
    with pytest.raises(ValueError, match="tiny/card.json: not the card of a checkpoint"):
        read_card(saved)


def test_a_card_of_before_has_no_content_and_an_unknown_one_is_refused(saved: Path) -> None:
    file = saved / "card.json"
    fields = json.loads(file.read_text())
    del fields["content"]
    file.write_text(json.dumps(fields))
    assert read_card(saved).content == ""
    file.write_text(json.dumps({**fields, "content": "whales"}))
    with pytest.raises(ValueError, match="content: got 'whales', expected one of speech, music"):
        read_card(saved)


def test_the_training_config_of_an_older_card_is_read(saved: Path) -> None:
    card = saved / "card.json"
    fields = json.loads(card.read_text())
    del fields["training"]
    card.write_text(json.dumps({**fields, "recipe": {"damage": "world"}}))
    assert read_card(saved).training == {"damage": "world"}


def test_a_checkpoint_is_seen_only_where_its_folder_is_searched(saved: Path) -> None:
    own = search_path(saved.parent)
    assert own[-1] == saved.parent
    assert "tiny" in [card.name for card in available(own)]
    assert "tiny" not in [card.name for card in available(search_path())]
    with pytest.raises(ValueError, match="got 'tiny'"):
        find("tiny", search_path())


def test_no_own_checkpoint_stands_for_a_shipped_one(tmp_path: Path) -> None:
    save_checkpoint(Enhancer(TINY), tmp_path / "enhancer-speech-48k")
    own = search_path(tmp_path)
    assert find("enhancer-speech-48k", own).folder == SHIPPED / "enhancer-speech-48k"
    cards = {card.name: card for card in available(own)}
    assert cards["enhancer-speech-48k"].folder == SHIPPED / "enhancer-speech-48k"


def test_listing_reads_cards_only_and_imports_no_torch(saved: Path) -> None:
    (saved / "weights.safetensors").unlink()
    assert [card.name for card in available([saved.parent])] == ["tiny"]
    code = "import sys; from models.checkpoint import available; available([]); print(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "models.checkpoint" in answer.stdout.split()
    assert "torch" not in answer.stdout.split()


def test_own_checkpoints_lie_among_the_runs_unless_told_otherwise(tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("WAVEMEND_CHECKPOINTS", raising=False)
    monkeypatch.delenv("WAVEMEND_RUNS", raising=False)
    assert user_root().parts[-2:] == ("runs", "checkpoints")
    monkeypatch.setenv("WAVEMEND_RUNS", str(tmp_path))
    save_checkpoint(Enhancer(TINY), tmp_path / "checkpoints" / "mine")
    assert {"mine", "enhancer-speech-48k"} <= {card.name for card in available(search_path())}


def test_every_shipped_checkpoint_has_a_card_with_content_data_and_licence() -> None:
    shipped = available([SHIPPED])
    assert "enhancer-speech-48k" in [card.name for card in shipped]
    for card in shipped:
        assert card.content in CONTENTS, card.name
        assert card.title and card.summary and card.licence, card.name
        assert card.data and all(source["licence"] for source in card.data), card.name
        assert (card.folder / "weights.safetensors").stat().st_size < 40e6
        assert json.dumps(card.metrics)


HOSTILE_CARDS = {
    "no JSON": b"{",
    "no text": b"\xff\xfe",
    "a list": b"[]",
    "a number": b"1",
    "nothing": b"",
    "deep": b"[" * 100_000,
    "deep inside": b'{"model": "enhancer", "config": ' + b"[" * 500 + b"]" * 500 + b"}",
    "digits": b'{"model": "enhancer", "config": {}, "step": ' + b"9" * 5000 + b"}",
    "large": b" " * (1 << 20) + b"{}",
    "no model": b'{"config": {}}',
    "unknown model": b'{"model": "oracle", "config": {}}',
    "a list for a model": b'{"model": ["enhancer"], "config": {}}',
    "no config": b'{"model": "enhancer", "config": null}',
    "unknown field": b'{"model": "enhancer", "config": {}, "colour": 1}',
    "a path": b'{"model": "enhancer", "config": {}, "folder": "/etc"}',
    "a number for a title": b'{"model": "enhancer", "config": {}, "title": 7}',
    "a long title": b'{"model": "enhancer", "config": {}, "title": "' + b"a" * 9999 + b'"}',
    "a text for steps": b'{"model": "enhancer", "config": {}, "step": "7"}',
    "true for steps": b'{"model": "enhancer", "config": {}, "step": true}',
    "a list for content": b'{"model": "enhancer", "config": {}, "content": ["speech"]}',
    "a list for metrics": b'{"model": "enhancer", "config": {}, "metrics": [1]}',
    "an object for data": b'{"model": "enhancer", "config": {}, "data": {}}',
}


@pytest.mark.parametrize("card", HOSTILE_CARDS.values(), ids=HOSTILE_CARDS)
def test_a_hostile_card_is_refused_and_the_others_are_listed(saved: Path, card: bytes) -> None:
    bad = saved.parent / "bad"
    bad.mkdir()
    (bad / "card.json").write_bytes(card)
    with pytest.raises(ValueError, match="bad/card.json: not the card") as refusal:
        read_card(bad)
    assert len(str(refusal.value)) < 400 and "\n" not in str(refusal.value)
    assert [found.name for found in available([saved.parent])] == ["tiny"]
    with pytest.raises(ValueError, match="bad/card.json"):
        find("bad", [saved.parent])


def test_a_card_that_is_no_file_is_left_out(saved: Path) -> None:
    (saved.parent / "folder" / "card.json").mkdir(parents=True)
    (saved.parent / "loop").mkdir()
    (saved.parent / "loop" / "card.json").symlink_to("card.json")
    assert [card.name for card in available([saved.parent])] == ["tiny"]


@pytest.mark.parametrize("config", [{"widths": [4096] * 8}, {"widths": [16]}, {"n_skips": "1"}])
def test_weights_of_another_net_and_huge_configs_are_refused(saved: Path, config) -> None:
    fields = json.loads((saved / "card.json").read_text())
    fields["config"].update(config)
    (saved / "card.json").write_text(json.dumps(fields))
    with pytest.raises(ValueError, match=r"config: got|n_skips: got|weights are not those"):
        load(saved)


def test_missing_and_damaged_weights_are_refused(saved: Path) -> None:
    fields = json.loads((saved / "card.json").read_text())
    (saved / "weights.safetensors").write_bytes(b"no weights")
    fields["sha256"] = hashlib.sha256(b"no weights").hexdigest()
    (saved / "card.json").write_text(json.dumps(fields))
    with pytest.raises(ValueError, match="not a file of weights"):
        load(saved)
    (saved / "weights.safetensors").unlink()
    with pytest.raises(ValueError, match="missing"):
        load(saved)
