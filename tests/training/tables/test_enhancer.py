"""The article's tables on synthesised voices, with nets of one step."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from tests.support.sounds import speech, tiny_checkpoint
from training.__main__ import app
from training.config import read_config
from training.tables import enhancer
from training.tables.enhancer import VARIANTS, config_of, report
from training.tables.table import Report

RATE = 48_000
TRAINED = ("skips-0", "wave-unet", "dac-mel", "raw")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A voice to learn from, and one that the config holds out."""
    folder = tmp_path_factory.mktemp("data")
    rows = ["path,kind,speaker_or_group"]
    for seed, group in enumerate(("a", "vctk_p286")):
        soundfile.write(folder / f"{group}.wav", speech(1.5, RATE, seed)[0], RATE, subtype="FLOAT")
        rows.append(f"{group}.wav,speech,{group}")
    (folder / "MANIFEST.csv").write_text("\n".join(rows))
    return folder


@pytest.fixture(scope="module")
def tables(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    tiny = {
        "enhancer": {"size": "small", "widths": [8, 8, 8]},
        "wave_unet": {"size": "M1", "levels": 2, "filters": 4},
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(enhancer, "SMALL", tiny)
        patch.setattr(enhancer, "read_config", partial(read_config, batch=2, seconds=0.3))
        folder = tmp_path_factory.mktemp("runs")
        tiny_checkpoint(folder / "base", spectral=True)
        return report(
            [data], folder, folder / "base", folder / "figures",
            variants=TRAINED, others=[folder / "base"], steps=1, small=True,
        )  # fmt: skip


def test_each_variant_has_a_row_beside_what_the_article_says(tables: Report) -> None:
    nets, shown = tables.tables
    ours = {row.label: row.values for row in nets.rows if row.source == "here"}
    assert tuple(ours) == (
        "the codec's output", "0 skips", "Wave-U-Net, all 12 skips concatenated",
        "2 skips, the codec's mel loss", "base",
    )  # fmt: skip
    assert ours["the codec's output"][3:5] == pytest.approx((1, 1))
    assert ours["0 skips"][3] < 0.7  # hardly trained: it filters its input
    assert all(np.isfinite(values[:5]).all() for values in ours.values())
    remarks = {row.label: row.remark for row in nets.rows if row.source == "article"}
    assert remarks["3 skips or more"] == "much worse"
    assert [row.label for row in shown.rows if row.source == "here"] == [
        "the base", "raw magnitude and phase",
    ]  # fmt: skip
    assert [path.name for path in tables.figures] == ["skips.png", "representations.png"]
    assert "no listeners" in tables.text() and "| much worse |" in tables.text()


def test_the_variants_differ_in_one_point_each() -> None:
    nets = [config_of(name, 10) for name in VARIANTS]
    assert {config.warmup_steps for config in nets} == {2}  # a short run reaches its rate too
    assert [config.config.get("n_skips") for config in nets[:7]] == list(range(7))
    assert nets[7].model == "wave_unet" and nets[7].net_config()["sources"] == 1
    assert nets[8].losses == {"dac_mel": 15.0}
    shown = [config.adversary["config"] for config in nets[9:]]
    assert [one["representation"] for one in shown] == [
        "log1p_phase", "log1p_phase", "log_phase", "complex", "raw",
    ]  # fmt: skip
    assert [one.get("gate") for one in shown] == [None, 0.0, None, None, None]


def test_an_unknown_variant_is_answered_with_all_known_ones(data: Path) -> None:
    done = CliRunner().invoke(app, ["tables", "enhancer", str(data), "--variants", "skips-9"])
    assert done.exit_code != 0
    assert "expected some of skips-0" in str(done.exception)
