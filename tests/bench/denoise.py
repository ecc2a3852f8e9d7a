"""Denoise beside ffmpeg's afftdn and noisereduce, and Snmf beside Denoise; part of `make bench`."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

import numpy as np

from pipeline.audio.sound import Audio
from pipeline.evaluation.metrics import lsd, si_sdr_db
from pipeline.stages.denoise import Denoise
from pipeline.stages.snmf import Snmf
from tests.bench.timing import Row
from tests.support.noise_sounds import RATE, drums, music, noisy, onset_db, speech

AFFTDN_DELAY = RATE // 40  # samples by which afftdn is late; given back to it
SNRS_DB = (0, 5, 10, 20)

Denoiser = Callable[[np.ndarray], np.ndarray]


def afftdn(x: np.ndarray, options: str = "afftdn") -> np.ndarray:
    padded = np.pad(x, ((0, 0), (0, AFFTDN_DELAY)))
    layout = ["-f", "f32le", "-ar", str(RATE), "-ac", str(len(x))]
    command = ["ffmpeg", "-v", "error", *layout, "-i", "-", "-af", options, *layout[:2], "-"]
    raw = np.ascontiguousarray(padded.T, np.float32).tobytes()
    made = subprocess.run(command, input=raw, capture_output=True, check=True).stdout
    return np.frombuffer(made, np.float32).reshape(-1, len(x)).T[:, AFFTDN_DELAY:][:, : x.shape[1]]


def noisereduce(x: np.ndarray, stationary: bool = False) -> np.ndarray:
    import noisereduce

    made = noisereduce.reduce_noise(y=x, sr=RATE, stationary=stationary)
    return np.asarray(made, np.float32).reshape(x.shape)


DENOISERS: dict[str, Denoiser] = {
    "Denoise": lambda x: Denoise()(Audio(x, RATE)).samples,
    "Snmf": lambda x: Snmf()(Audio(x, RATE)).samples,
    "noise itself": lambda x: x,
    "afftdn": afftdn,
    "afftdn tn=1": lambda x: afftdn(x, "afftdn=tn=1"),
    "noisereduce": noisereduce,
    "noisereduce stationary": lambda x: noisereduce(x, True),
}


def measure(row: Row, snrs_db: tuple[int, ...] = SNRS_DB, seconds: float = 6.0) -> None:
    """SI-SDR, LSD and onset energy at every SNR, and speed, one row each.

    Args:
        row: told name, value, unit and note.
    """
    sounds = {"speech": speech(seconds), "music": music(seconds, channels=2)}
    hits, starts = drums(seconds)
    for name, denoiser in DENOISERS.items():
        for snr_db in snrs_db:
            heard = denoiser(noisy(hits, snr_db))
            onset = f"onset {onset_db(heard, hits, starts):+.2f} dB"
            for kind, clean in sounds.items():
                made = denoiser(noisy(clean, snr_db))
                note = f"LSD {lsd(made, clean, RATE):.2f}, {onset}"
                row(f"{name}: {kind}, {snr_db} dB", si_sdr_db(made, clean), "dB SI-SDR", note)
    for name, denoiser in DENOISERS.items():
        if name != "noise itself":
            row(f"{name}: one channel", speed(denoiser), "x real time", "")


def speed(denoiser: Denoiser, seconds: float = 30.0) -> float:
    """Seconds of one channel a second, the better of two runs."""
    sound = noisy(speech(seconds), 20)
    taken = []
    for _ in range(2):
        started = time.perf_counter()
        denoiser(sound)
        taken.append(time.perf_counter() - started)
    return seconds / min(taken)
