"""Gradio writes no stubs beside our components, however it came to be imported."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import gradio
import pytest

import ui

PART = "import gradio\n\nclass Part(gradio.HTML):\n    EVENTS = ['input']\n"


def test_a_component_s_folder_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "part_of_a_page.py").write_text(PART)
    monkeypatch.syspath_prepend(tmp_path)
    part = importlib.import_module("part_of_a_page").Part("x")
    assert part.value == "x" and not list(tmp_path.glob("*.pyi"))


def test_what_is_imported_later_writes_none_either(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = ui._Finder.find_spec(ui.MODULE, gradio.__path__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.create_or_modify_pyi(module.ComponentMeta, "ComponentMeta", []) is None
    assert not Path(module.__file__).with_name("component_meta.pyi").exists()
    assert ui._Finder.find_spec("gradio.blocks", gradio.__path__) is None
    monkeypatch.delitem(ui.sys.modules, ui.MODULE)
    monkeypatch.setattr(ui.sys, "meta_path", [])
    ui.omit_stubs()
    ui.omit_stubs()
    assert ui.sys.meta_path == [ui._Finder]
