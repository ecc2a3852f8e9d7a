"""`python -m tests.bench.confusion FOLDER`: which damage is found, and false alarms.

Every recording of the folder is diagnosed as it is and with each damage put on it; the table's rows
are damages, its columns findings, its cells the share of recordings in which that is trouble.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from pipeline.audio.decode import load
from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio, AudioError
from pipeline.cli.batch import expand
from pipeline.degradation.codecs import Codec
from pipeline.degradation.effects import BandLimit, Crush, MuLaw, noise_floor
from pipeline.diagnosis.diagnose import diagnose

NOISE_DB = (0, 5, 10, 15)
Damage = Callable[[Audio, np.random.Generator], Audio]


def rms(audio: Audio) -> float:
    return float(np.sqrt(np.square(audio.samples, dtype=np.float64).mean()))


def plus(audio: Audio, extra: np.ndarray, below_db: float) -> Audio:
    """The sound and `extra`, which is scaled to lie so far below it."""
    gain = rms(audio) * 10 ** (-below_db / 20) / max(float(np.sqrt(np.mean(extra**2))), 1e-12)
    return Audio((audio.samples + gain * extra).astype(np.float32), audio.rate)


def hiss(below_db: float, slope: float) -> Damage:
    def damage(audio: Audio, rng: np.random.Generator) -> Audio:
        knots = np.array([20.0, 24_000.0])
        shape_db = -10 * slope * np.log10(knots / 1000)
        return plus(
            audio, noise_floor(rng, audio.samples.shape, audio.rate, knots, shape_db), below_db
        )

    return damage


def hum(hz: float, below_db: float) -> Damage:
    def damage(audio: Audio, rng: np.random.Generator) -> Audio:
        at = np.arange(audio.frames) / audio.rate
        phases = rng.uniform(0, 6.28, 8)
        tones = [np.sin(2 * np.pi * hz * k * at + phases[k - 1]) / k for k in range(1, 9)]
        return plus(audio, np.sum(tones, axis=0), below_db)

    return damage


def clipped(share: float, gain: float) -> Damage:
    """The loudest `share` of samples is cut off, and the result turned up or down."""

    def damage(audio: Audio, rng: np.random.Generator) -> Audio:
        limit = np.quantile(np.abs(audio.samples), 1 - share)
        return Audio(np.clip(audio.samples, -limit, limit) * np.float32(gain), audio.rate)

    return damage


def clicks(a_minute: float, height: float) -> Damage:
    """Clicks of 1 to 12 samples, `height` times as high as the loudest sample."""

    def damage(audio: Audio, rng: np.random.Generator) -> Audio:
        samples = audio.samples.copy()
        count = max(2, round(a_minute * audio.seconds / 60))
        for at in rng.integers(100, max(101, audio.frames - 100), count):
            length = int(rng.integers(1, 13))
            shape = rng.choice([-1, 1]) * rng.uniform(0.5, 1, length)
            samples[:, at : at + length] += np.float32(height * np.abs(samples).max()) * shape
        return Audio(samples, audio.rate)

    return damage


def dropouts(audio: Audio, rng: np.random.Generator) -> Audio:
    """Twelve a minute, 5 to 40 ms, where there is sound."""
    samples = audio.samples.copy()
    loud = np.flatnonzero(np.abs(samples).max(axis=0) > rms(audio))
    count = max(3, round(12 * audio.seconds / 60))
    for at in rng.choice(loud, count):
        samples[:, at : at + round(rng.uniform(0.005, 0.04) * audio.rate)] = 0
    return Audio(samples, audio.rate)


def rumble(audio: Audio, rng: np.random.Generator) -> Audio:
    knots = np.array([10.0, 12.0, 16.0, 30.0])
    shape_db = np.array([-90.0, 0.0, 0.0, -90.0])
    low = noise_floor(rng, audio.samples.shape, audio.rate, knots, shape_db)
    return plus(audio, low, 3)


def comb(audio: Audio, rng: np.random.Generator) -> Audio:
    """Lines every 400 Hz, as the bias of a layer before transposed convolutions leaves them."""
    period = round(audio.rate / 400)
    turns = -(-audio.frames // period)
    return plus(audio, np.tile(rng.standard_normal(period), turns)[: audio.frames], 55)


def stereo(second: Callable[[np.ndarray], np.ndarray]) -> Damage:
    return lambda audio, rng: Audio(
        np.stack([audio.samples[0], second(audio.samples[0])]), audio.rate
    )


def through(stage: Callable[[Audio], Audio]) -> Damage:
    return lambda audio, rng: stage(audio)


def shifted(audio: Audio) -> Audio:
    return Audio(audio.samples + np.float32(0.02), audio.rate)


def recorded(noises: list[Audio], below_db: float) -> Damage:
    """A piece of one of the recordings of noise, repeated where it is too short."""

    def damage(audio: Audio, rng: np.random.Generator) -> Audio:
        noise = resample(noises[int(rng.integers(len(noises)))], audio.rate).samples[:1]
        return plus(audio, np.resize(noise, (1, audio.frames)), below_db)

    return damage


CODED = ("codec_holes", "codec_low_pass")
DAMAGES: dict[str, tuple[Damage, tuple[str, ...]]] = {  # name: (what it does, what must be found)
    "none": (lambda audio, rng: audio, ()),
    "band limit 4 kHz": (through(BandLimit(4000.0)), ("bandwidth",)),
    "band limit 8 kHz": (through(BandLimit(8000.0)), ("bandwidth",)),
    "MP3 32 kbit/s": (through(Codec("mp3", 32.0)), (*CODED, "bandwidth")),
    "MP3 48 kbit/s": (through(Codec("mp3", 48.0)), CODED),
    "Opus 12 kbit/s": (through(Codec("opus", 12.0)), ("bandwidth",)),
    "clipped": (clipped(0.005, 1.5), ("clipping",)),
    "clipped, then quieter": (clipped(0.005, 0.3), ("clipping",)),
    "60 clicks a minute": (clicks(60, 0.3), ("clicks",)),
    "8 bits": (through(Crush(8)), ("quantisation",)),
    "mu-law": (through(MuLaw()), ("quantisation",)),
    "white noise, 20 dB": (hiss(20, 0), ("snr",)),
    "pink noise, 15 dB": (hiss(15, 1), ("snr",)),
    "hum 50 Hz, 25 dB": (hum(50, 25), ("hum",)),
    "hum 60 Hz, 25 dB": (hum(60, 25), ("hum",)),
    "DC 2 %": (through(shifted), ("dc_offset",)),
    "rumble": (rumble, ("rumble",)),
    "dropouts": (dropouts, ("dropouts",)),
    "one channel dead": (stereo(np.zeros_like), ("dead_channel",)),
    "mono as stereo": (stereo(np.copy), ("duplicated_channel",)),
    "polarity inverted": (stereo(np.negative), ("inverted_channel",)),
    "comb of lines": (comb, ("neural_codec",)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="clean recordings")
    parser.add_argument("--seconds", type=float, default=12.0, help="of each, from its middle")
    parser.add_argument("--only", action="append", help="a damage; may be given again")
    parser.add_argument("--list", action="store_true", help="name what was missed, or else made up")
    parser.add_argument("--noises", type=Path, help="noise that is mixed in at 0 to 15 dB")
    arguments = parser.parse_args()
    if arguments.noises:
        noises = list(read(arguments.noises, arguments.seconds).values())
        for ratio_db in NOISE_DB:
            damage = recorded(noises, ratio_db)
            DAMAGES[f"recorded noise, {ratio_db} dB"] = (damage, ("background_noise",))
    names = arguments.only or list(DAMAGES)
    recordings = read(arguments.folder, arguments.seconds)
    print(f"{len(recordings)} recordings, {arguments.seconds:g} s of each at most\n")
    print("| damage | found | besides | nothing to do | time |\n|---|---|---|---|---|")
    native = {title: troubles(audio) for title, audio in recordings.items()}
    for name in names:
        row(name, recordings, native, arguments.list)


def troubles(audio: Audio) -> set[str]:
    return {finding.name for finding in diagnose(audio).troubles}


def read(folder: Path, seconds: float) -> dict[str, Audio]:
    found = {}
    files, _ = expand(folder, folder)
    for path, _ in files:
        try:
            audio = load(path)
        except AudioError as error:
            print(error)
            continue
        length = min(audio.frames, round(seconds * audio.rate))
        start = (audio.frames - length) // 2
        found[path.name] = Audio(audio.samples[:, start : start + length].copy(), audio.rate)
    return found


def row(name: str, recordings: dict[str, Audio], native: dict[str, set[str]], listed: bool) -> None:
    """One line of the table: what must be found, then what the damage brought besides."""
    damage, wanted = DAMAGES[name]
    found: Counter[str] = Counter()
    empty, started, lines = 0, time.perf_counter(), []
    for at, (title, audio) in enumerate(recordings.items()):
        diagnosis = diagnose(damage(audio, np.random.default_rng(at)))
        now = {finding.name for finding in diagnosis.troubles}
        extra = now - set(wanted) - (native[title] if wanted else set())
        found.update((now & set(wanted)) | extra)
        empty += not diagnosis.recipe["stages"]
        if missed := set(wanted) - now or extra:
            lines.append(f"    {title}: {', '.join(sorted(missed))}")
    count = len(recordings)
    hits = ", ".join(f"{key} {found[key] / count:.0%}" for key in wanted) or "-"
    rest = [f"{key} {n / count:.0%}" for key, n in found.most_common() if key not in wanted]
    spent = (time.perf_counter() - started) / count
    cells = (name, hits, ", ".join(rest) or "-", f"{empty / count:.0%}", f"{spent:.2f} s")
    print(f"| {' | '.join(cells)} |", flush=True)
    if listed:
        print("\n".join(lines), flush=True)


if __name__ == "__main__":
    main()
