"""Labelled sound for the content classifier: speech, music, singing, other; damaged or not."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf
import soxr
from numpy.random import Generator

from models.card import CLASSES
from pipeline.audio.sound import Audio
from pipeline.degradation.codecs import Codec
from pipeline.degradation.effects import BandLimit
from pipeline.dsp.log_mel import RATE
from training.data.backgrounds import (
    Backgrounds,
    coloured,
    events,
    group_chances,
    tilted,
    tones,
)
from training.data.clips import INSTRUMENTS, Clip
from training.data.dataset import open_dataset
from training.data.examples import crop
from training.data.noisy_examples import gain_for
from training.experiments.singing import respoken, sung
from training.experiments.synthetic_sounds import chord, synthetic_voice

CLASS_OF_KIND = {
    "speech": "speech", "validation_only_nc": "speech", "stem_vocals": "singing",
    "noise": "other", "sfx": "other", **dict.fromkeys(INSTRUMENTS, "music"),
}  # fmt: skip
SYNTHESISERS = {
    "speech": (synthetic_voice,), "music": (chord,), "other": (coloured, tones, events),
}  # fmt: skip
PIECES, PIECE_S, GROUP_S = 2, 10.0, 60.0  # read of a file, and of a group
HELD_OUT = 4  # one group in so many
SECONDS = (1.5, 6.0)  # of an example
VOCODED = {"speech": 0.15, "singing": 0.5}  # share of the examples that come from the vocoder
SYNTHETIC = {"speech": 0.1, "music": 0.05, "other": 0.25}  # share that needs no recording
DAMAGED = 0.75  # share of the examples with noise, music, a room, a band limit or a codec
CUTS_HZ = (2000, 3000, 3400, 4000, 5500)
LEAST_SNR_DB = {"speech": -3.0, "singing": 3.0, "music": 8.0}


@dataclass(frozen=True)
class Library:
    """Recordings at `RATE`.

    Attributes:
        clips: by class.
        backgrounds: what may be put behind them, and rooms.
    """

    clips: dict[str, list[Clip]]
    backgrounds: Backgrounds

    @staticmethod
    def of(clips: Sequence[Clip]) -> Library:
        """The library of clips; the class follows from the kind."""
        by_class = {
            name: [clip for clip in clips if CLASS_OF_KIND.get(clip.kind) == name]
            for name in CLASSES
        }
        return Library(by_class, Backgrounds(list(clips), RATE))


def read_pieces(folders: Sequence[Path], seed: int = 0) -> list[Clip]:
    """Some pieces of every recording, mixed down to mono, at most `GROUP_S` of a group."""
    clips: list[Clip] = []
    lengths: dict[str, float] = {}
    for folder in folders:
        for item in open_dataset(folder).items:
            if item.kind not in CLASS_OF_KIND and item.kind != "ir":
                continue
            rng = np.random.default_rng([seed, *item.name.encode()])
            for samples in _pieces(item.clean, rng):
                if lengths.get(item.group, 0.0) < GROUP_S and np.abs(samples).max() > 1e-3:
                    clips.append(Clip(item.clean, samples, RATE / 2, item.group, item.kind))
                    lengths[item.group] = lengths.get(item.group, 0.0) + len(samples) / RATE
    return clips


def split(clips: Sequence[Clip]) -> tuple[list[Clip], list[Clip]]:
    """(to train on, held out), by group; what is only for validation is held out."""
    held = [_is_held_out(clip) for clip in clips]
    return (
        [clip for clip, is_held in zip(clips, held, strict=True) if not is_held],
        [clip for clip, is_held in zip(clips, held, strict=True) if is_held],
    )


def draw(library: Library, name: str, rng: Generator) -> np.ndarray:
    """(T,) float32 at `RATE`: an example of a class."""
    length = round(rng.uniform(*SECONDS) * RATE)
    sound = _plain(library, name, length, rng)
    if rng.random() < DAMAGED:
        sound = damaged(library, name, sound, rng)
    return sound.astype(np.float32)


def _plain(library: Library, name: str, length: int, rng: Generator) -> np.ndarray:
    if rng.random() < SYNTHETIC.get(name, 0.0):
        makers = SYNTHESISERS[name]
        return makers[int(rng.integers(len(makers)))](length, RATE, rng)
    source, vocoder = name, None
    if rng.random() < VOCODED.get(name, 0.0):
        source, vocoder = "speech", sung if name == "singing" else respoken
    clips = library.clips[source]
    clip = clips[rng.choice(len(clips), p=group_chances(clips))]
    speed = float(rng.uniform(0.9, 1.12)) if rng.random() < 0.5 else 1.0
    piece = crop(clip, int(length * speed) + 64, rng)
    if speed != 1.0:
        piece = soxr.resample(piece, RATE * speed, RATE, "LQ")
    if name == "music" and clip.kind != "music":
        piece = piece + _another(clips, len(piece), rng)
    return vocoder(piece[:length], RATE, rng) if vocoder else piece[:length]


def _another(clips: Sequence[Clip], length: int, rng: Generator) -> np.ndarray:
    """More single notes and loops, so that an instrument is not always alone."""
    total = np.zeros(length, np.float32)
    stems = [clip for clip in clips if clip.kind != "music"]
    for _ in range(int(rng.integers(0, 4))):
        piece = crop(stems[int(rng.integers(len(stems)))], length, rng)
        start = int(rng.integers(max(1, length - len(piece) + 1)))
        total[start : start + len(piece)] += piece[: length - start]
    return total


def damaged(library: Library, name: str, sound: np.ndarray, rng: Generator) -> np.ndarray:
    """(T,) some of: a room, a tilt, noise or faint music behind it, a band limit, a codec."""
    if rng.random() < 0.3:
        sound = library.backgrounds.reverberant(sound, rng)[0]
    if rng.random() < 0.3:
        sound = tilted(sound, RATE, rng, 4.0)
    if name != "other" and rng.random() < 0.45:
        sound = sound + _behind(library, name, sound, rng)
    audio = Audio(np.ascontiguousarray(sound[None], np.float32), RATE)
    if rng.random() < 0.25:
        audio = BandLimit(float(rng.choice(CUTS_HZ)), "resample", 8)(audio)
    if rng.random() < 0.2:
        codec, rates = (("mp3", (32, 48)), ("opus", (8, 12, 16)))[int(rng.integers(2))]
        peak = max(float(np.abs(audio.samples).max()), 1e-4)
        level = Audio(audio.samples * np.float32(0.7 / peak), RATE)
        audio = Codec(codec, float(rng.choice(rates)), 16_000)(level)
    return audio.samples[0]


def _behind(library: Library, name: str, sound: np.ndarray, rng: Generator) -> np.ndarray:
    """(T,) noise, or music behind a voice, so far below that the class stays what it is."""
    kind = str(rng.choice(("recorded", "events" if name == "music" else "music", "coloured")))
    noise = library.backgrounds.source(kind, len(sound), "", rng)
    least_db = 8.0 if kind == "music" else LEAST_SNR_DB[name]
    return noise * gain_for(sound, noise, rng.uniform(least_db, 25.0))


def _pieces(path: Path, rng: Generator) -> list[np.ndarray]:
    with sf.SoundFile(path) as file:
        length = round(PIECE_S * file.samplerate)
        spare = max(0, file.frames - length)
        starts = sorted({int(rng.integers(spare + 1)) for _ in range(PIECES if spare else 1)})
        pieces = []
        for start in starts:
            file.seek(start)
            samples = file.read(length, dtype="float32", always_2d=True).mean(axis=1)
            pieces.append(soxr.resample(samples, file.samplerate, RATE).astype(np.float32))
    return pieces


def _is_held_out(clip: Clip) -> bool:
    digest = hashlib.sha256(clip.group.encode()).digest()
    return clip.kind.startswith("validation") or digest[0] % HELD_OUT == 0
