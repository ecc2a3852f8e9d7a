"""What leaves a run: a checkpoint that Restore lists, a zip of one, an upload without leaks."""

from __future__ import annotations

import json
import logging
import traceback
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from models.enhancer import EnhancerConfig
from models.checkpoint import (
    available,
    load,
    load_for_training,
    save_checkpoint,
    search_path,
)
from tests.support.sounds import soft_enhancer
from training.runs import export
from training.runs.run_folder import RunConfig, RunFolder, write_json

TOKEN = "hf_AbCdEfGhIjKlMnOpQrSt"
TINY = EnhancerConfig(widths=(16, 16), n_skips=1)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that ended, over a base among the user's checkpoints."""
    monkeypatch.setenv("WAVEMEND_CHECKPOINTS", str(tmp_path / "own"))
    torch.manual_seed(0)
    save_checkpoint(soft_enhancer(TINY), tmp_path / "own" / "base", title="Base", licence="MIT")
    folder = RunFolder(tmp_path / "run")
    save_checkpoint(soft_enhancer(TINY), folder.path / "best", step=12, metrics={"validation": {}})
    folder.write_config(
        RunConfig(
            training={"model": "enhancer"},
            data=(str(tmp_path / "voices"),),
            trained_groups=("a",),
            trained_minutes=4.5,
            base=str(tmp_path / "own" / "base"),
        )
    )
    write_json(folder.path / "verdict.json", {"overall": "better", "text": "Better than the base."})
    return folder.path


def test_use_makes_it_selectable_with_the_same_sound(run: Path) -> None:
    card = export.use(run, "my-voice")
    assert "my-voice" in [found.name for found in available(search_path())]
    assert (card.title, card.step) == ("Base, fine-tuned", 12)
    assert "4.5 minutes" in card.summary and "Better than the base." in card.summary
    assert "MIT" in card.licence and card.data[0]["source"] == "voices"
    x = torch.randn(1, 1, 2000)
    assert torch.allclose(load(card.folder)(x), load_for_training(run / "best")(x), atol=1e-5)
    assert sorted(file.name for file in card.folder.iterdir()) == [
        "card.json",
        "weights.safetensors",
    ]
    assert sorted(file.name for file in card.folder.parent.iterdir()) == ["base", "my-voice"]


@pytest.mark.parametrize("name", ["", "../out", "a/b", "Großes", ".hidden", "base"])
def test_a_name_that_will_not_do_or_is_taken_is_refused(run: Path, name: str) -> None:
    before = [found.name for found in available(search_path())]
    with pytest.raises(ValueError, match="name: "):
        export.use(run, name)
    assert [found.name for found in available(search_path())] == before


def test_a_run_without_weights_says_so(run: Path, tmp_path: Path) -> None:
    empty = RunFolder(tmp_path / "empty").path
    for leave in (
        lambda: export.use(empty, "x"),
        lambda: export.archive(empty, tmp_path / "x.zip", "x"),
        lambda: export.push(empty, "me/x", TOKEN),
    ):
        with pytest.raises(ValueError, match="kept no weights"):
            leave()
    assert not (tmp_path / "x.zip").exists()


def test_the_zip_unpacks_to_a_checkpoint(run: Path, tmp_path: Path) -> None:
    path = export.archive(run, tmp_path / "x.zip", "mine", "Mine")
    with zipfile.ZipFile(path) as packed:
        files = ("card.json", "training.json", "verdict.json", "weights.safetensors")
        assert packed.namelist() == [f"mine/{file}" for file in files]
        packed.extractall(tmp_path / "own")
    assert load(tmp_path / "own" / "mine") and "Mine" in [found.title for found in available(search_path())]


class Hub:
    """Stands in for the Hub's API."""

    def __init__(self, token: str, error: Exception | None = None) -> None:
        self.token, self.error, self.calls = token, error, []
        self.files: dict[str, str] = {}

    def create_repo(self, *given: Any, **named: Any) -> str:
        self.calls.append((given, named))
        if self.error:
            raise self.error
        return "https://huggingface.co/me/voice"

    def upload_folder(self, **named: Any) -> None:
        self.calls.append(((), named))
        for path in Path(named["folder_path"]).iterdir():
            self.files[path.name] = path.read_text(errors="replace")


def test_push_uploads_weights_card_config_and_a_page_and_no_token(run: Path, tmp_path) -> None:
    hubs: list[Hub] = []
    address = export.push(
        run, "me/voice", f" {TOKEN}\n", connect=lambda token: hubs.append(Hub(token)) or hubs[-1]
    )
    assert address.endswith("me/voice") and hubs[0].token == TOKEN
    assert hubs[0].calls[0] == (("me/voice",), {"private": True, "exist_ok": True})
    assert sorted(hubs[0].files) == ["README.md", "card.json", "training.json", "weights.safetensors"]
    assert json.loads(hubs[0].files["card.json"])["name"] == "voice"
    assert all(TOKEN not in text for text in hubs[0].files.values())
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert left and all(TOKEN.encode() not in path.read_bytes() for path in left)


def test_an_error_of_the_hub_is_told_without_the_token(run: Path, caplog, capsys) -> None:
    caplog.set_level(logging.DEBUG)
    error = RuntimeError(f"401 for Bearer {TOKEN}; also hf_0123456789abcdef is no good")
    with pytest.raises(export.PushFailed) as caught:
        export.push(run, "me/voice", TOKEN, connect=lambda token: Hub(token, error))
    told = (
        "".join(traceback.format_exception(caught.value)) + caplog.text + str(capsys.readouterr())
    )
    assert "401 for Bearer [token]" in told
    assert TOKEN not in told and "hf_0123456789" not in told
    assert caught.value.__context__ is None and caught.value.__cause__ is None


def test_no_token_is_said_before_anything_is_sent(run: Path) -> None:
    with pytest.raises(ValueError, match="token: expected"):
        export.push(run, "me/voice", "  ", connect=lambda token: pytest.fail("called"))
