"""The tables of the Wave-U-Net on synthesised sound, with networks of a few steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from tests.support.separators import tiny_wave_unet
from training.__main__ import app
from training.tables import wave_unet
from training.tables.table import Report
from training.tables.wave_unet import references, report
from training.tables.wave_unet_paper import MODELS

RATE = 22_050
VOICES, MUSIC = ("a", "utau_yuki", "vocadito_10"), ("b", "smstools_orchestra", "mdn_viper")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A voice and a piece of music to learn from, to validate and to test on; voices pause."""
    folder, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    rows = ["path,kind,speaker_or_group"]
    for group in (*VOICES, *MUSIC):
        sound, kind = 0.1 * rng.standard_normal(4 * RATE), "music"
        if group in VOICES:
            sound[RATE : 2 * RATE] *= 1e-3
            kind = "stem_vocals"
        soundfile.write(folder / f"{group}.wav", sound, RATE, subtype="FLOAT")
        rows.append(f"{group}.wav,{kind},{group}")
    (folder / "MANIFEST.csv").write_text("\n".join(rows))
    return folder


@pytest.fixture(scope="module")
def tables(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """With M1 after two steps, and a network with context after none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wave_unet, "SMALL", {"levels": 2, "filters": 4})
        folder = tmp_path_factory.mktemp("runs")
        own = tiny_wave_unet(folder / "own", channels=1, context=True)
        return report(
            [data], folder, folder / "figures", models=["M1"], others=[own], steps=2, small=True
        )


def test_each_trained_network_has_a_row_beside_the_papers(tables: Report) -> None:
    sdr, audible, m6, borders = tables.tables
    paper = {row.label: row.values for row in sdr.rows if row.source == "paper"}
    assert tuple(paper) == tuple(MODELS)
    assert paper["M5"][:2] == (4.58, 3.28) and paper["U7a"][4:] == (6.68, 2.04, 6.85, 3.60)
    ours = {row.label: row.values for row in sdr.rows if row.source == "here"}
    assert tuple(ours) == ("mixture", "half mixture", "own", "M1", "M1, windows of 16384")
    assert np.isfinite(list(ours.values())).all()
    assert audible.rows[0].values[2:5] == (3, 1, 0)
    assert [row.label for row in borders.rows] == ["own", "M1", "M1, windows of 16384"]
    assert {row.label for row in m6.rows} == {"Vocals", "Other", "Bass", "Drums"}
    assert any("own 0, M1 2" in line for line in tables.differs)
    names = ["sdr-own.png", "sdr-M1.png", "sdr-M1-windows-of-16384.png", "borders.png"]
    assert [path.name for path in tables.figures] == names
    assert tables.html().count("data:image/png;base64,") == 4


def test_the_mixture_and_half_of_it_have_the_ratios_of_arithmetic(data: Path) -> None:
    found = references([data])
    whole, half = (found[name]["Voc."].audible().values for name in ("mixture", "half mixture"))
    level = 10 * np.log10(3 / 4)  # the music's over the voice's where it does not pause
    assert whole == pytest.approx(3 * [-level], abs=0.1)
    share = (1 + 10 ** (level / 10)) / 4
    assert half == pytest.approx(3 * [-10 * np.log10(share)], abs=0.1)
    faint = found["mixture"]["Voc."].near_silent().values
    assert faint == pytest.approx([-level - 60], abs=0.5)


def test_the_command_answers_an_unknown_model_with_all_known_ones(data: Path) -> None:
    done = CliRunner().invoke(app, ["tables", "wave_unet", str(data), "--models", "M9"])
    assert done.exit_code != 0
    assert "expected some of M1, M2" in str(done.exception)
