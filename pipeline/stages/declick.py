"""The Declick stage: removes short clicks and crackle, and changes nothing else.

A cheap detector (`pipeline.analysis.click_candidates`) looks at every sample. Where it finds a
candidate, a costly model (`pipeline.stages.click_repair`) decides whether it is a click, and
repairs it. A second pass finds clicks that the first pass uncovered.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.analysis import click_candidates
from pipeline.audio import buffers
from pipeline.audio.excerpts import spread_excerpts
from pipeline.audio.sound import Audio
from pipeline.dsp import chunked
from pipeline.knobs import check_knobs, knob
from pipeline.stage import Tick, no_tick
from pipeline.stages import click_context, click_repair

PASSES = 2
PLAIN = 30.0  # sensitivity at which only unmistakable clicks are found
RATIO = 2.5  # of a candidate's peak to its neighbourhood's
PAYLOAD_BLOCKS = 4  # repairing many clicks at once is faster
ORDER_SHARE = 4  # a predictor has at most its hop divided by this as taps


@dataclass(frozen=True)
class Declick:
    """Removes clicks, pops and crackle; sound without them is returned unchanged."""

    sensitivity: float = knob(
        50.0, 0, 100, "%", "Higher finds fainter clicks, and changes more sound that is no click."
    )
    longest_ms: float = knob(
        3.0, 0.1, 10, "ms", "Longer clicks are left alone.", label="Longest click"
    )
    order: int = knob(
        32, 8, 64, "", "Taps of the predictor: more suit denser music and take longer."
    )

    def __post_init__(self) -> None:
        check_knobs(self)

    @property
    def proof(self) -> float:
        """How clear a click must be (see `click_repair.repairs`): 20 at 0, 5 at 50, 1.25 at 100."""
        return float(5 * 2 ** ((50 - self.sensitivity) / 25))

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        """The sound without clicks; the input itself if it has none.

        Raises:
            Cancelled: from `tick`.
        """
        starts: list[int] = []

        def work(window: np.ndarray) -> np.ndarray:
            return np.stack([self._repaired(x, audio.rate, starts) for x in window])

        samples = chunked.run(
            work,
            audio.samples,
            payload=PAYLOAD_BLOCKS * buffers.BLOCK_FRAMES,
            context=context_frames(audio.rate),
            grid=click_candidates.grid_frames(audio.rate),
            tick=tick,
        )
        return Audio(samples, audio.rate) if starts else audio

    def _repaired(self, x: np.ndarray, rate: int, starts: list[int]) -> np.ndarray:
        order = self.order_at(rate)
        errors = click_candidates.prediction_errors(x, rate, order)
        skipped: list[click_candidates.Range] = []
        for _ in range(PASSES):
            fixed = self.repairs(x, errors, rate, skipped)
            if not fixed:
                break
            x = x.copy()
            changed = np.zeros(x.size, bool)
            for start, samples in fixed:
                x[start : start + samples.size] = samples
                changed[start : start + samples.size] = True
            starts.extend(start for start, _ in fixed)
            which = click_candidates.frames_over(changed, rate)
            errors[which] = click_candidates.prediction_errors(x, rate, order, which)
        return x

    def order_at(self, rate: int) -> int:
        """Taps of the predictor at a rate in Hz."""
        return min(self.order, click_candidates.hop_frames(rate) // ORDER_SHARE)

    def repairs(
        self, x: np.ndarray, errors: np.ndarray, rate: int, skipped: list[click_candidates.Range]
    ) -> list[click_repair.Repair]:
        """The repairs of one pass.

        Args:
            x: (T,) float32.
            errors: its `click_candidates.prediction_errors`.
            rate: Hz.
            skipped: ranges of the pass before; replaced by those of this pass.
        """
        order = self.order_at(rate)
        longest = max(1, round(self.longest_ms * 1e-3 * rate))
        ranges = click_candidates.candidates(errors.reshape(-1)[: x.size], rate, order, RATIO)
        old = frozenset(skipped)
        skipped[:] = ranges
        fixed = click_repair.repairs(x, ranges, rate, order, longest, self.proof, old)
        return [(at, new) for at, new in fixed if (new != x[at : at + new.size]).any()]


def clicks_per_minute(audio: Audio, tick: Tick = no_tick) -> float:
    """Unmistakable clicks per minute in the channel that has most; of a long sound, in excerpts."""
    tick(0.0)
    counts, seconds = np.zeros(audio.channels), 0.0
    parts = spread_excerpts(audio)
    for at, piece in enumerate(parts, 1):
        seconds += piece.seconds
        counts += [len(unmistakable_clicks(x, audio.rate)) for x in piece.samples]
        tick(at / len(parts))
    return float(60 * counts.max() / seconds)


def unmistakable_clicks(x: np.ndarray, rate: int) -> list[tuple[int, int]]:
    """The (start, stop) samples of the plain clicks of one channel (T,) at a rate in Hz."""
    stage = Declick(sensitivity=PLAIN)
    errors = click_candidates.prediction_errors(x, rate, stage.order_at(rate))
    repairs = stage.repairs(x, errors, rate, [])
    return [(int(at), int(at) + samples.size) for at, samples in repairs]


def context_frames(rate: int) -> int:
    """Samples on either side that may influence a sample in two passes."""
    return PASSES * (click_candidates.context_frames(rate) + 2 * click_context.side_frames(rate))
