"""The engine behind the page and the command line: runs a chain and measures what it changed."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import recipe as recipes
from pipeline.audio.decode import decode
from pipeline.audio.encode import save
from pipeline.audio.sound import Audio
from pipeline.output import fit, make_folder, output_path, refuse_overwriting, subtype_for
from pipeline.stage import Chain, KeepsBand, Tick, no_tick, share, titled

if TYPE_CHECKING:
    from pipeline.audio.containers import Info
    from pipeline.evaluation.guarantee import Guarantee

LOAD_SHARE, SAVE_SHARE = 0.03, 0.07
"""Shares of the progress that reading and writing take; restoring has the rest."""

REPORT_SHARE = 0.2
"""Share that a report takes, where there is one."""

MEASURE_SHARE = 0.1
"""Share of restoring that measuring takes."""


@dataclass(frozen=True)
class Restored:
    """A restored sound, and what the chain changed."""

    audio: Audio
    guarantee: Guarantee


@dataclass(frozen=True)
class RestoredFile:
    """A restored file.

    Attributes:
        source: the input.
        path: the output.
        seconds: length of the input.
        notes: what the user should know about input and output, one sentence each.
        guarantee: what the chain changed.
        report: the report beside the output, or None.
    """

    source: Path
    path: Path
    seconds: float
    notes: tuple[str, ...]
    guarantee: Guarantee
    report: Path | None = None

    @property
    def seconds_taken(self) -> float:
        """What the chain took, without reading, measuring and writing."""
        return self.guarantee.seconds_taken


Recipe = Chain | str | Path | Mapping[str, Any]
"""A chain, or what `pipeline.recipe.load` reads: a name, a JSON file, a document."""


def restore(audio: Audio, recipe: Recipe, tick: Tick = no_tick) -> Restored:
    """Runs a recipe over a sound and measures what it changed; same input, same output.

    Args:
        recipe: a chain, a recipe's name or JSON file, or its document.

    Raises:
        RecipeError: (a ValueError) the recipe cannot be read.
        Cancelled: from `tick`.
    """
    from pipeline.evaluation.guarantee import measure

    chain = _chain(recipe)
    started = time.monotonic()
    after = chain(audio, share(tick, 0, 1 - MEASURE_SHARE))
    guarantee = measure(
        audio,
        after,
        kept_below_hz=_kept_below_hz(audio, chain),
        seconds_taken=time.monotonic() - started,
        tick=titled(share(tick, 1 - MEASURE_SHARE, 1), "Measuring"),
    )
    return Restored(after, guarantee)


def _chain(recipe: Recipe) -> Chain:
    return recipe if isinstance(recipe, Chain) else recipes.load(recipe)


def _kept_below_hz(audio: Audio, chain: Chain) -> float | None:
    """The lowest frequency below which a stage keeps its input; None unless all stages do."""
    keeping = [stage for stage in chain.stages if isinstance(stage, KeepsBand)]
    limits = [limit for stage in keeping if (limit := stage.kept_below_hz(audio)) is not None]
    return min(limits) if limits and len(limits) == len(chain.stages) else None


def restore_file(
    source: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    recipe: Recipe,
    tick: Tick = no_tick,
    *,
    kind: str | None = None,
    max_seconds: float | None = None,
    avoid: Collection[Path] = (),
    report: bool = False,
) -> RestoredFile:
    """Restores one file into `folder` (made when missing) under the same stem.

    Args:
        recipe: a chain, a recipe's name or JSON file, or its document.
        kind: a key of `pipeline.output.FORMATS`; None keeps FLAC and otherwise writes WAV, with at
            least the input's bit depth. A result above full scale becomes 32-bit float WAV, which
            `notes` says.
        max_seconds: the longest sound accepted; None for any.
        avoid: resolved paths that are never written to: other inputs, other inputs' outputs.
        report: also write a report beside the output; see `pipeline.report.report`.

    Raises:
        RecipeError: (a ValueError) the recipe cannot be read.
        AudioError: the file cannot be read, the result cannot be written, or it would overwrite the
            input or one of `avoid`. Nothing is left behind then.
        Cancelled: from `tick`; nothing is left behind.
    """
    source, folder, chain = Path(source), Path(folder), _chain(recipe)
    avoid = {source.resolve(), *avoid}
    path = output_path(source, folder, kind)
    refuse_overwriting(source, path, avoid)
    reading = titled(share(tick, 0, LOAD_SHARE), "Reading")
    audio, info = decode(source, max_seconds=max_seconds, tick=reading)
    until = 1 - SAVE_SHARE - (REPORT_SHARE if report else 0.0)
    restored = restore(audio, chain, share(tick, LOAD_SHARE, until))
    target = fit(restored.audio, path, subtype_for(source, kind))
    refuse_overwriting(source, target.path, avoid)
    make_folder(folder)
    notes = (*info.notes, *target.notes)
    done = RestoredFile(source, target.path, audio.seconds, notes, restored.guarantee)
    if report:
        reporting = titled(share(tick, until, 1 - SAVE_SHARE), "Writing the report")
        done = replace(done, report=_report(done, audio, info, restored.audio, chain, reporting))
    writing = titled(share(tick, 1 - SAVE_SHARE, 1), "Writing")
    try:
        save(restored.audio, target.path, subtype=target.subtype, tick=writing)
    except BaseException:
        if done.report:
            done.report.unlink(missing_ok=True)
        raise
    return done


def _report(
    done: RestoredFile, before: Audio, info: Info, after: Audio, chain: Chain, tick: Tick
) -> Path:
    from pipeline.diagnosis.diagnose import diagnose
    from pipeline.evaluation import guarantee_card
    from pipeline.report.report import Report, report_path, write

    findings = diagnose(before, info, share(tick, 0, 0.4)).findings
    report = Report(
        done.source.name, "Whole recording", before, after, recipes.dump(chain),
        guarantee_card.rows(done.guarantee), findings, done.notes,
    )  # fmt: skip
    return write(report, report_path(done.path), share(tick, 0.4, 1))
