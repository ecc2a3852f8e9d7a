"""What is heard from an A/B player: its transport, rendered offline in the page, to the sample."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from playwright import sync_api

from pipeline.audio.sound import Audio

RATE = 48_000
FADE_S = 0.005
START_S = 0.02  # the transport's lead: what it plays first begins this much later

SCRIPT = """() => {
  window.player = (id = 'first') => document.querySelector(`#${id} .wm-player`).abplayer;
  // Renders what the player would play; `deeds` are [seconds, code] with the transport as `t`.
  window.render = async ([seconds, rate, channels, deeds]) => {
    const { transport } = player();
    const context = new OfflineAudioContext(channels, seconds * rate, rate);
    const { wavs } = transport.segments;
    const t = new transport.constructor(wavs, transport.gains, () => {}, context);
    const perform = (code) => new Function('t', code)(t);
    t.ahead = seconds + 1;
    deeds.filter(([time]) => !time).forEach(([, code]) => perform(code));
    const scheduled = async () => {  // the sound that it needs may still have to be fetched
      while (t.waiting || (t.run && !t.run.ended && t.run.until <= seconds)) {
        await new Promise((done) => setTimeout(done, 20));
        t.pump();
      }
    };
    t.play();
    clearInterval(t.timer);
    await scheduled();
    for (const [time, code] of deeds.filter(([time]) => time)) {
      context.suspend(time).then(async () => {
        perform(code);
        await scheduled();
        context.resume();
      });
    }
    const sound = await context.startRendering();
    const out = Array.from({ length: channels }, (_, i) => sound.getChannelData(i));
    const text = (bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
    return out.map((row) => btoa(text(new Uint8Array(row.buffer))));
  };
}"""


def noise(seconds: float, seed: int = 0) -> Audio:
    rng = np.random.default_rng(seed)
    return Audio(rng.uniform(-0.5, 0.5, (1, round(seconds * RATE))).astype(np.float32), RATE)


def render(
    page: sync_api.Page,
    seconds: float,
    *deeds: tuple[float, str],
    rate: int = RATE,
    channels: int = 1,
) -> np.ndarray:
    """(channels, frames) of what is heard from the moment the first sample is played."""
    rows = page.evaluate("(a) => render(a)", [seconds + START_S, rate, channels, list(deeds)])
    sound = np.array([np.frombuffer(base64.b64decode(row), np.float32) for row in rows])
    return sound[:, round(START_S * rate) :]


def state(page: sync_api.Page, name: str = "first") -> dict[str, Any]:
    return page.evaluate("(name) => player(name).state", name)


def until(page: sync_api.Page, condition: str) -> None:
    page.wait_for_function(condition)
