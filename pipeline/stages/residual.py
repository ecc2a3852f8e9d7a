"""What a net changes in a sound: at its own level, above a crossover, not in silence."""

from __future__ import annotations

import numpy as np

from pipeline import inference
from pipeline.audio.buffers import blocks
from pipeline.audio.sound import Audio
from pipeline.dsp import chunked, fir
from pipeline.stage import Tick

PAYLOAD_S = 5.0  # of a window on a CPU: shorter ones repack weights too often
CONTEXTS = 10  # a payload is at least so many times its context,
MOST_PAYLOAD_S = 12.0  # unless it would take too much memory
GPU_PAYLOADS = 4  # a GPU's window holds so many of them
FADE_S = 0.005
TRAINED_PEAKS = (0.05, 0.7)  # of the sounds that nets are trained on
MAX_GAIN = 1000.0
PEAK_BLOCK = 480  # samples; the loudest thousandth of blocks may be clicks and sets no level
DIGITAL_SILENCE = 2.0**-24  # half a step of 24 bits
GATE_FADE = 480  # samples over which an addition fades before digital silence


def residual(
    net: inference.Net, x: Audio, keep_below_hz: float, tick: Tick, overlap: float = 0.0
) -> np.ndarray:
    """net(x) - x above the crossover, nothing where `x` is digitally silent.

    Args:
        x: at the net's rate, (C, T).
        keep_below_hz: see `crossover.high_pass`.
        overlap: share of a window over which neighbours are faded, at least FADE_S.

    Returns:
        (C, T) float32, for long sound a memory map.

    Raises:
        ValueError: the net made values that are no numbers.
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
        gain = gain.min(keepdims=True)  # the channels keep their relation

    def of_window(window: np.ndarray) -> np.ndarray:
        heard = window * gain
        change = (inference.apply(net, heard) - heard) / gain
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
    """(C, 1) float32 factors that bring each channel to a level at which nets are trained.

    One for usual recordings; those beyond `TRAINED_PEAKS` are heard at the nearer end of it.
    """
    peaks = []
    for start, stop in blocks(x.samples):
        block = np.abs(x.samples[:, start:stop])
        peaks.append(np.maximum.reduceat(block, np.arange(0, stop - start, PEAK_BLOCK), axis=1))
    usual = np.quantile(np.concatenate(peaks, axis=1), 0.999, axis=1, method="higher")
    usual = np.maximum(usual, TRAINED_PEAKS[0] / MAX_GAIN)
    gain = np.clip(usual, *TRAINED_PEAKS) / usual
    return gain.astype(np.float32)[:, None]


def mix(dry: np.ndarray, wet: np.ndarray, gain: float, out: np.ndarray, tick: Tick) -> None:
    """out = dry + gain * wet, (C, T); `wet` may be `out`, and may end a sample early or late."""
    length = dry.shape[1]
    for start, stop in blocks(dry, wet, out):
        added = np.float32(gain) * wet[:, start:stop]
        out[:, start:stop] = dry[:, start:stop]
        out[:, start : start + added.shape[1]] += added
        tick(stop / length)


def gated(change: np.ndarray, x: np.ndarray, reach: int) -> np.ndarray:
    """`change` without what was made out of digital silence.

    Zero where `x` is silent for `reach` samples on both sides (all that the net sees there is
    silence), rising to unchanged over the GATE_FADE samples nearer to sound.

    Args:
        change, x: (C, T).
    """
    shortest = max(reach - GATE_FADE, 1)  # of a silence at an end of the sound that matters
    if not (np.abs(x[:, ::shortest]) < DIGITAL_SILENCE).any():
        return change
    silent = np.abs(x) < DIGITAL_SILENCE
    at = np.arange(x.shape[1], dtype=np.int32)
    never = x.shape[1] + reach + GATE_FADE
    since = at - np.maximum.accumulate(np.where(silent, -never, at), axis=1)
    until = np.minimum.accumulate(np.where(silent, 2 * never, at)[:, ::-1], axis=1)[:, ::-1] - at
    nearest = np.minimum(since, until)
    return change * np.clip((reach - nearest) / GATE_FADE, 0, 1).astype(np.float32)
