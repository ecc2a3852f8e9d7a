"""What every test gets: quiet libraries, no network, and sounds with known properties."""

from __future__ import annotations

import os
from collections.abc import Iterator

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import numpy as np
import pytest

from pipeline.audio import buffers, sound


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests with a browser come last: the page that they share stays until the end."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def long_sound_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything from 1000 samples on is memory-mapped, and blocks are 700 frames."""
    monkeypatch.setattr(buffers, "LONG_SAMPLES", 1000)
    monkeypatch.setattr(buffers, "BLOCK_FRAMES", 700)


@pytest.fixture
def noise(rng: np.random.Generator) -> sound.Audio:
    """A second and a bit of 48 kHz stereo noise below full scale; its length is a prime."""
    return sound.Audio(rng.uniform(-0.5, 0.5, (2, 50_021)).astype(np.float32), 48_000)


@pytest.fixture(scope="module")
def tiny_nets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Checkpoints "tiny" and "spectral" with small random nets, for tests of what runs them."""
    from tests.support.sounds import tiny_checkpoints

    folder = tmp_path_factory.mktemp("checkpoints")
    tiny_checkpoints(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAVEMEND_CHECKPOINTS", str(folder))
        yield


@pytest.fixture
def short_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enhance's windows last 0.1 s, so that a short sound has many."""
    from pipeline.stages import residual

    monkeypatch.setattr(residual, "PAYLOAD_S", 0.1)
    monkeypatch.setattr(residual, "CONTEXTS", 1)
