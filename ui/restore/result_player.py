"""The players of a result: its steps against each other, any two of them, and the stems."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.analysis.loudness import integrated_lufs
from pipeline.audio.sound import Audio, peak
from pipeline.plots import figures
from pipeline.plots.pooling import difference
from pipeline.stage import Chain, SeparatesStems, Tick, no_tick, part, share, titled
from ui.components.player import (
    KEYS,
    MarkData,
    PlayerData,
    Sound,
    matching_gains,
    player_value,
)
from ui.restore.steps import NamedSound

if TYPE_CHECKING:
    from pipeline.diagnosis.finding import Finding

STEP_DB, MOST_GAIN_DB = 6.0, 36.0
MAX_STEPS = len(KEYS) - 3
"""How many sounds a player holds beside the recording, the result and their difference."""


MARKED = {
    "clicks": "Clicks",
    "dropouts": "Dropouts",
    "clipping": "Clipping",
    "digital_silence": "Digital silence",
    "bandwidth": "Cut-off",
    "hum": "Hum",
}
"""The findings that are marked in time or frequency, by their name on the page."""


def of_recording(
    audio: Audio,
    findings: Sequence[Finding],
    folder: Path,
    tick: Tick = no_tick,
    name: str = "Recording",
) -> PlayerData:
    """The player of a recording before anything is done to it, with its findings marked.

    Args:
        name: what the player calls the recording.
        folder: where the listening copy and the picture go; its name is the player's identity.
        tick: receives the progress.
    """
    pictures = figures.spectrograms([(name, audio)], folder, titled(share(tick, 0, 0.5), "Drawing"))
    preparing = titled(share(tick, 0.5, 1), "Preparing the player")
    sounds = [Sound(name, audio)]
    found = marks(findings, 0.0, audio.seconds)
    return player_value(sounds, folder, pictures, preparing, of=folder.name, marks=found)


def marks(findings: Sequence[Finding], start_s: float, length_s: float) -> list[MarkData]:
    """The marks of the findings that have a place in a stretch of the recording."""
    found = []
    for finding in findings:
        if finding.name not in MARKED or not finding.spans:
            continue
        spans = [
            (max(span.start_s - start_s, 0.0), min(span.end_s - start_s, length_s))
            for span in finding.spans
            if span.edge_hz is None and start_s <= span.end_s and span.start_s <= start_s + length_s
        ]
        edge_hz = finding.spans[0].edge_hz
        if spans or edge_hz is not None:
            label = MARKED[finding.name]
            found.append(MarkData(name=finding.name, label=label, spans=spans, edge_hz=edge_hz))
    return found


def of_steps(
    steps: Sequence[NamedSound],
    folder: Path,
    tick: Tick,
    of: str,
    found: Sequence[MarkData] = (),
    kept_hz: float | None = None,
) -> PlayerData:
    """The player of a recording (first) and its result (last), and of the steps between them.

    Steps that the player has no room for are left out.

    Args:
        folder: where the listening copies and pictures go.
        tick: receives the progress.
        of: the player's identity: the page keeps the position between players of the same.
        found: the findings' marks.
        kept_hz: the band below was kept, what is above was added; None where nothing was kept.
    """
    between = range(1, len(steps) - 1)
    shown = between if len(between) <= MAX_STEPS else ()
    ordered = [steps[0], steps[-1], *(steps[at] for at in shown)]
    return of_pair(ordered, folder, tick, of, found, kept_hz)


def of_pair(
    sounds: Sequence[NamedSound],
    folder: Path,
    tick: Tick,
    of: str,
    found: Sequence[MarkData] = (),
    kept_hz: float | None = None,
) -> PlayerData:
    """The player of two sounds, their difference and further sounds; the first two are drawn.

    Arguments as of `of_steps`.
    """
    (before_name, before), (after_name, after) = sounds[:2]
    drawing = titled(share(tick, 0, 0.5), "Drawing")
    preparing = titled(share(tick, 0.5, 1), "Preparing the player")
    names = (before_name, after_name)
    pictures = figures.draw(before, after, folder, names=names, tick=drawing)
    tracks = loudness_matched(sounds, part(preparing, 0, 4))
    change = difference(before, after, part(preparing, 1, 4))
    tracks.insert(2, Sound("Difference", change, audible_gain_db(change)))
    rest = share(preparing, 0.5, 1)
    return player_value(tracks, folder, pictures, rest, of=of, marks=found, kept_hz=kept_hz)


def audible_gain_db(change: Audio) -> float:
    """Whole steps of 6 dB that bring a faint difference up, at most 36 dB, without clipping."""
    highest = peak(change)
    if highest <= 0:
        return 0.0
    return STEP_DB * max(math.floor(min(-20 * math.log10(highest), MOST_GAIN_DB) / STEP_DB), 0)


def loudness_matched(sounds: Sequence[NamedSound], tick: Tick) -> list[Sound]:
    """The sounds, trimmed to equal loudness."""
    gains = matching_gains([integrated_lufs(audio, tick) for _, audio in sounds])
    return [Sound(*sound, gain) for sound, gain in zip(sounds, gains, strict=True)]


def mixer(
    stems: Mapping[str, Audio], chain: Chain, folder: Path, tick: Tick = no_tick
) -> PlayerData:
    """The player of stems that sound together, each at the recipe's gain.

    Args:
        stems: by name, all of one length.
        chain: the chain that separated them; the gains are those of its last separating stage.
        folder: the listening copies go into a folder of their own in here.
    """
    copies = folder / "stems"
    copies.mkdir()
    gains = [one.gains_db for one in chain.stages if isinstance(one, SeparatesStems)][-1]
    gains_db = [gains.get(name, 0.0) for name in stems]
    tracks = [
        Sound(name.capitalize(), audio, gain_db or 0.0)
        for (name, audio), gain_db in zip(stems.items(), gains_db, strict=True)
    ]
    muted = [gain_db is None for gain_db in gains_db]
    return player_value(tracks, copies, (), tick, of=folder.name, muted=muted)
