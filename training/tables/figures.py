"""Figures of the papers: loss curves with the best step marked, and Kaiser's window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from training.runs.events import Event, read_events

ALPHAS = (2, 4, 8, 14)
SIZE = (8.0, 4.5)  # inches
LOWEST_DB = -160


def draw_losses(run: Path, terms: Sequence[str], folder: Path) -> list[Path]:
    """A picture for each loss term: training, validation, the best validation, the rate below.

    Args:
        run: folder of the run.
        terms: names of loss terms; those that the run does not have are left out.
        folder: for the pictures.

    Returns:
        the PNG files.
    """
    events = read_events(run)
    named = [term for term in terms if _points(events, "step", term)]
    return [_draw_loss(events, term, folder / f"loss-{term}.png") for term in named]


def _draw_loss(events: list[Event], term: str, path: Path) -> Path:
    figure, (above, below) = _figure(2)
    above.plot(*_axes(_points(events, "step", term)), lw=0.8, label="training")
    validations = _points(events, "validation", f"val_{term}")
    if validations:
        above.plot(*_axes(validations), marker="o", ms=3, label="validation")
        step, value = min(validations, key=lambda point: point[1])
        above.plot([step], [value], "k*", ms=12, label=f"best: {value:.4g} at step {step:g}")
    above.set_ylabel(term)
    above.legend(loc="upper right")
    below.plot(*_axes(_points(events, "step", "learning_rate")), color="tab:green")
    below.set(yscale="log", ylabel="learning rate", xlabel="step")
    return _saved(figure, path)


def draw_runs(runs: Mapping[str, Path], score: str, term: str, path: Path) -> Path:
    """The curves of several runs in one picture: a validation figure, and a loss term below.

    Args:
        runs: label -> folder of the run.
        score, term: names of the figure and of the loss term.
        path: of the picture.
    """
    figure, (above, below) = _figure(2)
    for label, run in runs.items():
        events = read_events(run)
        judged = _points(events, "base", score) + _points(events, "validation", score)
        above.plot(*_axes(judged), marker="o", ms=3, label=label)
        below.plot(*_axes(_points(events, "step", term)), lw=0.8)
    above.set_ylabel(f"{score}, held out")
    above.legend(loc="upper right", fontsize="small")
    below.set(ylabel=f"{term}, training", xlabel="step")
    return _saved(figure, path)


def draw_kaiser_windows(path: Path, alphas: Sequence[float] = ALPHAS) -> Path:
    """Kaiser's window for several alpha (beta = pi alpha), over time and in dB over frequency."""
    figure, (time, frequency) = _figure(2, share_x=False)
    for alpha in alphas:
        window = np.kaiser(513, np.pi * alpha)
        spectrum = np.abs(np.fft.rfft(window, 1 << 14)) / window.sum()
        time.plot(np.linspace(-0.5, 0.5, len(window)), window, label=f"alpha {alpha:g}")
        at = np.arange(len(spectrum)) * len(window) / (1 << 14)
        frequency.plot(at, 20 * np.log10(spectrum + 1e-12))
    time.set(xlabel="time / length of the window")
    time.legend(loc="upper right")
    frequency.set(xlim=(0, 40), ylim=(LOWEST_DB, 5), xlabel="bins", ylabel="dB")
    return _saved(figure, path)


def _points(events: list[Event], kind: str, name: str) -> list[tuple[float, float]]:
    """(step, value) of a figure over the events of a kind."""
    rows = [event for event in events if event.kind == kind and name in event.values]
    return [(float(event.step), event.number(name, float("nan"))) for event in rows]


def _axes(points: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [step for step, _ in points], [value for _, value in points]


def _figure(rows: int, share_x: bool = True) -> tuple[Any, Any]:
    """A figure that no window shows."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, layout="constrained")
    ratios = (3, 1) if share_x else (1, 1)
    return figure, figure.subplots(rows, 1, sharex=share_x, height_ratios=ratios)


def _saved(figure: Any, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)
    return path
