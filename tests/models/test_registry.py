"""Nets by name, and the errors of names and configs that there are not."""

from __future__ import annotations

import pytest

from models.enhancer import Enhancer
from models.registry import build, name_of


def test_a_net_is_built_by_its_name() -> None:
    net = build("enhancer", {"widths": [16, 16], "n_skips": 1})
    assert isinstance(net, Enhancer)
    assert (net.config.widths, name_of(net)) == ((16, 16), "enhancer")


def test_unknown_models_and_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="got 'nothing', expected one of enhancer"):
        build("nothing", {})
    with pytest.raises(ValueError, match="config of enhancer"):
        build("enhancer", {"colour": 1})
