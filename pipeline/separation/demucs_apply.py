"""Demucs nets over sound of any length, segment by segment, in bounded memory.

    sound     |=====================================================|
    segment 0 |  /\\  |
    segment 1     |  /\\  |        each segment is separated on its own; where segments overlap, the
    segment 2         |  /\\  |    result is their mean, weighted with triangles

The result equals that of `demucs.apply.apply_model`. But the whole sound is never in memory, the
random shifts are the same in every run, and the work can be stopped after each segment.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.audio.buffers import allocate, blocks, copied, release
from pipeline.audio.sound import Audio
from pipeline.stage import Tick, no_tick

SEED = 0
MAX_SHIFT_S = 0.5


@dataclass(frozen=True)
class Pass:
    """One run of one net over the whole sound.

    Attributes:
        weights: of the net's sources; for each source they sum to one over all passes.
        lead: samples of silence before the sound, which shift it relative to the segments.
        precision: see `separated`.
    """

    net: Any
    weights: tuple[float, ...]
    lead: int
    precision: str = "float32"


def separated(
    bag: Any,
    audio: Audio,
    shifts: int = 0,
    overlap: float = 0.25,
    tick: Tick = no_tick,
    *,
    precision: str = "float32",
) -> list[np.ndarray]:
    """The sources of a sound, each (C, T).

    As in the package, the sound is normalised to zero mean and unit deviation. The mean, which
    belongs to no source, is not added again.

    Args:
        bag: a `demucs.apply.BagOfModels` of stereo nets, on its device.
        audio: at the bag's rate.
        shifts: passes over randomly shifted copies that are averaged; 0 is one pass, unshifted.
        overlap: share of a segment that the next one repeats, in [0, 1).
        precision: one of `models.net.PRECISIONS`, of convolutions and matrix products.
    """
    mean, deviation = statistics(audio)
    out = [allocate(audio.channels, audio.frames) for _ in bag.sources]
    passes = list(_passes(bag, shifts, precision))
    pairs = [slice(first, first + 2) for first in range(0, audio.channels, 2)]
    steps = [len(_offsets(one, audio.frames, overlap)) for one in passes]
    done, total = 0, len(pairs) * sum(steps)
    for pair in pairs:
        x = audio.samples[pair]
        for one in passes:
            for start, sources in segments(one, x, mean, deviation, overlap):
                for weight, target, source in zip(one.weights, out, sources, strict=True):
                    if weight:
                        part = target[pair][:, start : start + source.shape[1]]
                        part += np.float32(weight * deviation) * source
                        release(target[pair], start, start + source.shape[1])
                done += 1
                tick(done / total)
    return out


def statistics(audio: Audio) -> tuple[float, float]:
    """Mean and sample standard deviation of the channels' mean, over the whole sound."""
    total = squares = 0.0
    for start, stop in blocks(audio.samples):
        block = audio.samples[:, start:stop].mean(axis=0, dtype=np.float64)
        total += block.sum()
        squares += np.square(block).sum()
    mean = total / audio.frames
    variance = max(squares / audio.frames - mean**2, 0.0) * audio.frames / max(audio.frames - 1, 1)
    return mean, variance**0.5 + 1e-8


def _passes(bag: Any, shifts: int, precision: str) -> Iterator[Pass]:
    draw = random.Random(SEED)
    totals = np.sum(bag.weights, axis=0)
    for net, weights in zip(bag.models, bag.weights, strict=True):
        largest = int(MAX_SHIFT_S * net.samplerate)
        share = tuple(np.array(weights) / totals / max(shifts, 1))
        for _ in range(max(shifts, 1)):
            lead = largest - draw.randint(0, largest) if shifts else 0
            yield Pass(net, share, lead, precision)


def _segment(net: Any) -> int:
    return int(net.samplerate * net.segment)


def _offsets(one: Pass, frames: int, overlap: float) -> range:
    return range(0, frames + one.lead, max(int((1 - overlap) * _segment(one.net)), 1))


def segments(
    one: Pass, x: np.ndarray, mean: float, deviation: float, overlap: float
) -> Iterator[tuple[int, np.ndarray]]:
    """Yields consecutive (start, sources (S, C, n)) that cover (C, T) `x` once."""
    size, length = _segment(one.net), x.shape[1] + one.lead
    offsets = _offsets(one, x.shape[1], overlap)
    weight = _triangle(size)
    total = np.zeros((len(one.weights), len(x), size), np.float32)
    weights = np.zeros(size, np.float32)
    for offset in offsets:
        n = min(size, length - offset)
        total[..., :n] += weight[:n] * _separate(one, x, offset - one.lead, n, mean, deviation)
        weights[:n] += weight[:n]
        ready = min(offsets.step, n)
        early = min(max(one.lead - offset, 0), ready)
        yield offset + early - one.lead, total[..., early:ready] / weights[early:ready]
        total, weights = _shifted(total, ready), _shifted(weights, ready)


def _triangle(size: int) -> np.ndarray:
    weight = np.concatenate([np.arange(1, size // 2 + 1), np.arange(size - size // 2, 0, -1)])
    return (weight / weight.max()).astype(np.float32)


def _shifted(array: np.ndarray, by: int) -> np.ndarray:
    out = np.zeros_like(array)
    out[..., : array.shape[-1] - by] = array[..., by:]
    return out


def _separate(
    one: Pass, x: np.ndarray, start: int, n: int, mean: float, deviation: float
) -> np.ndarray:
    """The net's sources of `n` samples from `start` on, in the middle of its window."""
    import torch

    length = one.net.valid_length(n) if hasattr(one.net, "valid_length") else n
    margin = (length - n) // 2
    begin = start - margin
    first = max(begin, 0)
    last = max(min(begin + length, x.shape[1]), first)
    window = np.zeros((2, length), np.float32)  # mono becomes two equal channels
    window[:, first - begin : last - begin] = (copied(x, first, last) - mean) / deviation
    device, half = next(one.net.parameters()).device, one.precision != "float32"
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=half):
        batch = torch.from_numpy(window)[None].to(device)
        sources = one.net(batch)[0].float().cpu().numpy()  # (S, 2, length)
    if not np.isfinite(sources).all():
        raise ValueError("the output of the separating net is not finite")
    sources = sources[..., margin : margin + n]
    return sources.mean(axis=1, keepdims=True) if len(x) == 1 else sources
