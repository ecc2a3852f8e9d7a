"""Uploads leave nothing beside their file."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
import pytest
from gradio.data_classes import FileData

from ui import uploads


@pytest.mark.parametrize("component", [gr.File, gr.UploadButton])
def test_a_file_is_handed_over_without_an_empty_one_beside_it(
    component: type[gr.File], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    uploads.install()
    sound = tmp_path / "a.wav"
    sound.write_bytes(b"sound")
    assert component().preprocess(FileData(path=str(sound))) == str(sound)
    assert list(tmp_path.iterdir()) == [sound]
    with pytest.raises(gr.Error, match="Invalid file type"):
        component(file_types=[".json"]).preprocess(FileData(path=str(sound)))
