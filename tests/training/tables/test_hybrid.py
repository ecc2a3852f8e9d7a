"""The three methods' table: figures by the command line, and which claims hold."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from tests.support.sounds import music, speech
from training.tables import hybrid
from training.tables.hybrid import INPUT, report
from training.tables.table import Report, Row, Table

RATE = 32_000


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """A voice and a piece of music that the config holds out, and three methods."""
    folder = tmp_path_factory.mktemp("data")
    rows = ["path,kind,speaker_or_group"]
    sounds = {"vctk_p286": ("speech", speech(2.0, RATE)[0]), "smstools_piano": ("music", None)}
    for group, (kind, sound) in sounds.items():
        sound = music(2.0, RATE).samples[0] if sound is None else sound
        soundfile.write(folder / f"{group}.wav", sound, RATE, subtype="FLOAT")
        rows.append(f"{group}.wav,{kind},{group}")
    (folder / "MANIFEST.csv").write_text("\n".join(rows))
    methods = {
        "nothing": [{"stage": "mask_unet", "mix": 0.0}],
        "U-Net": [{"stage": "mask_unet", "checkpoint": "no-such-net"}],
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hybrid, "METHODS", methods)
        return report([folder], most=2)


def test_each_method_has_a_row_and_one_that_fails_says_why(tables: Report) -> None:
    everything = tables.tables[0]
    counts = {"All": 2, "Speech": 1, "Music": 1}
    titles = [f"{name}, {count} of 2 recordings" for name, count in counts.items()]
    assert [table.title for table in tables.tables] == titles
    ours = {row.label: row for row in everything.rows if row.source == "here"}
    assert tuple(ours) == (INPUT, "nothing", "U-Net")
    assert ours["nothing"].values[:4] == pytest.approx(ours[INPUT].values[:4])
    assert ours["nothing"].values[4] > 0 and ours[INPUT].values[4] is None
    assert "no-such-net" in ours["U-Net"].remark
    figures = [{row.label: row.values for row in table.rows}[INPUT] for table in tables.tables]
    assert figures[0][:3] == pytest.approx(np.mean([f[:3] for f in figures[1:]], axis=0))
    assert figures[1][3] == figures[0][3] and figures[2][3] is None  # music has no STOI
    assert "LSD: not tested, one of the methods has no figure here." in tables.differs


def test_which_claims_hold_follows_from_the_figures() -> None:
    rows = (
        Row("Demucs + S-NMF", (9.0, 3.0, 1.5, 0.88, 1.0)),
        Row("U-Net", (11.0, 5.0, 1.7, 0.86, 30.0)),
        Row("WaveNet", (10.0, 4.0, 2.2, 0.89, 20.0)),
    )
    lines = hybrid._claims(Table("All", hybrid.COLUMNS, rows))
    assert lines[0] == "SNR dB: of the paper's methods U-Net is best here; the paper says WaveNet."
    assert lines[2].endswith("Demucs + S-NMF is best here; the claim holds.")
    assert lines[3].endswith("WaveNet is best here; the claim holds.")
