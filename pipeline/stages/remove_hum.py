"""The RemoveHum stage: detects DC, rumble and mains hum, and subtracts them.

    input ---- at 4 kHz ---- hum: each harmonic as a slowly changing sine (see `hum_wave`)
      |            |                          |
      |            +--- minus the hum --- below 25 Hz: rumble
      |                                       |
      +----------- minus --- input's rate --- sum --- and minus the mean: DC

All filters have linear phase and no delay. Where nothing is detected, every bit is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.analysis.dc_offset import dc_offset
from pipeline.analysis.mains_hum import MAINS_HZ, Hum, find_hum
from pipeline.analysis.rumble import rumble
from pipeline.audio.buffers import allocate, blocks
from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from pipeline.dsp import chunked
from pipeline.dsp.fir import filtered
from pipeline.knobs import check_knobs, knob
from pipeline.stage import Tick, no_tick, share
from pipeline.stages.hum_synthesis import hum_wave

LOW_RATE = 4000
RUMBLE_HZ = 25.0
REJECTION_DB = 60.0
PAYLOAD = 1 << 18
STORED_SPEED = 300.0  # seconds of one channel a second


@dataclass(frozen=True)
class RemoveHum:
    """Removes mains hum, inaudible rumble and DC; sound without them is returned unchanged."""

    hum_hz: float | None = knob(
        None, 0, 70, "Hz", "Mains frequency; its harmonics are removed too. Automatic looks for "
        "50 and 60, 0 keeps hum.", label="Hum", optional=True,
    )  # fmt: skip
    rumble_hz: float | None = knob(
        None, 0, 60, "Hz", "Everything below is removed. Automatic takes 25 if there is rumble, "
        "0 keeps it.", label="Rumble below", optional=True,
    )  # fmt: skip
    dc: str = knob(
        "auto", choices=("auto", "keep"), help="Whether an offset of the waveform is removed.",
        label="DC offset",
    )  # fmt: skip

    def __post_init__(self) -> None:
        check_knobs(self)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        """The sound without them; the input itself if there is nothing to remove.

        Raises:
            Cancelled: from `tick`.
        """
        tick(0.0)
        offset = dc_offset(audio) if self.dc == "auto" else np.zeros(audio.channels)
        hum, rumble_hz = self._detected(audio)
        tick(0.1)
        if hum is None and not rumble_hz:
            if not offset.any():
                tick(1.0)
                return audio
            return Audio(_minus(audio, offset, None, share(tick, 0.1, 1)), audio.rate)
        unwanted = _unwanted(audio, offset, hum, rumble_hz, share(tick, 0.1, 0.8))
        return Audio(_minus(audio, offset, unwanted, share(tick, 0.8, 1)), audio.rate)

    def estimate_seconds(self, frames: int, rate: int, channels: int) -> float:
        """Seconds that the stage will take on one core."""
        return frames / rate * channels / STORED_SPEED

    def _detected(self, audio: Audio) -> tuple[Hum | None, float]:
        """Hum, and the frequency below which there is rumble (0 for none)."""
        hum, rumble_hz = None, self.rumble_hz
        if self.hum_hz != 0:
            hum = find_hum(audio, (self.hum_hz,) if self.hum_hz else MAINS_HZ)
        if rumble_hz is None:
            low_end = rumble(audio)
            rumble_hz = RUMBLE_HZ if low_end is not None and low_end.present else 0.0
        return hum, float(rumble_hz)


def _unwanted(
    audio: Audio, offset: np.ndarray, hum: Hum | None, rumble_hz: float, tick: Tick
) -> np.ndarray:
    """(C, T) hum and rumble at the rate of `audio`.

    They are extended by a second at both ends, so that resampling has no edges to deal with.
    """
    rate = min(LOW_RATE, audio.rate - audio.rate % 10)
    low = resample(audio, rate, tick=share(tick, 0, 0.4))
    sound = allocate(audio.channels, low.frames + 2 * rate)
    sound[:, rate:-rate] = low.samples - offset[:, None].astype(np.float32)
    unwanted = np.zeros_like(sound)
    if hum is not None:
        unwanted = hum_wave(Audio(sound[:, rate:-rate], rate), hum, rate, share(tick, 0.4, 0.6))
        sound[:, rate:-rate] -= unwanted[:, rate:-rate]
    if rumble_hz:
        unwanted += _below(sound, rumble_hz, rate, share(tick, 0.6, 0.7))
    back = resample(Audio(unwanted, rate), audio.rate, tick=share(tick, 0.7, 1)).samples
    return back[:, audio.rate : audio.rate + audio.frames]


def _below(sound: np.ndarray, hz: float, rate: int, tick: Tick) -> np.ndarray:
    """(C, T) the band below `hz`, which is at -6 dB; the transition is as wide as `hz`."""
    from scipy.signal import firwin, kaiserord

    count, beta = kaiserord(REJECTION_DB, max(hz, 5) / (rate / 2))
    taps = firwin(count | 1, hz, window=("kaiser", beta), fs=rate).astype(np.float32)
    return chunked.run(
        lambda x: filtered(x, taps), sound, payload=PAYLOAD, context=len(taps) // 2, tick=tick
    )


def _minus(audio: Audio, offset: np.ndarray, unwanted: np.ndarray | None, tick: Tick) -> np.ndarray:
    out = allocate(audio.channels, audio.frames)
    for start, stop in blocks(audio.samples, out, *([] if unwanted is None else [unwanted])):
        out[:, start:stop] = audio.samples[:, start:stop]
        if offset.any():
            out[:, start:stop] -= offset[:, None].astype(np.float32)
        if unwanted is not None:
            out[:, start:stop] -= unwanted[:, start:stop]
        tick(stop / audio.frames)
    return out
