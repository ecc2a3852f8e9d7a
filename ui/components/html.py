"""Small pieces of HTML: facts, progress, guarantee. Whatever a visitor named is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from ui.jobs import Progress

FULL_BAND_HZ = 24_000.0

_BANDS = (
    (4_300.0, "Like a telephone: voices lack their consonants."),
    (6_500.0, "Narrow: dull and muffled."),
    (9_000.0, "Like wideband speech: clear, but without air."),
    (13_000.0, "Like a low bit rate or an old tape: cymbals and breath are missing."),
    (17_500.0, "Slightly dull: only the very top is missing."),
)


def hertz(value: float) -> str:
    """A frequency as one says it: "8 kHz", "3.9 kHz", "440 Hz"."""
    return (
        f"{value / 1000:.{2 if value < 10_000 else 3}g} kHz" if value >= 1000 else f"{value:.0f} Hz"
    )


def clock(seconds: float) -> str:
    """A duration as one reads it: "8.3 s", "2:05 min", "1:02:03 h"."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d} h" if hours else f"{minutes}:{rest:02d} min"


def about(seconds: float) -> str:
    """A rough duration for an estimate: "5 s", "40 s", "3 min", "1.5 h"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def channels(count: int) -> str:
    """The number of channels as one says it: "mono", "stereo", "6 channels"."""
    return {1: "mono", 2: "stereo"}.get(count, f"{count} channels")


def bandwidth(hz: float) -> str:
    """What a measured bandwidth sounds like, in one sentence."""
    for limit, words in _BANDS:
        if hz < limit:
            return words
    return "Full band: little is missing at the top."


def facts(name: str, details: Sequence[str], bandwidth_hz: float, rate: int) -> str:
    """The panel that says what the chosen file is."""
    reach, limit = (100 * min(hz / FULL_BAND_HZ, 1.0) for hz in (bandwidth_hz, rate / 2))
    said = f"Sound up to <b>{hertz(bandwidth_hz)}</b>. {bandwidth(bandwidth_hz)}"
    return f"""<div class="wm-facts">
  <div class="wm-name" title="{escape(name)}">{escape(name)}</div>
  <div class="wm-details">{escape(" · ".join(details))}</div>
  <div class="wm-band" role="img" aria-label="Bandwidth {hertz(bandwidth_hz)} of 24 kHz">
    <i style="width:{reach:.1f}%"></i><u style="left:{limit:.1f}%"></u>
    <span>0</span><span>6</span><span>12</span><span>18</span><span>24 kHz</span></div>
  <div class="wm-said">{said}</div>
</div>"""


def problem(message: str) -> str:
    """A message about something that went wrong, where it went wrong."""
    return f'<div class="wm-problem" role="alert">{escape(message)}</div>'


def note(message: str) -> str:
    """One quiet line of plain text."""
    return f'<div class="wm-note" role="status">{escape(message)}</div>'


def running(progress: Progress) -> str:
    """The progress line: what is done, how far, how long still; or the place in the line."""
    if progress.ahead:
        people = "1 job is" if progress.ahead == 1 else f"{progress.ahead} jobs are"
        return _meter(f"Waiting: {people} before yours", f"place {progress.ahead + 1}", None)
    left = "" if progress.left_s is None else f" · about {about(progress.left_s)} left"
    return _meter(progress.stage, f"{100 * progress.fraction:.0f} %{left}", progress.fraction)


def _meter(said: str, right: str, fraction: float | None) -> str:
    width, idle = 100 * (fraction or 0.0), " wm-idle" if fraction is None else ""
    return f"""<div class="wm-progress" role="status">
  <div><b>{escape(said)}</b><span>{escape(right)}</span></div>
  <div class="wm-meter{idle}"><i style="width:{width:.1f}%"></i></div>
</div>"""


def made(name: str, title: str, said: str) -> str:
    """Above a result: of which file it is, and how it was made."""
    return (
        f'<div class="wm-made"><b title="{escape(name)}">{escape(name)}</b>'
        f"<span>{escape(title)}</span><p>{escape(said)}</p></div>"
    )


def guarantee(rows: Iterable[tuple[str, str, bool | None, str]]) -> str:
    """The card of what was measured: (label, value, good / bad / only information, explanation)."""
    lines = "".join(
        f'<details class="{_STATE[ok]}"><summary><span>{escape(label)}</span>'
        f"<b>{escape(value)}</b></summary><p>{escape(why)}</p></details>"
        for label, value, ok, why in rows
    )
    return f'<div class="wm-card">{lines}</div>'


def candidate(title: str, rows: Sequence[tuple[str, str, bool | None, str]], failure: str) -> str:
    """One of the compared recipes: its guarantee in a line that unfolds, or why it failed."""
    head = f'<h3 class="wm-candidate">{escape(title)}</h3>'
    if failure:
        return head + problem(failure)
    broken = [label for label, _, ok, _ in rows if ok is False]
    kept = sum(ok is True for _, _, ok, _ in rows)
    said = f"Not as promised: {', '.join(broken)}" if broken else f"All {kept} promises kept"
    level = next((value for label, value, *_ in rows if label == "Loudness"), "")
    return (
        f'{head}<details class="wm-card wm-brief"><summary class="{_STATE[not broken]}">'
        f"<span>{escape(said)}</span><b>{escape(level)}</b></summary>{guarantee(rows)}</details>"
    )


_STATE = {True: "wm-ok", False: "wm-bad", None: "wm-info"}

HEADER = """<header class="wm-head">
  <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"><path d="M2 12h2l1.6-5 2.6 12
    2.8-16 2.6 14 2-8 1.4 3h5" fill="none" stroke="currentColor" stroke-width="1.7"
    stroke-linecap="round" stroke-linejoin="round"/></svg>
  <h1>Wavemend</h1><span>restores band-limited and damaged recordings</span>
  <button type="button" class="wm-theme" aria-label="Light or dark" title="Light or dark">
    <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true"><circle cx="8" cy="8" r="6"
    fill="none" stroke="currentColor" stroke-width="1.5"/><path d="M8 2a6 6 0 0 1 0 12z"
    fill="currentColor"/></svg></button>
</header>"""

EXPLAIN = """<button type="button" class="wm-explain">explain</button>"""

EMPTY = """<div class="wm-empty">
  <h2>Hear what is missing</h2>
  <p>Give the workbench a damaged recording: a telephone call, an old tape, hiss, hum, clicks, a
  low-bit-rate MP3. It says what is wrong, and proposes what to do about it.</p>
  <ol>
    <li><b>Choose</b> a recording, make one, or take an example: the <b>diagnosis</b> and a proposed
      recipe follow. Every stage can be switched, set and moved.</li>
    <li><b>Preview</b> ten seconds, and compare: keys <kbd>A</kbd> before, <kbd>B</kbd> after,
      <kbd>C</kbd> the difference, <kbd>Space</kbd> plays, <kbd>[</kbd> and <kbd>]</kbd> set a
      loop. Or hear up to three recipes side by side.</li>
    <li><b>Restore</b> the whole file, and download it as WAV, FLAC or MP3.</li>
  </ol>
  <p class="wm-fine">Length, channels and level are kept, and what was already there stays as it
  was: every result comes with its measurements. Added sound is a well-trained guess, not
  evidence of what was once recorded.</p>
</div>"""

DOWNLOADS = """<p class="wm-fine">Every download holds the same samples at the same rate. The recipe
runs again on the command line, to the same result:<br>
<code>python -m pipeline restore IN -o OUT --recipe RECIPE.json</code></p>"""
