"""The Fine-tune tab's pieces of HTML about a run: its title, progress, curves and verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from training.runs.quota import Limits
from training.runs.run_folder import RunConfig
from ui.components import html
from ui.components.charts import Level, Point, Scale, chart, spark
from ui.components.formatting import about
from ui.components.rendering import render
from ui.finetune.run_digest import Digest

STATES = {
    "starting": "Starting",
    "running": "Running",
    "stopping": "Stopping",
    "judging": "Judging",
    "done": "Finished",
    "stopped": "Stopped",
    "no improvement": "Ended early",
    "diverged": "Diverged",
    "failed": "Failed",
    "lost": "Interrupted",
}
"""The page's names of a run's states: while it lives, and the reason why it ended."""

LIVE = frozenset(("starting", "running", "stopping", "judging"))
"""The states in which the run has a process."""

ABOUT = {
    "starting": "Reading the recordings and the checkpoint.",
    "stopping": "Saving the last state.",
    "judging": "Both versions restore the held-out recordings; the verdict follows.",
    "done": "Train on continues from here, for the length chosen in step 2.",
    "no improvement": "The held-out recordings stopped improving; the best state is kept.",
    "diverged": "The loss diverged three times; the best state before that is kept.",
    "stopped": "The best state so far is kept. Resume continues where it stopped.",
}

TERMS = {
    "total": "All together", "magnitude": "Spectrum", "mel": "Mel spectrum", "lsd": "Log spectrum",
    "waveform": "Waveform", "pulse": "Pulses", "convergence": "Convergence",
    "balance": "Band levels", "sdr": "Signal to distortion", "complex": "Complex spectrum",
    "mse": "Squared error", "linear_magnitude": "Magnitude", "dac_mel": "Mel spectra",
    "stoi": "Intelligibility",
    "excess": "Farther than the input", "sdr_excess": "Distortion above the input's",
    "gradient": "Gradient", "learning rate": "Learning rate",
}  # fmt: skip

VERDICTS = {"better": "Better", "worse": "Worse", "no difference": "No difference"}
TONES = {"better": "good", "worse": "bad"}
STATE_TONES = {"failed": "wmf-bad", "diverged": "wmf-bad", "lost": "wmf-warn"}


def guide(limits: Limits) -> str:
    """How to begin, and how long a run is kept where that is limited."""
    texts = []
    if limits.days:
        texts.append(f"after {limits.days:g} day{'' if limits.days == 1 else 's'}")
    if limits.gigabytes:
        texts.append(f"sooner if all runs take more than {limits.gigabytes:g} GB")
    return render("finetune/guide.html", limits=", ".join(texts))


def deleted_runs(count: int) -> str:
    """That old runs have been deleted."""
    runs = "An old run was" if count == 1 else f"{count} old runs were"
    return html.note(f"{runs} deleted to make room for this one.")


def off(reason: str) -> str:
    """Shown instead of the tab: why training is off here."""
    return render("finetune/off.html", reason=reason)


def pushed(address: str) -> str:
    """The address of an upload to the Hub."""
    return render("finetune/pushed.html", address=address)


def run_title(title: str, config: RunConfig) -> str:
    """Title of a run, the sound that it learns from, and what is held out."""
    names, minutes = config.validation_groups, config.trained_minutes
    plural = "" if minutes == 1 else "s"
    learned = f"{minutes:g} minute{plural} of sound to learn from" if minutes else ""
    shown = ", ".join(map(str, names[:3]))
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    held_out = f"held out: {shown}{more}" if names else ""
    facts = " · ".join(filter(None, (learned, held_out)))
    return render("finetune/run_title.html", title=title, facts=facts)


def meter(state: str, digest: Digest, text: str = "") -> str:
    """State, progress and remaining time of a run.

    Args:
        state: a key of STATES.
        text: what the run says about its end; the usual text for the state if empty.
    """
    is_live = state in LIVE
    facts = [
        f"step {digest.step:,}" if digest.step else "",
        f"{100 * digest.fraction:.0f} %" if digest.fraction else "",
        f"about {about(digest.left_s)} left" if is_live and digest.left_s is not None else "",
        f"{digest.speed:.1f} s of sound a second" if digest.speed else "",
    ]
    return render(
        "finetune/meter.html",
        name=STATES.get(state, state),
        tone="wmf-live" if is_live else STATE_TONES.get(state, ""),
        facts=" · ".join(filter(None, facts)),
        is_idle=state in ("starting", "judging"),
        percent=100 * digest.fraction,
        text=text or ABOUT.get(state, ""),
    )


def curves(digest: Digest, is_live: bool = True) -> str:
    """The validations beside the base's error, and every loss term."""
    drawn = _validation_chart(digest)
    learning = {**digest.terms, "learning rate": digest.rates} if digest.terms else {}
    gradient = learning.pop("gradient", None)
    if gradient:
        learning["gradient"] = gradient
    return render(
        "finetune/curves.html",
        warnings=[html.problem(text) for text in digest.warnings[-2:]],
        chart=drawn,
        text=_progress_text(digest, is_live) if drawn else _waiting_text(is_live),
        terms=[
            _term(name, points, digest.held_out.get(name, ())) for name, points in learning.items()
        ],
    )


def _waiting_text(is_live: bool) -> str:
    if is_live:
        return "The first evaluation is that of the checkpoint it starts from."
    return "There was no evaluation."


def _validation_chart(digest: Digest) -> str:
    if digest.base is None and not digest.evaluations:
        return ""
    start = [(0.0, digest.base)] if digest.base is not None else []
    return chart(
        start + digest.evaluations,
        label=f"Score, lower is better, at {len(digest.evaluations)} evaluations",
        across=Scale(0.0, digest.last),
        level=Level("base", digest.base) if digest.base is not None else None,
        best=digest.best,
    )


def _progress_text(digest: Digest, is_live: bool) -> str:
    """The newest evaluation, compared with the base."""
    if not digest.evaluations or not digest.base:
        return "The next evaluation shows whether it improves." if is_live else "No evaluation yet."
    step, value = digest.evaluations[-1]
    percent = 100 * (value - digest.base) / abs(digest.base)
    if abs(percent) < 0.05:
        return f"Step {step:,.0f}: {value:.3f}, the same as the base."
    side = "below" if percent < 0 else "above"
    return f"Step {step:,.0f}: {value:.3f}, {abs(percent):.1f} % {side} the base."


def _term(name: str, points: Sequence[Point], held_out: Sequence[Point]) -> dict[str, Any]:
    title, value = TERMS.get(name, name.replace("_", " ")), points[-1][1]
    return {
        "title": title,
        "is_total": name == "total",
        "curve": spark(points, title, held_out),
        "value": f"{value:.1e}" if name == "learning rate" else f"{value:.3g}",
        "held_out": f"{held_out[-1][1]:.3g} held out" if held_out else "",
    }


def verdict(document: Mapping[str, Any]) -> str:
    """Better, worse or no difference: overall with its interval, and for each recording.

    Args:
        document: a run's verdict.json; see `training.evaluation.verdict.Verdict`.
    """
    heading, _, text = str(document.get("text", "")).partition(": ")
    files = sorted(document.get("files") or (), key=lambda one: one["now"] - one["base"])
    return render(
        "finetune/verdict.html",
        tone=TONES.get(str(document.get("overall", "")), "same"),
        heading=heading,
        text=text[:1].upper() + text[1:],
        interval=_interval(document),
        rows=[_judged(one) for one in files],
    )


def _interval(document: Mapping[str, Any]) -> dict[str, str] | None:
    """The change as a point with its 95 % interval, on a line with zero in its middle."""
    base, change, low, high = (document.get(key) for key in ("base", "change", "low", "high"))
    if not base or change is None or low is None or high is None:
        return None
    percents = [100 * value / base for value in (low, change, high)]
    reach = 1.25 * max(5.0, *map(abs, percents))
    low_at, at, high_at = (50 + 50 * percent / reach for percent in percents)
    return {
        "left": f"{low_at:.1f}",
        "width": f"{high_at - low_at:.1f}",
        "at": f"{at:.1f}",
        "reach": f"{reach:.0f}",
    }


def _judged(one: Mapping[str, Any]) -> dict[str, str]:
    base, now, name = float(one["base"]), float(one["now"]), str(one.get("verdict", ""))
    change = f"{100 * (now - base) / base:+.1f} %".replace("-", "−") if base else ""
    return {
        "name": str(one["name"]),
        "tone": TONES.get(name, "same"),
        "base": f"{base:.3f}",
        "now": f"{now:.3f}",
        "change": change,
        "verdict": VERDICTS.get(name, name),
    }
