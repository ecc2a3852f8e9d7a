"""Every network that the Fine-tune tab offers: a real run of two steps, and its use."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.card import SHIPPED
from models.checkpoint import read_card
from pipeline.audio.sound import Audio
from pipeline.recipe import stage_classes
from tests.support.separators import tiny_wave_unet
from tests.support.sounds import music, speech, tiny_checkpoint, tiny_cleaners, tiny_super_resolver
from training.data.dataset import Dataset, gather
from training.evaluation.judge import judge_run
from training.learn.cost import Cost
from training.learn.trainer import Trainer
from training.runs import export
from training.runs.run_folder import RunFolder
from training.tasks import TASKS
from ui.finetune import checkpoints, result_use, run_plan
from ui.finetune.checkpoints import base_of, choices, starts, weights_of
from ui.finetune.networks import FRESH, NETWORKS

COST = Cost(step_s=0.1, validation_s=0.1, start_s=0.1)
RATE = 44_100
ELSEWHERE = {"plain_unet", "spectral_enhancer"}
"""Tested below, and in the browser."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Voices and music in folders that say so."""
    folder = tmp_path_factory.mktemp("upload")
    for seed in range(2):
        sounds = {"voices": speech(2.0, RATE, seed), "music": music(2.0, RATE, seed).samples}
        for kind, sound in sounds.items():
            (folder / kind).mkdir(exist_ok=True)
            soundfile.write(folder / kind / f"{seed}.wav", sound.T, RATE)
    return gather([folder], tmp_path_factory.mktemp("data") / "set")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small checkpoint of each network, under the name of its model."""
    folder = tmp_path_factory.mktemp("checkpoints")
    tiny_checkpoint(folder / "enhancer")
    tiny_checkpoint(folder / "spectral_enhancer", spectral=True)
    tiny_super_resolver(folder / "residual_unet")
    tiny_cleaners(folder)
    names = {"denoiser-speech-48k": "tcn_masker", "mask-unet-32k": "mask_unet"}
    for name, model in (*names.items(), ("wavenet-denoiser", "wavenet")):
        (folder / name).rename(folder / model)
    tiny_wave_unet(folder / "wave_unet")
    return folder


def test_each_network_is_offered_with_weights_that_ship_or_without() -> None:
    models = {card.model for card in starts()}
    assert models == set(NETWORKS)
    shipped = {card.model for card in starts() if card.folder.parent == SHIPPED and card.sha256}
    assert models - shipped <= {card.model for card in starts() if card.name.startswith(FRESH)}
    assert all(TASKS[damage].label for one in NETWORKS.values() for damage in one.damages)
    classes = stage_classes()
    for network in NETWORKS.values():
        stage = classes[network.stage](**network.settings)
        assert hasattr(stage, network.knob)
    assert (f"{FRESH}plain_unet" in [name for _, name in choices()]) and not weights_of(
        base_of(f"{FRESH}plain_unet")
    )


@pytest.mark.parametrize("model", sorted(set(NETWORKS) - ELSEWHERE))
def test_a_run_of_each_network_learns_is_judged_and_is_used(
    model: str, data: Dataset, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = read_card(tiny / model)
    network = NETWORKS[model]
    config = run_plan.config_for(base, data, network.damages[0], COST, steps=2)
    assert run_plan.missing(data, network.damages[0]) == ""
    config = dataclasses.replace(config, batch=2, accumulation=1, seconds=0.3, precision="no")
    run = RunFolder(tmp_path / "run")
    with run.heart:
        Trainer(config, [data.folder], run, weights_of(base)).fit()
    assert (run.path / "samples" / "now").is_dir()
    verdict = judge_run(run.path)
    assert verdict is not None and np.isfinite(verdict.now) and verdict.against == "the base"
    monkeypatch.setenv("WAVEMEND_CHECKPOINTS", str(tmp_path / "own"))
    card = export.use(run.path, "mine", "Mine")
    used = json.dumps([card.title, card.name, card.model])
    value, _, _ = result_use.to_restore(stage_classes(), used, None)
    (card_on,) = [one for one in value["cards"] if one["on"]]
    assert card_on["stage"] == network.stage and card_on["settings"][network.knob] == "mine"
    assert value["own"][network.stage] == [["Mine", "mine"]]
    stage = stage_classes()[network.stage](**{**network.settings, network.knob: "mine"})
    if model == "wave_unet":
        stage = dataclasses.replace(stage, gains_db={"voice": None})
    sound = Audio(speech(1.0, 22_050), 22_050)
    assert stage(sound).seconds == pytest.approx(sound.seconds)


def test_a_fresh_network_needs_no_weights_and_is_judged_beside_its_input(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = base_of(f"{FRESH}plain_unet")
    config = run_plan.config_for(base, data, "low_rate", COST, steps=2)
    assert config.config["size"] == "small" and config.learning_rate == 0.001
    small = {"sample_rate": RATE, "widths": (8, 8, 16), "tanh": False, "residual": True}
    config = dataclasses.replace(config, config=small, batch=2, seconds=0.3, precision="no")
    run = RunFolder(tmp_path / "run")
    with run.heart:
        Trainer(config, [data.folder], run, weights_of(base)).fit()
    verdict = judge_run(run.path)
    assert verdict is not None and verdict.against == "the untreated input"


def test_what_a_separator_lacks_is_said_with_the_cure(data: Dataset) -> None:
    voices = tuple(item for item in data.items if item.kind == "speech")
    lacking = dataclasses.replace(data, items=voices)
    text = run_plan.missing(lacking, "separation")
    assert "Two recordings of music" in text and "folders called voices and music" in text
    assert run_plan.missing(lacking, "noisy_speech") == ""
    config = run_plan.config_for(base_of("voice-and-music-22k"), data, "separation", COST, steps=2)
    held = {item.kind for item in data.items if item.group in config.validation_groups}
    assert held == {"speech", "music"} and len(config.validation_groups) == 2
    assert config.learning_rate == pytest.approx(0.3 * 0.001)


def test_noise_is_learned_from_only_where_it_is_part_of_the_task(data: Dataset) -> None:
    noise = dataclasses.replace(data.items[0], kind="noise", group="n")
    more = dataclasses.replace(data, items=(*data.items, noise))
    kinds = {
        name: set(run_plan.config_for(base_of(start), more, damage, COST, steps=2).kinds)
        for name, start, damage in (
            ("enhancer", f"{FRESH}enhancer", "world"),
            ("cleaner", "mask-unet-32k", "generated"),
        )
    }
    assert kinds == {"enhancer": {"speech", "music"}, "cleaner": {"speech", "music", "noise"}}
    with pytest.raises(ValueError, match="a network to start from"):
        checkpoints.base_of("new-spectrogram_unet")
