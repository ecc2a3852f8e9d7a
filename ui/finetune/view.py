"""The Fine-tune tab's pieces of HTML; whatever a visitor or a run said is escaped here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from training.runs.quota import Limits
from training.runs.run_folder import RunConfig
from ui.components import html
from ui.components.charts import Level, Scale, chart, spark
from ui.components.formatting import about
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
"""What the page calls a run's state while it lives, and the reason for which it ended."""

LIVE = frozenset(("starting", "running", "stopping", "judging"))
"""The states in which there is a process."""

ABOUT = {
    "starting": "Reading the recordings, and what it starts from.",
    "judging": "Both versions restore the held-out recordings; the verdict follows.",
    "done": "Train on goes on from here, for the length that step 2 says.",
    "no improvement": "The held-out recordings got no better any more; the best state is kept.",
    "diverged": "The numbers ran away three times; the best state before that is kept.",
    "stopped": "The best state so far is kept. Resume goes on where it stopped.",
}

TERMS = {
    "total": "All together", "magnitude": "Spectrum", "mel": "Mel spectrum", "lsd": "Log spectrum",
    "waveform": "Waveform", "pulse": "Pulses", "convergence": "Convergence",
    "gradient": "Gradient", "learning rate": "Learning rate",
}  # fmt: skip

VERDICTS = {"better": "Better", "worse": "Worse", "no difference": "No difference"}

_GUIDE = """<div class="wm-empty">
  <h2>Teach it your recordings</h2>
  <p>A network that was trained on many voices and rooms does better on yours when it has heard
  them. Ten clean recordings and five minutes are a start.</p>
  <ol>
    <li><b>Give</b> clean recordings, the best you have: sound files or a zip. They are checked one
      by one. Pairs work too: two folders, <kbd>noisy</kbd> and <kbd>clean</kbd>, with equal names.
    </li>
    <li><b>Start</b>. It damages the recordings itself, and learns to undo it. A few are held back:
      what they sound like meanwhile is what you hear and see here.</li>
    <li><b>Read the verdict</b>: better, worse or no difference, on recordings that it has never
      learned from. Then use it in Restore, download it, or share it.</li>
  </ol>
  <p class="wm-fine">The run goes on when this page is closed, and is found again. It can be stopped
  at any time, and resumed. It keeps a copy of the recordings until it is deleted{limits}.</p>
</div>"""


def guide(limits: Limits) -> str:
    """How to begin; and how long a run is kept, where that is limited."""
    said = []
    if limits.days:
        said.append(f"after {limits.days:g} day{'' if limits.days == 1 else 's'}")
    if limits.gigabytes:
        said.append(f"sooner where all runs take more than {limits.gigabytes:g} GB")
    return _GUIDE.format(limits=f", here {', '.join(said)}" if said else "")


def made_room(count: int) -> str:
    """That old runs have been deleted."""
    runs = "An old run was" if count == 1 else f"{count} old runs were"
    return html.note(f"{runs} deleted, as there is a limit to what all may take.")


def off(reason: str) -> str:
    """In place of the tab: why there is no training here."""
    return f"""<div class="wm-empty"><h2>Fine-tuning is off here</h2><p>{escape(reason)}</p>
<p>On your own machine, two commands are enough:</p>
<p class="wm-fine"><code>make app</code>, and then this tab; or without a page<br>
<code>python -m training training/configs/fine-tune.json --data FOLDER --base CHECKPOINT</code></p>
</div>"""


def pushed(address: str) -> str:
    """Where an upload is."""
    link = escape(address)
    return (
        f'<div class="wm-note" role="status">It is at <a href="{link}" target="_blank" '
        f'rel="noopener">{link}</a></div>'
    )


def run_title(title: str, config: RunConfig) -> str:
    """Above a run: what it learns from, and what is held out."""
    held, minutes = config.validation_groups, config.trained_minutes
    said = (
        f"{minutes:g} minute{'' if minutes == 1 else 's'} of sound to learn from" if minutes else ""
    )
    names = ", ".join(map(str, held[:3])) + (f" and {len(held) - 3} more" if len(held) > 3 else "")
    out = f"held out: {names}" if names else ""
    return (
        f'<div class="wmf-made"><b title="{escape(title)}">{escape(title)}</b>'
        f"<p>{escape(' · '.join(filter(None, (said, out))))}</p></div>"
    )


def meter(state: str, found: Digest, text: str = "") -> str:
    """The line on top: what the run does, how far it is, how long still."""
    name, said = STATES.get(state, state), text or ABOUT.get(state, "")
    live = state in LIVE
    left = f"about {about(found.left_s)} left" if live and found.left_s is not None else ""
    facts = [
        f"step {found.step:,}" if found.step else "",
        f"{100 * found.fraction:.0f} %" if found.fraction else "",
        left,
        f"{found.speed:.1f} s of sound a second" if found.speed else "",
    ]
    idle = " wm-idle" if state in ("starting", "judging") else ""
    tone = {"failed": "wmf-bad", "diverged": "wmf-bad", "lost": "wmf-warn"}.get(state, "")
    return f"""<div class="wm-progress wmf-meter" role="status"><div>
  <b class="wmf-state {"wmf-live" if live else tone}">{escape(name)}</b>
  <span>{escape(" · ".join(filter(None, facts)))}</span></div>
  <div class="wm-meter{idle}"><i style="width:{100 * found.fraction:.1f}%"></i></div>
  {f"<p>{escape(said)}</p>" if said else ""}</div>"""


def curves(found: Digest, live: bool = True) -> str:
    """Evaluations beside the base's line, and every loss term."""
    warnings = "".join(html.problem(text) for text in found.warnings[-2:])
    return f"""{warnings}<div class="wmf-curves">
<section><h3>Error on the held-out recordings <small>LSD, lower is better</small></h3>
{_evaluations(found, live)}</section>
<section><h3>Loss while learning <small>lower is better</small></h3>{_terms(found)}</section>
</div>"""


def _evaluations(found: Digest, live: bool) -> str:
    if found.base is None and not found.evaluations:
        said = "The first evaluation is of what it starts from." if live else "There was none."
        return f'<p class="wmf-wait">{said}</p>'
    level = Level("base", found.base) if found.base is not None else None
    ends = ([(0.0, found.base)] if found.base is not None else []) + found.evaluations
    drawn = chart(
        ends,
        label=f"Log-spectral distance at {len(found.evaluations)} evaluations",
        across=Scale(0.0, found.last),
        level=level,
        best=found.best,
    )
    return f"{drawn}<p class='wmf-said'>{escape(_compared(found, live))}</p>"


def _compared(found: Digest, live: bool) -> str:
    """The newest evaluation in a sentence."""
    if not found.evaluations or not found.base:
        return "The next evaluation shows whether it improves." if live else "No evaluation yet."
    step, value = found.evaluations[-1]
    return f"Step {step:,.0f}: {value:.3f}, {_change(value, found.base)} the base."


def _change(now: float, base: float) -> str:
    percent = 100 * (now - base) / base
    if abs(percent) < 0.05:
        return "as"
    return f"{abs(percent):.1f} % {'below' if percent < 0 else 'above'}"


def _terms(found: Digest) -> str:
    if not found.terms:
        return '<p class="wmf-wait">Each loss term, as soon as there is one.</p>'
    series = {**found.terms, "learning rate": found.rates}
    gradient = series.pop("gradient", None)
    rows = {**series, **({"gradient": gradient} if gradient else {})}
    return f'<table class="wmf-terms"><tbody>{"".join(map(_term, rows.items()))}</tbody></table>'


def _term(row: tuple[str, Sequence[tuple[float, float]]]) -> str:
    name, points = row
    title = TERMS.get(name, name.replace("_", " "))
    value = points[-1][1]
    shown = f"{value:.1e}" if name == "learning rate" else f"{value:.3g}"
    return (
        f'<tr class="wmf-term-{"total" if name == "total" else "part"}"><th>{escape(title)}</th>'
        f"<td>{spark(points, title)}</td><td>{shown}</td></tr>"
    )


def verdict(found: Mapping[str, Any]) -> str:
    """Better, worse or no difference: overall with its interval, and recording by recording."""
    overall = str(found.get("overall", ""))
    head, _, said = str(found.get("text", "")).partition(": ")
    files = sorted(found.get("files") or (), key=lambda one: one["now"] - one["base"])
    rows = "".join(map(_judged, files))
    return f"""<div class="wmf-verdict wmf-{_tone(overall)}">
<h3>{escape(head)}</h3><p>{escape(said[:1].upper() + said[1:])}</p>{_interval(found)}
<table><thead><tr><th>Held-out recording</th><th>Base</th><th>Now</th><th>Change</th><th></th></tr>
</thead><tbody>{rows}</tbody></table></div>"""


def _tone(name: str) -> str:
    return {"better": "good", "worse": "bad"}.get(name, "same")


def _interval(found: Mapping[str, Any]) -> str:
    """The change as a point with its 95 % interval, on a line with zero in its middle."""
    base, change, low, high = (found.get(key) for key in ("base", "change", "low", "high"))
    if not base or change is None or low is None or high is None:
        return ""
    ends = [100 * value / base for value in (low, change, high)]
    reach = 1.25 * max(5.0, *map(abs, ends))
    low_at, at, high_at = (50 + 50 * value / reach for value in ends)
    return (
        '<div class="wmf-interval" role="img" aria-label="Change with its 95 % interval">'
        f'<i style="left:{low_at:.1f}%;width:{high_at - low_at:.1f}%"></i>'
        f'<b style="left:{at:.1f}%"></b><u></u>'
        f"<span>−{reach:.0f} %: better</span><span>0</span><span>+{reach:.0f} %: worse</span></div>"
    )


def _judged(one: Mapping[str, Any]) -> str:
    name, base, now = str(one["name"]), float(one["base"]), float(one["now"])
    said = str(one.get("verdict", ""))
    change = f"{100 * (now - base) / base:+.1f} %".replace("-", "−") if base else ""
    return (
        f'<tr class="wmf-{_tone(said)}"><th title="{escape(name)}">{escape(name)}</th>'
        f"<td>{base:.3f}</td><td>{now:.3f}</td><td>{change}</td>"
        f"<td>{escape(VERDICTS.get(said, said))}</td></tr>"
    )
