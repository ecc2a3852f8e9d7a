"""`python -m tests.bench.automatic FOLDER`: what the proposed recipe does to damaged recordings.

Every recording of the folder is damaged, diagnosed and restored as proposed; the table compares
the damaged and the restored sound with the recording. Nothing should get farther from it by both
measures, or lose much of it: treble that is made again at the right level costs 3 dB.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from pipeline.degradation.codecs import Codec
from pipeline.degradation.effects import BandLimit
from pipeline.diagnosis.diagnose import diagnose
from pipeline.evaluation.metrics import lsd, si_sdr_db
from pipeline.recipe import load
from tests.bench import confusion
from tests.bench.confusion import Damage, read, recorded, through

NAMES = (
    "none", "band limit 4 kHz", "band limit 8 kHz", "MP3 32 kbit/s", "Opus 12 kbit/s", "clipped",
    "60 clicks a minute", "8 bits", "mu-law", "white noise, 20 dB", "hum 50 Hz, 25 dB",
)  # fmt: skip
LSD_SLACK, SDR_SLACK_DB = 0.03, 0.3  # changes that do not count as worse
LOSS_DB = 6.0  # of SI-SDR, which is worse whatever LSD says


class Outcome(NamedTuple):
    """LSD and SI-SDR in dB before and after, and the stages between."""

    lsd: tuple[float, float]
    si_sdr_db: tuple[float, float]
    stages: tuple[str, ...]

    @property
    def is_worse(self) -> bool:
        """Whether it is farther from the recording by both measures, or far by one."""
        lost_db = self.si_sdr_db[0] - self.si_sdr_db[1]
        return lost_db > (SDR_SLACK_DB if self.lsd[1] > self.lsd[0] + LSD_SLACK else LOSS_DB)


def outcome(clean: Audio, damaged: Audio) -> Outcome:
    """What the proposed recipe makes of a damaged recording."""
    document = diagnose(damaged).recipe
    restored = resample(load(document)(damaged), clean.rate)
    count = min(clean.frames, restored.frames)
    target, *both = (sound.samples[:, :count] for sound in (clean, damaged, restored))
    distances = tuple(lsd(sound, target, clean.rate) for sound in both)
    ratios = tuple(si_sdr_db(sound, target) for sound in both)
    stages = tuple(entry["stage"] for entry in document["stages"])
    return Outcome((distances[0], distances[1]), (ratios[0], ratios[1]), stages)


def line(name: str, outcomes: Sequence[Outcome]) -> str:
    """A row of the table."""
    share = np.mean([bool(one.stages) for one in outcomes])
    lsd_before, lsd_after = np.mean([one.lsd for one in outcomes], axis=0)
    before, after = np.median([one.si_sdr_db for one in outcomes], axis=0)
    worse = sum(one.is_worse for one in outcomes)
    cells = (
        name, f"{share:.0%}", f"{lsd_before:.2f}", f"{lsd_after:.2f}", f"{before:.1f} dB",
        f"{after:.1f} dB", f"{worse} of {len(outcomes)}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def damages(noises: Sequence[Audio]) -> dict[str, Damage]:
    """The damages of the table; with recordings of noise, noise and what lies on top of it."""
    chosen = {name: confusion.DAMAGES[name][0] for name in NAMES}
    if noises:
        behind = recorded(list(noises), 10)
        cut, codec = through(BandLimit(8000.0)), through(Codec("mp3", 48.0))
        chosen |= {
            "recorded noise, 0 dB": recorded(list(noises), 0),
            "recorded noise, 10 dB": behind,
            "the same, cut at 8 kHz": lambda audio, rng: cut(behind(audio, rng), rng),
            "the same, MP3 48 kbit/s": lambda audio, rng: codec(behind(audio, rng), rng),
        }
    return chosen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="clean recordings")
    parser.add_argument("--noises", type=Path, help="recordings of noise")
    parser.add_argument("--seconds", type=float, default=6.0, help="of each, from its middle")
    parser.add_argument("--every", type=int, default=1, help="only every so manieth recording")
    parser.add_argument("--only", action="append", help="a damage; may be given again")
    arguments = parser.parse_args()
    recordings = list(read(arguments.folder, arguments.seconds).values())[:: arguments.every]
    noises = list(read(arguments.noises, 12.0).values()) if arguments.noises else []
    print(f"{len(recordings)} recordings, {arguments.seconds:g} s of each at most\n")
    print("| damage | a recipe | LSD, damaged | restored | SI-SDR, damaged | restored | worse |")
    print("|---" * 7 + "|")
    for name, damage in damages(noises).items():
        if not arguments.only or name in arguments.only:
            rngs = (np.random.default_rng(at) for at in range(len(recordings)))
            pairs = zip(recordings, rngs, strict=True)
            rows = [outcome(clean, damage(clean, rng)) for clean, rng in pairs]
            print(line(name, rows), flush=True)


if __name__ == "__main__":
    main()
