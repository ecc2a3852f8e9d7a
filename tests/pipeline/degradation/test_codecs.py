"""Codecs: aligned to the sample, fewer bits do more damage, a missing one is named."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.audio import transcode
from pipeline.audio.sound import Audio
from pipeline.degradation.codecs import CODECS, Codec
from pipeline.degradation.effects import noise_floor
from pipeline.degradation.telephone_codecs import LINES, TelephoneCodec, missing

RATE = 48_000
HERE = [name for name in LINES if not missing(name)]


def speech_like(seed: int = 0, channels: int = 1) -> Audio:
    """Bursts of coloured noise: wide-band, with onsets by which a lag shows."""
    rng = np.random.default_rng(seed)
    shape_db = np.array([0.0, 0, -30, -50])
    x = noise_floor(rng, (channels, RATE), RATE, np.array([50.0, 600, 6000, 24_000]), shape_db)
    bursts = np.repeat(rng.uniform(0, 1, 20) > 0.4, RATE // 20)
    return Audio((0.2 * x / np.abs(x).max() * bursts).astype(np.float32), RATE)


def lag_of(estimate: np.ndarray, target: np.ndarray) -> int:
    """Samples by which (T,) `estimate` is late."""
    size = 2 * len(target)
    correlation = np.fft.irfft(np.fft.rfft(estimate, size) * np.conj(np.fft.rfft(target, size)))
    return (int(np.argmax(correlation)) + len(target)) % size - len(target)


def snr_db(estimate: Audio, target: Audio) -> float:
    error = estimate.samples - target.samples
    return float(10 * np.log10(np.sum(target.samples**2) / np.sum(error**2)))


@pytest.mark.parametrize("name", [*CODECS, "aac"])
@pytest.mark.parametrize("kbps", [32.0, 96.0])
@pytest.mark.parametrize("channels", [1, 2])
def test_codecs_keep_length_and_place_and_do_damage(name, kbps, channels) -> None:
    clean = speech_like(channels=channels)
    damaged = Codec(name, kbps * channels)(clean)
    assert damaged.samples.shape == clean.samples.shape
    assert abs(lag_of(damaged.samples[0], clean.samples[0])) <= 3
    assert 3 < snr_db(damaged, clean) < 60


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(
    ("rate", "kbps"), [(16_000, 16), (24_000, 32), (24_000, 64), (44_100, 32), (48_000, 128)]
)
def test_mp3_takes_the_bits_that_it_is_given(rate, kbps, channels) -> None:
    x = 0.1 * np.random.default_rng(0).standard_normal((channels, 4 * rate))
    assert len(Codec("mp3", kbps).encoded(x, rate)) * 8 / 4000 == pytest.approx(kbps, rel=0.03)


def test_fewer_bits_a_second_do_more_damage() -> None:
    clean = speech_like()
    for name, rates in (("mp3", (24, 64, 192)), ("opus", (8, 24, 96)), ("aac", (24, 64, 192))):
        ratios = [snr_db(Codec(name, kbps)(clean), clean) for kbps in rates]
        assert ratios == sorted(ratios)


def test_codecs_do_not_clip_hot_sound() -> None:
    at = np.arange(RATE // 2) / RATE
    hot = Audio(3 * np.sin(2 * np.pi * 440 * at)[None].astype(np.float32), RATE)
    for codec in (Codec("vorbis", 80.0), Codec("aac", 96.0), TelephoneCodec("g711_a_law")):
        inner = [Audio(one.samples[:, 6000:18_000], RATE) for one in (codec(hot), hot)]
        assert snr_db(*inner) > 18  # cut off at full scale it would be 4 dB


@pytest.mark.parametrize("name", HERE)
def test_telephone_codecs_are_in_place_in_every_channel(name) -> None:
    clean = speech_like(channels=2)
    coded = TelephoneCodec(name)(clean)
    assert (coded.rate, coded.samples.shape) == (RATE, clean.samples.shape)
    for row, target in zip(coded.samples, clean.samples, strict=True):
        assert abs(lag_of(row, target)) <= RATE / LINES[name].rate  # one sample of the codec's
    late = clean.samples[:, -RATE // 10 :]
    assert late.any() and coded.samples[:, -RATE // 10 :].std() > 0.3 * late.std()  # its end too
    assert TelephoneCodec(name)(clean).samples.tobytes() == coded.samples.tobytes()


def test_a_codec_takes_the_nearest_of_its_bit_rates() -> None:
    clean = speech_like()
    coarse, usual, near = (TelephoneCodec("g726", kbps)(clean) for kbps in (17.0, None, 30.0))
    assert np.array_equal(usual.samples, near.samples)
    assert snr_db(usual, clean) > snr_db(coarse, clean) + 4


def test_without_ffmpeg_or_an_encoder_the_message_says_what_to_do(monkeypatch) -> None:
    monkeypatch.setattr(transcode, "encoders", lambda: frozenset({"aac"}))
    with pytest.raises(ValueError, match="amr: this machine's ffmpeg has no encoder libopencore"):
        TelephoneCodec("amr")(speech_like())
    monkeypatch.setattr(transcode, "encoders", frozenset)
    monkeypatch.setattr(transcode.ffmpeg, "available", lambda: False)
    with pytest.raises(ValueError, match="apt-get install ffmpeg"):
        Codec("aac")(speech_like())
    assert snr_db(TelephoneCodec("gsm")(speech_like()), speech_like()) > 0  # it needs none


def test_settings_out_of_range_are_named() -> None:
    with pytest.raises(ValueError, match="name: got 'wma'"):
        Codec("wma")
    with pytest.raises(ValueError, match="kbps: got 900"):
        TelephoneCodec("gsm", 900.0)
