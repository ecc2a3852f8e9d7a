"""The residual of a net, net(x) - x: at the trained level, above a crossover, not in silence."""

from __future__ import annotations

import numpy as np

from pipeline import inference
from pipeline.audio.buffers import blocks
from pipeline.audio.sound import Audio
from pipeline.dsp import chunked, fir
from pipeline.stage import Tick

PAYLOAD_S = 5.0  # of a window on a CPU; shorter windows repack the weights too often
CONTEXTS = 20  # a payload is at least this many times its context, which is computed twice,
MOST_PAYLOAD_S = 20.0  # but no longer than this, to save memory
GPU_PAYLOADS = 4  # factor by which windows on a GPU are longer
FADE_S = 0.005
TRAINED_PEAKS = (0.05, 0.7)  # range of peaks in the training data
MAX_GAIN = 1000.0
PEAK_BLOCK = 480  # samples; the loudest thousandth of the blocks may be clicks and is ignored
DIGITAL_SILENCE = 2.0**-24  # half a step of 24 bits
GATE_FADE = 480  # samples over which the residual fades to zero towards digital silence


def residual(
    net: inference.Net, x: Audio, keep_below_hz: float, tick: Tick, overlap: float = 0.0
) -> np.ndarray:
    """net(x) - x above the crossover, zero where `x` is digitally silent.

    Args:
        x: at the net's rate, (C, T).
        keep_below_hz: the crossover (see `fir.high_pass`).
        overlap: share of a window over which neighbours cross-fade; at least FADE_S.

    Returns:
        (C, T) float32; a memory map if the sound is long.

    Raises:
        ValueError: the net's output is not finite.
    """
    reach = max(net.receptive_field, GATE_FADE)
    taps = fir.high_pass(keep_below_hz, x.rate)
    context = reach + len(taps) // 2
    longest = round(MOST_PAYLOAD_S * x.rate)
    payload = max(round(PAYLOAD_S * x.rate), min(CONTEXTS * context, longest))
    if not inference.is_on_cpu(net):
        payload *= GPU_PAYLOADS
    gain = net_gain(x)
    if net.multichannel:
        gain = gain.min(keepdims=True)  # one gain keeps the channels' levels relative to each other

    def of_window(window: np.ndarray) -> np.ndarray:
        scaled = window * gain
        change = (inference.apply(net, scaled) - scaled) / gain
        return gated(fir.filtered(change, taps), window, reach)

    return chunked.run(
        of_window,
        x.samples,
        payload=payload,
        context=context,
        grid=net.stride,
        fade=max(round(FADE_S * x.rate), round(overlap * payload)),
        tick=tick,
    )


def net_gain(x: Audio) -> np.ndarray:
    """(C, 1) float32 gains that bring the peak of each channel into `TRAINED_PEAKS`."""
    peaks = []
    for start, stop in blocks(x.samples):
        block = np.abs(x.samples[:, start:stop])
        peaks.append(np.maximum.reduceat(block, np.arange(0, stop - start, PEAK_BLOCK), axis=1))
    usual = np.quantile(np.concatenate(peaks, axis=1), 0.999, axis=1, method="higher")
    usual = np.maximum(usual, TRAINED_PEAKS[0] / MAX_GAIN)
    gain = np.clip(usual, *TRAINED_PEAKS) / usual
    return gain.astype(np.float32)[:, None]


def mix(dry: np.ndarray, wet: np.ndarray, gain: float, out: np.ndarray, tick: Tick) -> None:
    """Writes dry + gain * wet to `out`, all (C, T).

    `wet` may be `out`, and may be a sample shorter or longer.
    """
    length = dry.shape[1]
    for start, stop in blocks(dry, wet, out):
        added = np.float32(gain) * wet[:, start:stop]
        out[:, start:stop] = dry[:, start:stop]
        out[:, start : start + added.shape[1]] += added
        tick(stop / length)


def gated(change: np.ndarray, x: np.ndarray, reach: int) -> np.ndarray:
    """`change` with zeros where the net saw digital silence only.

    That is where `x` is silent for `reach` samples on both sides. Towards sound, the change rises
    from zero over GATE_FADE samples.

    Args:
        change, x: (C, T).
        reach: samples on either side that influence an output sample of the net.
    """
    shortest = max(reach - GATE_FADE, 1)  # silence that counts at an end of the sound
    if not (np.abs(x[:, ::shortest]) < DIGITAL_SILENCE).any():
        return change
    silent = np.abs(x) < DIGITAL_SILENCE
    at = np.arange(x.shape[1], dtype=np.int32)
    never = x.shape[1] + reach + GATE_FADE
    since = at - np.maximum.accumulate(np.where(silent, -never, at), axis=1)
    until = np.minimum.accumulate(np.where(silent, 2 * never, at)[:, ::-1], axis=1)[:, ::-1] - at
    nearest = np.minimum(since, until)
    return change * np.clip((reach - nearest) / GATE_FADE, 0, 1).astype(np.float32)
