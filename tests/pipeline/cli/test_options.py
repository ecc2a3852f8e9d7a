"""Options offer what the code behind them knows, and nothing else."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from pipeline.__main__ import app
from pipeline.inference import DEVICES
from pipeline.output import FORMATS
from pipeline.separation.separators import SEPARATORS


@pytest.mark.parametrize(
    ("command", "option", "names"),
    [
        ("restore", "--format", FORMATS),
        ("restore", "--device", DEVICES),
        ("separate", "--format", FORMATS),
        ("separate", "--device", DEVICES),
        ("separate", "--model", SEPARATORS),
    ],
)
def test_an_unknown_name_is_answered_with_all_known_ones(command, option, names) -> None:
    done = CliRunner().invoke(app, [command, "in.wav", "-o", "out", option, "abacus"])
    assert done.exit_code == 2
    said = "".join(done.stderr.replace("│", "").split())
    assert f"expectedoneof:{','.join(names)}" in said
