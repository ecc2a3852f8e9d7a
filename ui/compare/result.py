"""A recording and its candidates give a comparison: run, measured, drawn, ready to play."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline.audio.sound import Audio
from pipeline.plots import comparison_figures
from pipeline.plots.panels import Picture
from pipeline.plots.pooling import difference
from pipeline.stage import Chain, Tick, part, share, titled
from ui.compare.candidates import Candidate
from ui.compare.measures import measure
from ui.compare.versions import INPUT, REFERENCE, Part, Version, fitted, run
from ui.components.player import KEYS, PlayerData, Sound, player_value
from ui.jobs import Job
from ui.restore import estimate
from ui.restore.result_player import audible_gain_db, loudness_matched
from ui.restore.source import safe_stem
from ui.restore.steps import load_chain
from ui.session import Session
from ui.tab_recordings import Recording

RUN_SHARE, MEASURE_SHARE, DRAW_SHARE = 0.75, 0.85, 0.92
"""Where each part of the progress bar ends."""


@dataclass(frozen=True)
class Comparison:
    """Versions of one recording.

    Attributes:
        name: of the recording.
        title: its extent: "Whole recording" or "Excerpt from 20 s".
        stem: what downloads are named after.
        folder: the files that the page fetches; removed with the comparison.
        versions: the input first, then the candidates.
        reference: the clean take, or None.
        sounds: of the player, in its order, without the difference.
        pictures: of all sounds.
        players: by the pair whose difference they hold; filled on demand.
    """

    name: str
    title: str
    stem: str
    folder: Path
    versions: tuple[Version, ...]
    reference: Audio | None
    sounds: list[Sound]
    pictures: list[Picture]
    players: dict[tuple[int, int], PlayerData] = field(default_factory=dict)

    @property
    def first_pair(self) -> tuple[int, int]:
        """The pair whose difference is shown first."""
        return (0, min(1, len(self.sounds) - 1))

    @property
    def player(self) -> PlayerData:
        """The player that is shown first."""
        return self.players[self.first_pair]


def compare(
    recording: Recording,
    candidates: Sequence[Candidate],
    reference: Audio | None,
    at_s: float | None,
    session: Session,
    folder: Path,
    job: Job,
) -> Comparison:
    """Runs every candidate; one that fails does not stop the others.

    Args:
        reference: the clean take, within 0.1 s as long as the recording.
        at_s: start of an excerpt in seconds; None compares the whole recording.
        session: the visitor's, with own networks, device and precision.
        folder: an empty folder of the visitor's; removed again on failure or cancellation.
    """
    one = Part(recording.audio, at_s)
    clean = one.of(fitted(reference, one.whole)[0]) if reference else None
    try:
        versions = _versions(one, candidates, clean, session, job)
        return _comparison(recording.name, one, versions, clean, folder, job)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _versions(
    one: Part, candidates: Sequence[Candidate], reference: Audio | None, session: Session, job: Job
) -> tuple[Version, ...]:
    """The input and every candidate, measured."""
    before = one.of(one.whole)
    chains = [chain_of(candidate, session) for candidate in candidates]
    job.expect(expected_s(before, chains))
    versions = [Version(INPUT, audio=before)]
    for at, (candidate, chain) in enumerate(zip(candidates, chains, strict=True)):
        tick = part(share(job.tick, 0, RUN_SHARE), at, len(candidates))
        versions.append(run(candidate, chain, before, one, tick))
    tick = titled(share(job.tick, RUN_SHARE, MEASURE_SHARE), "Measuring")
    for at, version in enumerate(versions):
        part(tick, at, len(versions))(0.0)
        if version.audio is not None:
            old = before if at else None
            measures = measure(version.audio, old, reference, version.seconds_taken)
            versions[at] = replace(version, measures=measures)
    return tuple(versions)


def chain_of(candidate: Candidate, session: Session) -> Chain | ValueError | None:
    """The chain of a recipe, or why it cannot be loaded; None for a file."""
    if candidate.document is None:
        return None
    try:
        return load_chain(candidate.document, session)
    except ValueError as error:
        return error


def expected_s(audio: Audio, chains: Sequence[Chain | ValueError | None]) -> float:
    """The estimated time of running all chains, in seconds."""
    seconds = 0.0
    for chain in chains:
        with suppress(ValueError):  # of a stage that lacks something, which its run will say
            seconds += estimate.total_seconds(audio, chain) if isinstance(chain, Chain) else 0.0
    return seconds


def _comparison(
    name: str,
    one: Part,
    versions: tuple[Version, ...],
    reference: Audio | None,
    folder: Path,
    job: Job,
) -> Comparison:
    """The versions drawn, and ready to play."""
    title, stem = "Whole recording", f"{safe_stem(name)} compared"
    if one.at_s is not None:
        title, stem = f"Excerpt from {one.at_s:g} s", f"{stem} excerpt"
    named = [(version.title, version.audio) for version in versions if version.audio is not None]
    named += [(REFERENCE, reference)] if reference else []
    drawing = titled(share(job.tick, MEASURE_SHARE, DRAW_SHARE), "Drawing")
    pictures = comparison_figures.draw_all(named, folder, drawing)
    preparing = titled(share(job.tick, DRAW_SHARE, 1), "Preparing the player")
    sounds = loudness_matched(named, share(preparing, 0, 0.3))
    new = Comparison(name, title, stem, folder, versions, reference, sounds, pictures)
    pair(new, *new.first_pair, share(preparing, 0.3, 1))
    return new


def pair(comparison: Comparison, first: int, second: int, tick: Tick) -> PlayerData:
    """The player with the difference of any two sounds, prepared when first asked for.

    Raises:
        ValueError: there are no such sounds.
    """
    count = len(comparison.sounds)
    if not (0 <= first < count and 0 <= second < count):
        raise ValueError(f"versions: got {first} and {second}, expected 0 to {count - 1}")
    if (first, second) not in comparison.players:
        comparison.players[first, second] = _player(comparison, first, second, tick)
    return comparison.players[first, second]


def _player(comparison: Comparison, first: int, second: int, tick: Tick) -> PlayerData:
    folder = comparison.folder / f"pair-{first}-{second}"
    shutil.rmtree(folder, ignore_errors=True)  # of an earlier attempt that was stopped
    folder.mkdir()
    (*maps, averages), sounds = comparison.pictures, list(comparison.sounds)
    old, new = sounds[first], sounds[second]
    if first != second:
        named = (old.label, old.audio), (new.label, new.audio)
        maps += comparison_figures.draw_pair(*named, folder, share(tick, 0, 0.5))
        change = difference(old.audio, new.audio, share(tick, 0.5, 0.6))
        label = f"Difference {KEYS[second]} \u2212 {KEYS[first]}"
        sounds.append(Sound(label, change, audible_gain_db(change)))
    shown = comparison.players.get(comparison.first_pair)
    return player_value(
        sounds, folder, [*maps, averages], share(tick, 0.6, 1), of=comparison.folder.name,
        pair=(first, second), reused=shown.tracks[: len(comparison.sounds)] if shown else (),
    )  # fmt: skip
