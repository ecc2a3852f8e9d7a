"""Codecs of telephony as a degradation: a narrow band, few bits, each channel on its own."""

from __future__ import annotations

import functools
import io
from dataclasses import dataclass

import numpy as np
import soundfile as sf

from pipeline.audio import transcode
from pipeline.audio.sound import Audio
from pipeline.audio.transcode import Encoder, transcoded
from pipeline.degradation.effects import fit, resampled
from pipeline.knobs import check_knobs, knob
from pipeline.stage import Tick, no_tick, part

MOST_DELAY_S = 0.1
"""No codec delays by more; so much silence follows the sound, for its end to come through."""


@dataclass(frozen=True)
class Line:
    """A codec of telephony.

    Attributes:
        rate: Hz.
        kbps: the bit rates that it has, its usual one first.
        subtype: of libsndfile; else `encoder` and `suffix` are those of ffmpeg.
    """

    rate: int
    kbps: tuple[float, ...]
    subtype: str = ""
    encoder: str = ""
    suffix: str = ""


LINES = {
    "g711_mu_law": Line(8000, (64,), "ULAW"),
    "g711_a_law": Line(8000, (64,), "ALAW"),
    "gsm": Line(8000, (13,), "GSM610"),
    "g722": Line(16_000, (64,), encoder="g722", suffix=".wav"),
    "g723_1": Line(8000, (6.3,), encoder="g723_1", suffix=".wav"),
    "g726": Line(8000, (32, 16, 24, 40), encoder="g726", suffix=".wav"),
    "amr": Line(
        8000,
        (12.2, 4.75, 5.15, 5.9, 6.7, 7.4, 7.95, 10.2),
        encoder="libopencore_amrnb",
        suffix=".amr",
    ),
    "amr_wideband": Line(
        16_000,
        (23.85, 6.6, 8.85, 12.65, 14.25, 15.85, 18.25, 19.85, 23.05),
        encoder="libvo_amrwbenc",
        suffix=".amr",
    ),
    "speex": Line(8000, (11, 3.95, 5.95, 8, 15, 18.2, 24.6), encoder="libspeex", suffix=".ogg"),
    "speex_wideband": Line(
        16_000, (20.6, 9.8, 12.8, 16.8, 23.8, 27.8, 34.2), encoder="libspeex", suffix=".ogg"
    ),
}
"""The codecs by name: G.711, GSM full rate, G.722, G.723.1, G.726, AMR and Speex."""


@dataclass(frozen=True)
class TelephoneCodec:
    """Through a codec of telephony and back, at its rate of 8 or 16 kHz, aligned to the sample.

    Source: ITU-T G.711, G.722, G.723.1, G.726; ETSI GSM 06.10; 3GPP TS 26.071 (AMR); Valin 2006,
    "Speex: a free codec for free speech".
    """

    name: str = knob("gsm", choices=tuple(LINES), help="The codec; some need ffmpeg.")
    kbps: float | None = knob(
        None, 3, 64, "kbit/s", "Bit rate; the nearest that the codec has.", optional=True
    )

    def __post_init__(self) -> None:
        check_knobs(self)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        """The decoded sound.

        Raises:
            ValueError: this machine has no encoder for it; the text says what to do.
            Cancelled: from `tick`.
        """
        if problem := missing(self.name):
            raise ValueError(problem)
        if not audio.samples.any():
            return audio
        rate, kbps = LINES[self.name].rate, self._nearest_kbps()
        line = resampled(audio.samples, audio.rate, rate)
        peak = max(1.0, float(np.abs(line).max()))  # encoders clip
        rows = [
            _through(self.name, kbps, row[None] / peak, part(tick, at, len(line)))
            for at, row in enumerate(line)
        ]
        back = resampled(np.concatenate(rows) * peak, rate, audio.rate)
        return Audio(fit(back.astype(np.float32), audio.frames), audio.rate)

    def _nearest_kbps(self) -> float:
        rates = LINES[self.name].kbps
        wanted = rates[0] if self.kbps is None else self.kbps
        return min(rates, key=lambda one: abs(one - wanted))


def missing(name: str) -> str:
    """Why a codec cannot be used here, and the cure; "" if it can be used."""
    encoder = LINES[name].encoder
    problem = transcode.missing(encoder) if encoder else ""
    return f"telephone codec {name}: {problem}" if problem else ""


def _through(name: str, kbps: float, x: np.ndarray, tick: Tick) -> np.ndarray:
    """(1, T) after the codec, without its delay."""
    tail = np.zeros((1, round(MOST_DELAY_S * LINES[name].rate)), np.float32)
    delayed = _coded(name, kbps, np.concatenate([x, tail], axis=1), tick)
    tick(1.0)
    return fit(delayed[:, _delay(name, kbps) :], x.shape[1])


def _coded(name: str, kbps: float, x: np.ndarray, tick: Tick = no_tick) -> np.ndarray:
    """(1, T) after the codec, as it comes: delayed and padded."""
    line = LINES[name]
    if line.encoder:
        options = ("-b:a", f"{round(kbps * 1000)}")
        return transcoded(x, line.rate, Encoder(line.encoder, line.suffix, options), tick)
    file = io.BytesIO()
    sf.write(file, x[0], line.rate, format="WAV", subtype=line.subtype)
    file.seek(0)
    return sf.read(file, dtype="float32", always_2d=True)[0].T


@functools.cache
def _delay(name: str, kbps: float) -> int:
    """The codec's delay in samples, measured once with bursts of noise.

    Encoders look ahead by different times, and not every container states it.
    """
    rng, rate = np.random.default_rng(0), LINES[name].rate
    envelope = np.repeat(rng.uniform(0, 1, 20) > 0.5, rate // 10)
    noise = np.convolve(rng.standard_normal(envelope.size), np.ones(4), "same")  # mostly low
    probe = (0.1 * noise * envelope).astype(np.float32)
    coded = _coded(name, kbps, probe[None])[0]
    most = round(MOST_DELAY_S * rate)
    length = min(probe.size, coded.size) - most
    matches = [float(coded[lag : lag + length] @ probe[:length]) for lag in range(most)]
    return int(np.argmax(matches))
