"""The Declick stage: short clicks and crackle are taken out, and nothing else is touched.

Detection is cheap and runs everywhere (see `pipeline.analysis.click_candidates`); the costly repair
runs where a click may be (see `pipeline.stages.click_repair`), which also decides whether it was
one. A second pass finds what the first one's clicks hid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.analysis import click_candidates
from pipeline.audio import buffers
from pipeline.audio.excerpts import pieces
from pipeline.audio.sound import Audio
from pipeline.dsp import chunked
from pipeline.knobs import check_knobs, knob
from pipeline.stage import Tick, no_tick
from pipeline.stages import click_context, click_repair

PASSES = 2
PLAIN = 30.0  # sensitivity at which what is found is a click beyond doubt
RATIO = 2.5  # of a candidate to its neighbourhood
PAYLOAD_BLOCKS = 4  # many clicks at once are faster
ORDER_SHARE = 4  # a predictor may have this part of its hop in taps


@dataclass(frozen=True)
class Declick:
    """Takes out clicks, pops and crackle; sound without them is returned as it is."""

    sensitivity: float = knob(
        50.0, 0, 100, "%", "Higher finds fainter clicks and touches more of what is no click."
    )
    longest_ms: float = knob(
        3.0, 0.1, 10, "ms", "Clicks that last longer are left alone.", label="Longest click"
    )
    order: int = knob(
        32, 8, 64, "", "Taps of the predictor: more follow denser music and take longer."
    )

    def __post_init__(self) -> None:
        check_knobs(self)

    @property
    def proof(self) -> float:
        """How clear a click must be (see `gaps.repairs`): 20 at 0, 5 at 50, 1.25 at 100."""
        return float(5 * 2 ** ((50 - self.sensitivity) / 25))

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        found: list[int] = []

        def work(window: np.ndarray) -> np.ndarray:
            return np.stack([self._repaired(x, audio.rate, found) for x in window])

        made = chunked.run(
            work,
            audio.samples,
            payload=PAYLOAD_BLOCKS * buffers.BLOCK_FRAMES,
            context=context_frames(audio.rate),
            grid=click_candidates.grid_frames(audio.rate),
            tick=tick,
        )
        return Audio(made, audio.rate) if found else audio

    def _repaired(self, x: np.ndarray, rate: int, found: list[int]) -> np.ndarray:
        order = self.order_at(rate)
        wrong = click_candidates.differences(x, rate, order)
        seen: list[click_candidates.Place] = []
        for _ in range(PASSES):
            fixed = self.repairs(x, wrong, rate, seen)
            if not fixed:
                break
            x = x.copy()
            changed = np.zeros(x.size, bool)
            for start, samples in fixed:
                x[start : start + samples.size] = samples
                changed[start : start + samples.size] = True
            found.extend(start for start, _ in fixed)
            which = click_candidates.frames_over(changed, rate)
            wrong[which] = click_candidates.differences(x, rate, order, which)
        return x

    def order_at(self, rate: int) -> int:
        return min(self.order, click_candidates.hop_frames(rate) // ORDER_SHARE)

    def repairs(
        self, x: np.ndarray, wrong: np.ndarray, rate: int, seen: list[click_candidates.Place]
    ) -> list[click_repair.Repair]:
        """The repairs of one pass; places in `seen` are passed over, and those now seen added.

        Args:
            x: (T,) float32.
            wrong: what `clicks.differences` says of it.
            rate: Hz.
            seen: places of the pass before.
        """
        order = self.order_at(rate)
        longest = max(1, round(self.longest_ms * 1e-3 * rate))
        places = click_candidates.candidates(wrong.reshape(-1)[: x.size], rate, order, RATIO)
        old = frozenset(seen)
        seen[:] = places
        found = click_repair.repairs(x, places, rate, order, longest, self.proof, old)
        return [(at, new) for at, new in found if (new != x[at : at + new.size]).any()]


def clicks_per_minute(audio: Audio, tick: Tick = no_tick) -> float:
    """How many clicks a minute the channel with most of them has; 0 for clean sound.

    Only plain ones count, and of a long recording only pieces are looked at.
    """
    tick(0.0)
    counts, seconds = np.zeros(audio.channels), 0.0
    parts, stage = pieces(audio), Declick(sensitivity=PLAIN)
    for at, piece in enumerate(parts, 1):
        seconds += piece.seconds
        for channel, x in enumerate(piece.samples):
            wrong = click_candidates.differences(x, audio.rate, stage.order_at(audio.rate))
            counts[channel] += len(stage.repairs(x, wrong, audio.rate, []))
        tick(at / len(parts))
    return float(60 * counts.max() / seconds)


def context_frames(rate: int) -> int:
    """Sound on either side of a sample that two passes may look at."""
    return PASSES * (click_candidates.reach_frames(rate) + 2 * click_context.side_frames(rate))
