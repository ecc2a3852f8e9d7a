"""Both networks for 44.1 kHz, from weights that a user brings to a restored file."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from models.plain_unet import PlainUnet, PlainUnetConfig
from models.residual_unet import ResidualUnet, ResidualUnetConfig
from pipeline.__main__ import app
from pipeline.audio.decode import load
from pipeline.audio.encode import save
from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from pipeline.evaluation.metrics import lsd
from pipeline.stages.enhance import Enhance
from tests.support.sounds import limited, speech
from ui.session import Session
from ui.setup.weights import SIZES, adopt, kinds

NETS = {
    "residual_unet": lambda: ResidualUnet(ResidualUnetConfig(widths=(8, 8, 16))),
    "plain_unet": lambda: PlainUnet(PlainUnetConfig((8, 8, 16), tanh=False, residual=True)),
}


def learned(model: str) -> torch.nn.Module:
    """A net after three steps towards sound that is twice as bright."""
    torch.manual_seed(0)
    net = NETS[model]()
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(3):
        x = 0.1 * torch.randn(2, 1, 4096)
        loss = (net(x) - x - 0.5 * torch.diff(x, prepend=x[..., :1])).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return net


@pytest.mark.parametrize("model", NETS)
def test_uploaded_weights_are_selected_and_restore_a_file_at_44_1_khz(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = learned(model)
    torch.save(
        {"config": dataclasses.asdict(net.config), "model": net.state_dict()}, tmp_path / "own.pt"
    )
    (tmp_path / "session").mkdir()
    session = Session(tmp_path / "session", visitor="anna")
    assert model in {name for _, name in kinds()}
    value, title = adopt(session, tmp_path / "own.pt", model, SIZES[0], None)
    (card,) = [one for one in value["cards"] if one["on"]]
    assert (card["stage"], title) == ("enhance", "Enhance")
    monkeypatch.setenv("WAVEMEND_CHECKPOINTS", str(session.networks))
    recipe = {"version": 1, "stages": [{"stage": "enhance", **card["settings"]}]}
    (tmp_path / "recipe.json").write_text(json.dumps(recipe))
    sound = limited(rate=22_050, cutoff_hz=8000)
    save(sound, tmp_path / "in.wav")
    arguments = ["restore", tmp_path / "in.wav", "-o", tmp_path / "out", "--recipe"]
    done = CliRunner().invoke(app, [*map(str, arguments), str(tmp_path / "recipe.json")])
    assert done.exit_code == 0, done.stderr
    made = load(tmp_path / "out" / "in.wav")
    assert (made.rate, made.frames) == (44_100, 2 * sound.frames)
    spectrum = np.abs(np.fft.rfft(made.samples[0]))
    treble = spectrum[int(11_500 / 22_050 * len(spectrum)) :]
    assert np.square(treble).sum() > 1e-8 * np.square(spectrum).sum()  # a resampler leaves none


@pytest.mark.parametrize(
    ("name", "rate"),
    [("residual-unet-44k", 22_050), ("plain-unet-44k", 16_000), ("enhancer-waveform-48k", 16_000)],
)
def test_the_weights_that_ship_halve_the_distance(name: str, rate: int) -> None:
    target = resample(Audio(speech(2.0), 48_000), 44_100)
    low = resample(target, rate)
    before, after = resample(low, 44_100), Enhance(checkpoint=name, output_rate="44100")(low)
    count = min(target.frames, before.frames, after.frames)
    clean, *both = (one.samples[:, :count] for one in (target, before, after))
    distances = [lsd(one, clean, 44_100) for one in both]
    assert distances[1] < 0.5 * distances[0]


def test_the_sizes_of_both_can_be_named() -> None:
    assert {"quarter", "half", "full", "small"} <= set(SIZES)
