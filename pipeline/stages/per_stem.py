"""The PerStem stage: separates a sound into stems, restores each stem, and mixes them.

    sound -- separator --+-- stem 1 -- + share of the rest -- chain -- gain --+
                         |                      ...                          sum --- sound
                         +-- stem K -- + share of the rest -- chain -- gain --+

The stems of a trained separator do not add up to its input: noise, and the band above the net's,
are in none of them. This rest is distributed over the stems before the chain, so that the chain
processes it too (see `mixture_consistency`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from models.net import PRECISIONS
from pipeline import inference
from pipeline.audio.buffers import allocate, blocks
from pipeline.audio.sound import Audio
from pipeline.knobs import check_knobs, knob, shown
from pipeline.separation import demucs_weights
from pipeline.separation.factory import separator
from pipeline.separation.mixture_consistency import consistent
from pipeline.separation.separators import DEMUCS, OFFLINE, SEPARATORS
from pipeline.stage import Chain, Stage, Tick, expected_seconds, no_tick, part, share, titled

LOWEST_GAIN_DB, HIGHEST_GAIN_DB = -60.0, 24.0
MIX_SHARE = 0.02
CONSISTENCY_SPEED = 500.0  # seconds of one channel of one stem a second


@dataclass(frozen=True)
class PerStem:
    """Separates, runs a chain on each stem, and mixes; without chain and gains nothing changes.

    Attributes:
        gains_db: stem -> gain from -60 to 24 dB; None mutes, a stem not named keeps its level.
        stages: the chain that runs on every stem.
        device: one of `pipeline.inference.DEVICES`, for the separating net.
        own: folder with a user's own checkpoints; none if empty.
        weights: folder with the separating net's weights; see `separation.demucs_weights`. It is
            not a knob: a recipe from anyone must not choose which files are read.
    """

    separator: str = knob(
        "htdemucs",
        choices=tuple(SEPARATORS),
        help="The separator; the last two need no trained network.",
    )
    shifts: int = knob(
        0,
        0,
        10,
        help="Demucs: passes over shifted copies that are averaged; 0 is one plain pass. The time "
        "grows with their number.",
    )
    overlap: float = knob(
        0.25,
        0,
        0.9,
        help="Demucs: share of a segment that the next one repeats; more is slower and smoother.",
    )
    precision: str = knob(
        "float32",
        choices=PRECISIONS,
        help="bfloat16 is about twice as fast on processors that support it, slower on others; its "
        "stems differ by about -30 to -40 dB.",
    )
    gains_db: Mapping[str, float | None] = field(default_factory=dict, hash=False)
    stages: tuple[Stage, ...] = ()
    voice_model: str = knob(
        "",
        label="Voice model",
        help="Of `voice_masker` and `wave_unet`: a checkpoint; empty is the one that ships.",
    )
    device: str = "auto"
    weights: str | None = None
    own: str = ""

    def __post_init__(self) -> None:
        check_knobs(self)
        inference.check_device(self.device)
        object.__setattr__(self, "gains_db", _checked(self.gains_db, self.names))
        object.__setattr__(self, "stages", tuple(self.stages))
        if any(isinstance(stage, PerStem) for stage in self.stages):
            raise ValueError("stages: got PerStem, which cannot run inside PerStem")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the separator's stems."""
        return SEPARATORS[self.separator]

    @property
    def changes_nothing(self) -> bool:
        """Whether there is neither a chain nor a gain."""
        return not self.stages and not any(gain != 0 for gain in self.gains_db.values())

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        """The restored sound; `audio` itself if there is neither a chain nor a gain.

        Raises:
            WeightsMissing: (a ValueError) the separator's weights are not on this machine.
            Cancelled: from `tick`.
        """
        tick(0.0)
        if self.changes_nothing:
            tick(1.0)
            return audio
        stems = self.stems(audio, share(tick, 0, 1 - MIX_SHARE))
        return self.mix(stems, share(tick, 1 - MIX_SHARE, 1))

    def stems(self, audio: Audio, tick: Tick = no_tick) -> dict[str, Audio]:
        """The restored stems by name, before gains; without a chain they sum to `audio`."""
        tick(0.0)
        size = (audio.frames, audio.rate, audio.channels)
        own_s, rest_s = self._separator.estimate_seconds(*size), self._consistency_seconds(*size)
        total_s = own_s + rest_s + self._chain_seconds(*size)
        tick = _rising(tick)  # consistency and restoring take turns
        separated, restoring = own_s / total_s, (own_s + rest_s) / total_s
        raw = self._separator.stems(audio, share(tick, 0, separated))
        chain, inner, restored = Chain(self.stages), share(tick, restoring, 1), {}
        stems = consistent(audio, raw, share(tick, separated, restoring))
        for at, (name, stem) in enumerate(stems):
            own = titled(part(inner, at, len(self.names)), f"Restoring {name}")
            restored[name] = chain(stem, own)
        tick(1.0)
        return restored

    def mix(self, stems: Mapping[str, Audio], tick: Tick = no_tick) -> Audio:
        """The sum of stems, each with its gain.

        Args:
            stems: what `stems` returned; all of one rate and shape.

        Raises:
            ValueError: a stem is missing, or differs in rate or shape.
        """
        tick(0.0)
        shapes = {(stem.rate, stem.samples.shape) for stem in stems.values()}
        if set(stems) != set(self.names) or len(shapes) > 1:
            raise ValueError(f"stems: expected {', '.join(self.names)}, all of one rate and shape")
        first = stems[self.names[0]]
        out = allocate(first.channels, first.frames)
        parts = [(gain, stems[name].samples) for name, gain in self._gains()]
        for start, stop in blocks(out, *(samples for _, samples in parts)):
            for gain, samples in parts:
                out[:, start:stop] += gain * samples[:, start:stop]
            tick(stop / first.frames)
        return Audio(out, first.rate)

    def downloads(self) -> list[str]:
        """The addresses that the first use will download from; asks no network."""
        if self.separator not in DEMUCS:
            return []
        return demucs_weights.missing(self.separator, self.weights)

    def estimate_seconds(self, frames: int, rate: int, channels: int) -> float:
        """Seconds that the stage will take: the separation, and the chain for each stem."""
        if self.changes_nothing:
            return 0.0
        size = (frames, rate, channels)
        own_s = self._separator.estimate_seconds(*size) + self._consistency_seconds(*size)
        return own_s + self._chain_seconds(*size)

    @property
    def _separator(self) -> Any:
        return separator(
            self.separator,
            shifts=self.shifts,
            overlap=self.overlap,
            device=self.device,
            weights=self.weights,
            precision=self.precision,
            voice_model=self.voice_model,
            own=self.own,
        )

    def _consistency_seconds(self, frames: int, rate: int, channels: int) -> float:
        """Seconds that consistency takes; the classical separators' stems add up without it."""
        exact = self.separator in OFFLINE
        return frames / rate * channels * (0.001 if exact else len(self.names) / CONSISTENCY_SPEED)

    def _chain_seconds(self, frames: int, rate: int, channels: int) -> float:
        each = (expected_seconds(stage, frames, rate, channels) for stage in self.stages)
        return len(self.names) * sum(each)

    def _gains(self) -> Iterator[tuple[str, np.float32]]:
        """(stem, factor) of each stem that is not muted."""
        for name in self.names:
            gain_db = self.gains_db.get(name, 0.0)
            if gain_db is not None:
                yield name, np.float32(10 ** (gain_db / 20))


def _rising(tick: Tick) -> Tick:
    """A tick whose fractions never fall."""
    highest = 0.0

    def raised(fraction: float, what: str = "") -> None:
        nonlocal highest
        highest = max(highest, fraction)
        tick(highest, what)

    return raised


def _checked(gains_db: Any, names: tuple[str, ...]) -> dict[str, float | None]:
    if not isinstance(gains_db, Mapping):
        raise ValueError(f"gains_db: got {shown(gains_db)}, expected {{stem: dB or null}}")
    for name, gain in gains_db.items():
        if name not in names:
            raise ValueError(f"gains_db: got {shown(name)}, expected one of {', '.join(names)}")
        number = isinstance(gain, (int, float)) and not isinstance(gain, bool)
        if gain is not None and not (number and LOWEST_GAIN_DB <= gain <= HIGHEST_GAIN_DB):
            expected = f"{LOWEST_GAIN_DB:g} to {HIGHEST_GAIN_DB:g} dB, or null to mute"
            raise ValueError(f"gains_db: got {shown(gain)} for {name}, expected {expected}")
    return dict(gains_db)
