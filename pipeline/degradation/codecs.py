"""Lossy codecs of music and speech as degradations, aligned to the sample."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import soundfile as sf

from pipeline.audio.sound import Audio
from pipeline.audio.transcode import Encoder, transcoded
from pipeline.degradation.effects import fit, resampled
from pipeline.knobs import check_knobs, knob
from pipeline.stage import Tick, no_tick, part

CODECS = {"mp3": ("MP3", "MPEG_LAYER_III"), "opus": ("OGG", "OPUS"), "vorbis": ("OGG", "VORBIS")}
"""Those of soundfile: container and subtype. AAC needs ffmpeg."""

MP3_KBPS = ((8, 160), (32, 320))  # of MPEG-2 (up to 24 kHz) and of MPEG-1
MP3_DELAY = 1105  # samples: 576 of the encoder and 529 of the decoder, if no LAME tag gives it


@dataclass(frozen=True)
class Codec:
    """Through a lossy codec and back, aligned to the sample; more than two channels go in pairs."""

    name: str = knob("mp3", choices=(*CODECS, "aac"), help="The codec; AAC needs ffmpeg.")
    kbps: float = knob(32.0, 6, 320, "kbit/s", "Bit rate; Vorbis takes the nearest quality.")
    rate: int = knob(48_000, choices=(16_000, 24_000, 44_100, 48_000), help="Rate inside, in Hz.")

    def __post_init__(self) -> None:
        check_knobs(self)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        """The decoded sound.

        Raises:
            ValueError: AAC, and there is no ffmpeg.
            Cancelled: from `tick`.
        """
        pairs = [audio.samples[first : first + 2] for first in range(0, audio.channels, 2)]
        decoded = [
            self._coded(pair, audio.rate, part(tick, at, len(pairs)))
            for at, pair in enumerate(pairs)
        ]
        return Audio(np.concatenate(decoded), audio.rate)

    def _coded(self, samples: np.ndarray, own_rate: int, tick: Tick) -> np.ndarray:
        """(C, T) after the codec, of at most two channels."""
        rate = self._inner_rate()
        x = resampled(samples, own_rate, rate)
        peak = max(1.0, float(np.abs(x).max()))  # encoders clip
        y = self._aac(x / peak, rate, tick) if self.name == "aac" else self._by_file(x / peak, rate)
        tick(1.0)
        return fit(resampled(y * peak, rate, own_rate), samples.shape[1])

    def _aac(self, x: np.ndarray, rate: int, tick: Tick) -> np.ndarray:
        """The container says how long the encoder's delay is, and ffmpeg leaves it out."""
        encoder = Encoder("aac", ".m4a", ("-b:a", f"{round(self.kbps * 1000)}"))
        return transcoded(x, rate, encoder, tick)

    def _inner_rate(self) -> int:
        """Opus has no 44.1 kHz; MP3 of few bits takes a low rate, as its encoders do."""
        if self.name == "mp3" and self.kbps < MP3_KBPS[True][0]:
            return min(self.rate, 24_000)
        return 48_000 if self.name == "opus" and self.rate == 44_100 else self.rate

    def _by_file(self, x: np.ndarray, rate: int) -> np.ndarray:
        file = io.BytesIO(self.encoded(x, rate))
        y = sf.read(file, dtype="float32", always_2d=True)[0].T
        if self.name == "mp3" and y.shape[1] > x.shape[1]:
            y = y[:, MP3_DELAY:]
        return y

    def encoded(self, x: np.ndarray, rate: int) -> bytes:
        """The file of a sound (C, T) below full scale, of one of `CODECS`."""
        file = io.BytesIO()
        sf.write(file, x.T, rate, **self._format(len(x), rate))
        return file.getvalue()

    def _format(self, channels: int, rate: int) -> dict[str, Any]:
        """What tells soundfile the codec and the bit rate."""
        container, subtype = CODECS[self.name]
        level = self._compression_level(channels, rate)
        constant = {"bitrate_mode": "CONSTANT"} if self.name == "mp3" else {}
        return {"format": container, "subtype": subtype, "compression_level": level, **constant}

    def _compression_level(self, channels: int, rate: int) -> float:
        """libsndfile's level, 0 (best) to 1: linear in bit rate, for Vorbis linear in quality."""
        if self.name == "mp3":
            lowest, highest = MP3_KBPS[rate > 24_000]
            return float(np.clip((highest - self.kbps) / (highest - lowest), 0, 0.995))
        if self.name == "opus":
            return float(np.clip((256 - self.kbps / channels) / 250, 0, 1))
        return float(np.clip((128 - self.kbps) / 80, 0, 1))
