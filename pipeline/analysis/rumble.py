"""Rumble: constant noise below 22 Hz, from a turntable, wind or steps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.analysis.once import once_per_sound
from pipeline.analysis.quiet_spectrum import SHORTEST_S, quiet_spectrum
from pipeline.audio.sound import Audio

BAND_HZ, BASS_HZ = (3.0, 22.0), (40.0, 90.0)
LEAST_DBFS, OVER_BASS_DB = -60.0, -6.0


class Rumble(NamedTuple):
    """What lies below 22 Hz in the quiet moments of a recording.

    Attributes:
        level_dbfs: its level.
        over_bass_db: its power density over that of the bass, 40 to 90 Hz.
    """

    level_dbfs: float
    over_bass_db: float

    @property
    def present(self) -> bool:
        """Whether that is rumble: at least -60 dBFS, and not far weaker than the bass."""
        return self.level_dbfs > LEAST_DBFS and self.over_bass_db > OVER_BASS_DB


@once_per_sound
def rumble(audio: Audio) -> Rumble | None:
    """Rumble of a recording; None for a sound too short to judge."""
    if audio.seconds < SHORTEST_S:
        return None
    quiet = quiet_spectrum(audio)
    low, bass = (
        quiet.power[(quiet.hz >= band[0]) & (quiet.hz <= band[1])] for band in (BAND_HZ, BASS_HZ)
    )
    level = 10 * np.log10(low.sum() * quiet.noise + 1e-14)
    over_bass = 10 * np.log10((low.mean() + 1e-14) / (bass.mean() + 1e-14))
    return Rumble(float(level), float(over_bass))
