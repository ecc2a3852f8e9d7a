"""Long sound leaves resident memory again while it is being worked on."""

import threading
from pathlib import Path

import numpy as np
import pytest

from pipeline import inference
from pipeline.analysis.bandwidth import effective_bandwidth_hz
from pipeline.analysis.loudness import integrated_lufs, true_peak_dbtp
from pipeline.audio.buffers import allocate, release
from pipeline.audio.sound import Audio
from pipeline.dsp import chunked, fir
from pipeline.evaluation.guarantee import measure as measure_guarantee
from pipeline.stages import residual
from pipeline.stages.enhance import Enhance
from tests.support.sounds import RATE, speech, tiny_checkpoint, windowed_sinc

FRAMES = 8 << 20  # 32 MiB, three minutes
ALLOWED_MIB = 12


def mapped_mib():
    """Resident pages of files that this process has mapped."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("RssFile:")[1].split()[0]) / 1024


class Watch:
    """The most that `mapped_mib` grows within the block."""

    def __enter__(self):
        self.before, self.most, self.done = mapped_mib(), 0.0, threading.Event()
        self.thread = threading.Thread(target=self._look)
        self.thread.start()
        return self

    def _look(self):
        while not self.done.wait(0.005):
            self.most = max(self.most, mapped_mib() - self.before)

    def __exit__(self, *failure):
        self.done.set()
        self.thread.join()


@pytest.fixture(scope="module")
def sound():
    samples = allocate(1, FRAMES)
    voice = windowed_sinc(speech(), 6000)
    for start in range(0, FRAMES, voice.shape[1]):
        part = samples[:, start : start + voice.shape[1]]
        part[:] = voice[:, : part.shape[1]]
        release(samples, start, start + voice.shape[1])
    return Audio(samples, RATE)


@pytest.mark.parametrize("measure", [integrated_lufs, true_peak_dbtp, effective_bandwidth_hz])
def test_measures(measure, sound):
    measure(Audio(np.ones((1, RATE), np.float32), RATE))  # imports are not what is measured
    with Watch() as watch:
        measure(sound)
    assert watch.most < ALLOWED_MIB


def test_the_guarantee(sound):
    short = Audio(np.ones((1, RATE), np.float32), RATE)
    measure_guarantee(short, short, kept_below_hz=None, seconds_taken=1.0)  # imports
    with Watch() as watch:
        measure_guarantee(sound, sound, kept_below_hz=5000.0, seconds_taken=1.0)
    assert watch.most < ALLOWED_MIB


def test_windows(sound):
    with Watch() as watch:
        chunked.run(np.copy, sound.samples, payload=RATE, context=100, fade=100)
    assert watch.most < ALLOWED_MIB


@pytest.mark.parametrize("output_rate", ["auto", "48000"])
def test_enhance(output_rate, sound, tmp_path, monkeypatch):
    tiny_checkpoint(tmp_path / "tiny")
    monkeypatch.setenv("WAVEMEND_CHECKPOINTS", str(tmp_path))
    monkeypatch.setattr(inference, "apply", lambda net, x: 0.9 * x)
    monkeypatch.setattr(residual, "PAYLOAD_S", 1.0)
    fir.filtered(np.ones((1, 10), np.float32), np.ones(3, np.float32))
    inference.load("tiny", "cpu")
    slower = Audio(sound.samples, RATE if output_rate == "auto" else 44_100)
    with Watch() as watch:
        Enhance("tiny", output_rate=output_rate)(slower)
    assert watch.most < ALLOWED_MIB
