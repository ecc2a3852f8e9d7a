"""A paper's tables beside ours: its own figures, what must hold of ours, and the figures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from models.net import inference_form
from models.plain_unet import PlainUnet, PlainUnetConfig
from models.residual_unet import ResidualUnet, ResidualUnetConfig
from tests.support.sounds import music, speech, tiny_checkpoint
from training.data.clips import Clip
from training.runs.run_folder import RunFolder
from training.tables import small_sr, thesis
from training.tables.figures import draw_kaiser_windows, draw_losses
from training.tables.seams import seams
from training.tables.subject import RATE, Subject
from training.tables.table import Report, Row, Table


def _net(net: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    net.train()(0.1 * torch.randn(2, 1, 4096))
    return inference_form(net)


@pytest.fixture(scope="module")
def voices() -> tuple[Clip, ...]:
    return tuple(
        Clip(Path(f"{seed}.wav"), speech(3.0, RATE, seed)[0], RATE / 2, str(seed), "speech")
        for seed in range(2)
    )


def figures_of(table: Table, label: str, source: str = "here") -> tuple[float | None, ...]:
    (row,) = [row for row in table.rows if (row.label, row.source) == (label, source)]
    return row.values


def test_the_thesis_has_its_figures_beside_ours(voices, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(thesis, "SPEED_SECONDS", 0.1)
    monkeypatch.setattr(thesis, "_resampys", lambda low: {})
    net = _net(ResidualUnet(ResidualUnetConfig(widths=(8, 8, 16))))
    tiny_checkpoint(tmp_path / "tiny")  # at 48 kHz
    subject = Subject(net, voices, ("Two voices.",))
    made = thesis.report(subject, tmp_path, beside=tmp_path / "tiny")
    quality, speed = made.tables
    assert figures_of(quality, "U-Net", "paper")[:2] == (11.067, 2.6916)
    assert figures_of(quality, "Kaiser fast", "paper")[:2] == (6.091, 6.272)
    assert figures_of(speed, "U-Net", "paper") == (55.5,)
    snr, distance, below, above = figures_of(quality, "Kaiser best")
    assert below > 30 > 3 > above and distance > 1 < snr
    assert figures_of(quality, "soxr VHQ")[0] > figures_of(quality, "Kaiser fast")[0] - 0.5
    assert figures_of(quality, thesis.LATE)[0] < snr - 6
    kept, bare = (figures_of(quality, name) for name in (thesis.NET_KEPT, thesis.NET))
    assert kept[2] > 30 > bare[2]
    other = figures_of(quality, "tiny, low band kept")
    assert other[2] > 30 and other[3] != kept[3]
    assert {"U-Net alone", "Kaiser fast and U-Net"} <= {row.label for row in speed.rows}
    assert [path.name for path in made.figures] == ["kaiser-windows.png"]


def test_the_small_papers_table_has_the_rows_that_it_lacks() -> None:
    tune = music(6.0).samples[0]
    clips = (Clip(Path("a.wav"), tune, RATE / 2, "a", "music"),)
    net = _net(PlainUnet(PlainUnetConfig(widths=(8, 8, 16))))
    long, short = small_sr.report(Subject(net, clips, ())).tables
    assert figures_of(long, "U-Net", "paper")[:3] == (0.3652, 0.2439, 0.3219)
    assert figures_of(short, "U-Net", "paper")[:3] == (0.4785, 0.3805, 0.3366)
    inverted = figures_of(long, "target, sign changed")
    assert inverted[2] < 1e-3 < 0.01 < inverted[0]  # magnitudes do not see the sign
    assert figures_of(long, "input")[4] < -6  # what the low-pass took
    raw, aligned = (figures_of(long, f"U-Net{name}") for name in ("", ", sign as the target's"))
    assert aligned[1] <= raw[1] and aligned[2] == pytest.approx(raw[2], abs=1e-6)


def test_context_and_fade_leave_no_seam() -> None:
    tune = np.tile(music(4.0).samples[0], 2)
    clips = (Clip(Path("a.wav"), tune, RATE / 2, "a", "music"),)
    table = seams(_net(PlainUnet(PlainUnetConfig(widths=(8, 8, 16)))), clips, segment=8192)
    errors = {row.label: row.values[1] for row in table.rows}
    assert errors["context and fade"] < -90
    assert errors["glued"] > errors["context and fade"] + 20
    assert errors["glued, each by its own peak"] > errors["glued"]


def test_curves_are_drawn_of_the_terms_that_a_run_has(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    for step in (1, 2, 3):
        run.event("step", step, mse=1 / step, learning_rate=1e-3)
        run.event("validation", step, val_mse=2 / step)
    drawn = draw_losses(run.path, ("mse", "magnitude"), tmp_path)
    assert [path.name for path in drawn] == ["loss-mse.png"]
    windows = draw_kaiser_windows(tmp_path / "windows.png")
    assert all(path.stat().st_size > 5000 for path in (*drawn, windows))


def test_a_report_is_text_json_and_a_page_that_escapes(tmp_path: Path) -> None:
    table = Table("<b>", ("SNR",), (Row("ours", (1.234,)), Row("none", (float("inf"),), "paper")))
    picture = draw_kaiser_windows(tmp_path / "windows.png")
    made = Report("Title", (table,), ("Less data.",), (picture,))
    assert "| ours | here | 1.23 |" in made.text() and "| none | paper |  |" in made.text()
    assert json.loads(json.dumps(made.as_dict()))["tables"][0]["rows"][0]["values"] == [1.234]
    assert json.dumps(made.as_dict(), allow_nan=False)  # JSON has no infinity
    page = made.html()
    assert "&lt;b&gt;" in page and "<b>" not in page and "data:image/png;base64," in page
