"""A program in a browser that uses the endpoints, as a page of somebody else's would."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright import sync_api

from pipeline import load, restore

pytestmark = pytest.mark.browser

RECIPE = "old-recording"
PROGRAM = """async ([sound, recipe]) => {
  const api = '/gradio_api';
  const post = (path, body, headers = {}) => fetch(api + path, { method: 'POST', body, headers });
  const form = new FormData();
  form.append('files', await (await fetch(sound)).blob(), 'call.wav');
  const [path] = await (await post('/upload', form)).json();
  const recording = { path, meta: { _type: 'gradio.FileData' } };
  const body = JSON.stringify({ recording, recipe, format: 'wav32f' });
  const call = await post('/call/v2/restore', body, { 'Content-Type': 'application/json' });
  const { event_id } = await call.json();
  const events = await (await fetch(`${api}/call/v2/restore/${event_id}`)).text();
  const [file, report] = JSON.parse(events.trim().split('data: ').pop());
  const bytes = new Uint8Array(await (await fetch(file.url)).arrayBuffer());
  return [btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')), report];
}"""


def test_a_program_gets_the_samples_of_the_command_line_and_a_report(
    browser: sync_api.Browser, address: str, files: Path
) -> None:
    path = files / "call one.wav"
    sound = "data:audio/wav;base64," + base64.b64encode(path.read_bytes()).decode()
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    answer, report = page.evaluate(PROGRAM, [sound, RECIPE])
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(answer)), dtype="float32")
    expected = restore(load(path), RECIPE).audio
    assert rate == expected.rate and np.array_equal(samples, expected.samples[0])
    assert report["guarantee"]["same_length"] and report["seconds"] == pytest.approx(12)
    context.close()
