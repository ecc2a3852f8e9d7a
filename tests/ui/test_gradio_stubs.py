"""Gradio writes no stubs beside our components, however it came to be imported."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import gradio
import pytest

from ui import gradio_stubs

PART = "import gradio\n\nclass Part(gradio.HTML):\n    EVENTS = ['input']\n"


def test_a_component_s_folder_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "part.py").write_text(PART)
    spec = importlib.util.spec_from_file_location("part", tmp_path / "part.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.Part("x").value == "x"
    assert not (tmp_path / "part.pyi").exists()


def test_what_is_imported_later_writes_none_either(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = gradio_stubs._Finder.find_spec(gradio_stubs.MODULE, gradio.__path__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.create_or_modify_pyi(module.ComponentMeta, "ComponentMeta", []) is None
    assert not Path(module.__file__).with_name("component_meta.pyi").exists()
    assert gradio_stubs._Finder.find_spec("gradio.blocks", gradio.__path__) is None
    monkeypatch.delitem(gradio_stubs.sys.modules, gradio_stubs.MODULE)
    monkeypatch.setattr(gradio_stubs.sys, "meta_path", [])
    gradio_stubs.omit()
    gradio_stubs.omit()
    assert gradio_stubs.sys.meta_path == [gradio_stubs._Finder]
