"""Our own separator: which checkpoint runs, that its stems add up, and windows without a seam."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from models.checkpoint import load
from pipeline.__main__ import app
from pipeline.audio import decode
from pipeline.audio.encode import save
from pipeline.audio.sound import Audio
from pipeline.separation import voice
from pipeline.separation.factory import separator
from pipeline.separation.voice import VoiceSeparator, checkpoints
from pipeline.stages.per_stem import PerStem
from tests.support.separators import tiny_masker, tiny_wave_unet
from ui.restore import tab

RATE = 22_050


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of checkpoints that is searched, and no other."""
    monkeypatch.setenv("WAVEMEND_CHECKPOINTS", str(tmp_path))
    monkeypatch.setattr("models.checkpoint.SHIPPED", tmp_path / "shipped")
    return tmp_path


@pytest.fixture
def sound(rng) -> Audio:
    return Audio(rng.uniform(-0.5, 0.5, (2, 30_001)).astype(np.float32), RATE)


def test_without_a_checkpoint_it_says_how_to_get_one_and_the_page_does_not_list_it(folder, sound):
    assert checkpoints("wave_unet") == []
    with pytest.raises(ValueError, match=r"no checkpoint of it .* training run voice-and-music"):
        separator("wave_unet").stems(sound)
    assert "wave_unet" not in dict(map(reversed, tab._choices({})["per_stem", "separator"]))
    tiny_wave_unet(folder / "own")
    assert "wave_unet" in dict(map(reversed, tab._choices({})["per_stem", "separator"]))


def test_a_net_of_four_sources_is_not_taken_for_one_of_two(folder):
    tiny_wave_unet(folder / "four", sources=4)
    assert checkpoints("wave_unet") == []
    tiny_wave_unet(folder / "two")
    assert [card.name for card in checkpoints("wave_unet")] == ["two"]


def test_the_voice_is_the_net_s_last_source_and_windows_leave_no_seam(folder, sound, monkeypatch):
    net = load(tiny_wave_unet(folder / "own", context=True))
    with torch.inference_mode():
        expected = net(torch.from_numpy(sound.samples.copy())[None])[0, -1].numpy()
    for payload_s in (10.0, 0.1):
        monkeypatch.setattr(voice, "PAYLOAD_S", payload_s)
        stems = VoiceSeparator().stems(sound)
        assert np.abs(stems["voice"].samples - expected).max() < 1e-5
        total = stems["voice"].samples + stems["accompaniment"].samples
        assert np.abs(total - sound.samples).max() < 1e-6


def test_a_masker_leaves_the_voice_and_the_rest_accompanies_it(folder, sound, monkeypatch):
    net = load(tiny_masker(folder / "own"))
    monkeypatch.setattr(voice, "PAYLOAD_S", 0.2)
    mixture = Audio(sound.samples, net.config.sample_rate)
    with torch.inference_mode():
        expected = net(torch.from_numpy(mixture.samples.copy())[None])[0].numpy()
    stems = separator("voice_masker").stems(mixture)
    assert np.abs(stems["voice"].samples - expected).max() < 1e-5
    total = stems["voice"].samples + stems["accompaniment"].samples
    assert np.abs(total - mixture.samples).max() < 1e-6


def test_a_masker_that_removes_noise_is_no_separator(folder, sound):
    tiny_masker(folder / "denoiser", content="speech")
    assert checkpoints("voice_masker") == []
    with pytest.raises(ValueError, match=r"no checkpoint of it .* training run voice-over-music"):
        separator("voice_masker").stems(sound)


def test_quiet_sound_is_brought_to_a_level_that_the_net_knows(folder, sound):
    tiny_wave_unet(folder / "own")
    quiet = [
        VoiceSeparator().stems(Audio(sound.samples * np.float32(gain), RATE))["voice"].samples
        / gain
        for gain in (1e-3, 1e-5)
    ]
    assert np.abs(quiet[0] - quiet[1]).max() < 1e-4


def test_a_checkpoint_is_named_by_its_folder_and_needs_no_download(folder, sound, tmp_path):
    own = str(tiny_wave_unet(tmp_path / "elsewhere" / "mine"))
    stage = PerStem("wave_unet", gains_db={"accompaniment": None}, weights=own)
    assert stage.downloads() == []
    assert stage.names == ("voice", "accompaniment")
    assert stage(sound).samples.any()
    with pytest.raises(ValueError, match="checkpoint: got 'nothing'"):
        VoiceSeparator(weights=str(tmp_path / "nothing")).stems(sound)


def test_the_command_writes_both_stems(folder, sound, monkeypatch):
    tiny_wave_unet(folder / "own")
    monkeypatch.chdir(folder)
    save(Audio(sound.samples, 44_100), "a.wav", subtype="FLOAT")
    done = CliRunner().invoke(app, ["separate", "a.wav", "-o", ".", "--model", "wave_unet"])
    assert done.exit_code == 0 and done.stderr == ""
    voice, rest = (decode.load(f"a - {name}.wav").samples for name in ("voice", "accompaniment"))
    assert np.abs(voice + rest - sound.samples).max() < 1e-5
