"""The tables of the thesis on neural audio upsampling: 22.05 to 44.1 kHz, beside our figures."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import soxr
from torch import nn

from models.checkpoint import load
from pipeline.degradation.effects import fit
from pipeline.dsp.kaiser import BEST, FAST, doubled
from pipeline.evaluation.metrics import lsd, snr_db
from training.data.clips import Clip
from training.evaluation.cases import HALF_RATE_PASSED, SECONDS, middle, peak_normalised
from training.evaluation.scores import keep_low_band
from training.evaluation.validation import restored
from training.tables.figures import draw_kaiser_windows, draw_losses
from training.tables.subject import RATE, Subject
from training.tables.table import Report, Row, Table

TITLE = "Neural audio upsampling (thesis): residual U-Net, 22.05 to 44.1 kHz"
LOW_RATE = RATE // 2
KEPT_HZ = HALF_RATE_PASSED * RATE / 4
LSD_FLOOR = 1e-7
OFFSET = 3  # samples
LATE = f"Kaiser fast, {OFFSET} samples late"
NET, NET_KEPT = "U-Net", "U-Net, low band kept"
COLUMNS = ("SNR dB", "LSD ln", f"SNR below {KEPT_HZ / 1000:.1f} kHz", "SNR above")
PAPER = (
    Row("Kaiser fast", (6.091, 6.272, None, None), "paper"),
    Row("Kaiser best", (6.165, 6.119, None, None), "paper"),
    Row(NET, (11.067, 2.6916, None, None), "paper"),
)
PAPER_SPEEDS = (("Kaiser fast", 170.0), ("Kaiser best", 22.8), (NET, 55.5))
TERMS = ("mse", "total", "magnitude", "convergence")
SPEED_SECONDS, REPEATS = 10.0, 5
DIFFERS = (
    "The paper measured held-out speakers of VCTK. Its 6 dB for Kaiser's filters can't be of "
    "aligned pairs; an offset of a few samples, as in one row here, gives such figures.",
    "SNR is the median over the recordings, LSD the mean; LSD is of ln |X|^2 with n_fft 2048, hop "
    "512 and floor 1e-7, of recordings with a peak of 1, up to each one's own bandwidth.",
    "The paper weighs its squared error by 100 in training and by 1 in validation; here by 100.",
)


def report(subject: Subject, figures: Path | None = None, *, beside: Path | None = None) -> Report:
    """Both tables, and where a folder for them is given the figures.

    Args:
        subject: net and recordings.
        figures: folder.
        beside: folder of another checkpoint, whose net may have another rate.

    Raises:
        ValueError: no recording reaches above 13 kHz.
    """
    clips = [clip for clip in subject.clips if clip.bandwidth_hz > 1.2 * LOW_RATE / 2]
    if not clips:
        raise ValueError("thesis: no recording reaches above 13 kHz")
    drawn: list[Path] = []
    if figures:
        drawn.append(draw_kaiser_windows(figures / "kaiser-windows.png"))
        if subject.run:
            drawn += draw_losses(subject.run, TERMS, figures)
    other = (beside.name, load(beside)) if beside else None
    tables = (quality(subject, clips, other), speed(subject))
    return Report(TITLE, tables, (*subject.facts, *DIFFERS), tuple(drawn))


def quality(
    subject: Subject, clips: list[Clip], beside: tuple[str, nn.Module] | None = None
) -> Table:
    """The paper's table 2: how near each method comes to the recording at 44.1 kHz."""
    scores: dict[str, list[tuple[float, ...]]] = {}
    for clip in clips:
        clean = peak_normalised(middle(clip.samples, round(SECONDS * RATE)))
        for name, estimate in estimates(subject, clean, beside).items():
            scores.setdefault(name, []).append(_scores(estimate, clean, clip.bandwidth_hz))
    rows = [
        Row(name, tuple(_pooled(column, values) for column, values in enumerate(np.array(some).T)))
        for name, some in scores.items()
    ]
    return Table("SNR (higher is better) and LSD (lower)", COLUMNS, (*PAPER, *rows))


def estimates(
    subject: Subject, clean: np.ndarray, beside: tuple[str, nn.Module] | None = None
) -> dict[str, np.ndarray]:
    """What each method makes of (T,) at half the rate, by its name."""
    low = soxr.resample(clean, RATE, LOW_RATE, "VHQ")[None]
    made = {name: fit(method(low), len(clean))[0] for name, method in resamplers().items()}
    made[LATE] = fit(np.pad(made["Kaiser fast"], (OFFSET, 0))[None], len(clean))[0]
    if subject.net is not None:
        made[NET] = restored(subject.net, made["Kaiser fast"])
        made[NET_KEPT] = _kept(made[NET], made["soxr VHQ"])
    if beside is not None:
        name, net = beside
        made[f"{name}, low band kept"] = _kept(_at_own_rate(net, low[0], clean), made["soxr VHQ"])
    return made


def _kept(estimate: np.ndarray, given: np.ndarray) -> np.ndarray:
    """The estimate with the band that was given, as the stage Enhance keeps it."""
    return keep_low_band(estimate, given, KEPT_HZ / (RATE / 2))


def _at_own_rate(net: nn.Module, low: np.ndarray, clean: np.ndarray) -> np.ndarray:
    """(T,) at 22.05 kHz through a net of another rate, as long as `clean`."""
    rate = net.config.sample_rate
    output = restored(net, soxr.resample(low, LOW_RATE, rate, "VHQ"))
    return fit(soxr.resample(output, rate, RATE, "VHQ")[None], len(clean))[0]


def resamplers() -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """(1, T) at 22.05 kHz -> (1, about 2T), by name."""
    return {
        "Kaiser fast": lambda low: doubled(low, FAST),
        "Kaiser best": lambda low: doubled(low, BEST),
        "soxr HQ": lambda low: soxr.resample(low[0], LOW_RATE, RATE, "HQ")[None],
        "soxr VHQ": lambda low: soxr.resample(low[0], LOW_RATE, RATE, "VHQ")[None],
    }


def _scores(estimate: np.ndarray, clean: np.ndarray, bandwidth_hz: float) -> tuple[float, ...]:
    """SNR, LSD, and the SNR of the band that was kept and of that which was not."""
    distance = math.log(10) * lsd(estimate, clean, RATE, 0, bandwidth_hz, floor=LSD_FLOOR)
    ours, theirs = np.fft.rfft(estimate), np.fft.rfft(clean)
    edge = round(KEPT_HZ / (RATE / 2) * len(theirs))
    bands = [
        _spectral_snr_db(ours[band], theirs[band]) for band in (slice(edge), slice(edge, None))
    ]
    return (snr_db(estimate, clean), distance, *bands)


def _spectral_snr_db(ours: np.ndarray, theirs: np.ndarray) -> float:
    error = float(np.square(np.abs(ours - theirs)).sum()) + 1e-20
    return 10 * math.log10(float(np.square(np.abs(theirs)).sum() + 1e-20) / error)


def _pooled(column: int, values: np.ndarray) -> float:
    """The median of a ratio, the mean of a distance."""
    return float(np.mean(values) if column == 1 else np.median(values))


def speed(subject: Subject) -> Table:
    """The paper's table 3: seconds of sound in a second, one clip of 10 s, median of 5 runs."""
    low = np.random.default_rng(0).standard_normal((1, round(SPEED_SECONDS * LOW_RATE))) * 0.1
    low = low.astype(np.float32)
    methods: dict[str, Callable[[], object]] = {
        name: partial(method, low) for name, method in resamplers().items()
    }
    methods |= _resampys(low)
    if (net := subject.net) is not None:
        x = doubled(low)[0]
        methods["U-Net alone"] = lambda: restored(net, x)
        methods["Kaiser fast and U-Net"] = lambda: restored(net, doubled(low)[0])
    paper = [Row(name, (figure,), "paper") for name, figure in PAPER_SPEEDS]
    rows = [Row(name, (SPEED_SECONDS / _seconds(run),)) for name, run in methods.items()]
    return Table("Speed", ("x real time",), (*paper, *rows), digits=1)


def _resampys(low: np.ndarray) -> dict[str, Callable[[], object]]:
    """resampy's own filters, which the paper timed, where it is installed."""
    try:
        import resampy
    except ImportError:
        return {}
    return {
        f"resampy {name}": partial(resampy.resample, low, LOW_RATE, RATE, filter=name)
        for name in ("kaiser_fast", "kaiser_best")
    }


def _seconds(run: Callable[[], object]) -> float:
    """The median time of a few runs; the first one only warms up."""
    run()
    times = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        run()
        times.append(time.perf_counter() - begun)
    return float(np.median(times))
