"""What the endpoints do: values as programs send them in, files and reports out; no Gradio."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from models import checkpoint as checkpoint_files
from pipeline import damages
from pipeline import recipe as recipe_files
from pipeline import restoration as engine
from pipeline.audio.decode import decode, probe
from pipeline.audio.encode import save
from pipeline.output import fit, make_folder, output_path, subtype_for
from pipeline.stage import Chain, Stage, expected_seconds, part, share, titled
from ui import zero_gpu
from ui.jobs import Job
from ui.session import uploaded

READ_SHARE = 0.5
"""Share of a diagnosis's progress that reading takes."""


@dataclasses.dataclass(frozen=True)
class RestoreReport:
    """What a restoration did.

    Attributes:
        seconds: length of the recording.
        notes: what to know about input and output, one sentence each.
        recipe: the recipe as it was run, every setting written out.
        guarantee: the measurements of `pipeline.evaluation.guarantee.Guarantee`.
    """

    seconds: float
    notes: tuple[str, ...]
    recipe: dict[str, Any]
    guarantee: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class SeparateReport:
    """What a separation did.

    Attributes:
        seconds: length of the recording.
        notes: what to know about the files, one sentence each.
        stems: stem -> name of its file.
    """

    seconds: float
    notes: tuple[str, ...]
    stems: dict[str, str]


@dataclasses.dataclass(frozen=True)
class DegradeReport:
    """What a degradation did.

    Attributes:
        seconds: length of the recording.
        notes: what to know about input and output, one sentence each.
        damage: the damage as it was done, every setting and seed written out.
    """

    seconds: float
    notes: tuple[str, ...]
    damage: dict[str, Any]


def diagnose(recording: Any, max_seconds: float, folder: Path, job: Job) -> dict[str, Any]:
    """Findings and proposed recipe of an uploaded recording.

    Raises:
        ValueError: it was not uploaded, cannot be read, or is longer than `max_seconds`.
    """
    from pipeline.diagnosis.diagnose import diagnose as examine

    reading = titled(share(job.tick, 0, READ_SHARE), "Reading")
    audio, info = decode(_sound(recording, "recording"), max_seconds=max_seconds, tick=reading)
    diagnosis = examine(audio, info, titled(share(job.tick, READ_SHARE, 1), "Diagnosing"))
    findings = [{**one.to_json(), "trouble": one.trouble} for one in diagnosis.findings]
    return {"findings": findings, "recipe": diagnosis.recipe}


def restore(
    recording: Any,
    recipe: Any,
    checkpoint: str,
    kind: str | None,
    max_seconds: float,
    folder: Path,
    job: Job,
) -> tuple[str, dict[str, Any]]:
    """The restored file in `folder`, and the `RestoreReport` as a dict.

    Args:
        recipe: the name of a shipped recipe, or a recipe as JSON text.
        checkpoint: used in place of the recipe's; empty for its own.
        kind: a key of `pipeline.output.FORMATS`; None keeps FLAC and writes WAV otherwise.

    Raises:
        ValueError: one of the arguments will not do, or the file cannot be restored.
    """
    path, chain = _sound(recording, "recording"), _chain(recipe, checkpoint)
    cpu_s = _expect(path, chain.stages, job)
    make_folder(folder)
    task = partial(engine.restore_file, path, folder, chain, kind=kind, max_seconds=max_seconds)
    done = zero_gpu.run(task, cpu_s, titled(job.tick, "Restoring"))
    document, guarantee = recipe_files.dump(chain), done.guarantee.to_json()
    report = RestoreReport(done.seconds, done.notes, document, guarantee)
    return str(done.path), dataclasses.asdict(report)


def separate(
    recording: Any, model: str, kind: str | None, max_seconds: float, folder: Path, job: Job
) -> tuple[list[str], dict[str, Any]]:
    """The stems' files in `folder`, and the `SeparateReport` as a dict.

    Raises:
        ValueError: one of the arguments will not do, or the file cannot be separated.
    """
    from pipeline.stages.per_stem import PerStem
    from pipeline.stems import separate_file

    path, stage = _sound(recording, "recording"), PerStem(model)
    cpu_s = _expect(path, [stage], job)
    task = partial(separate_file, path, folder, stage, kind=kind, max_seconds=max_seconds)
    done = zero_gpu.run(task, cpu_s, titled(job.tick, "Separating"))
    files = {stem: file.name for stem, file in done.files.items()}
    report = SeparateReport(done.seconds, done.notes, files)
    return [str(file) for file in done.files.values()], dataclasses.asdict(report)


def degrade(
    recording: Any,
    damage: Any,
    seed: int,
    kind: str | None,
    max_seconds: float,
    folder: Path,
    job: Job,
) -> tuple[str, dict[str, Any]]:
    """The degraded file in `folder`, and the `DegradeReport` as a dict.

    Args:
        damage: the name of a shipped preset, or damage as JSON text.
        seed: draws what is random; not negative.

    Raises:
        ValueError: one of the arguments will not do, or the file cannot be degraded.
    """
    if not isinstance(seed, int) or seed < 0:
        raise ValueError(f"seed: got {seed!r}, expected a whole number from 0")
    path, document = _sound(recording, "recording"), _named(damage, "damage", damages.named())
    chain = damages.seeded(damages.load(document), seed)
    reading = titled(share(job.tick, 0, 0.1), "Reading")
    audio, info = decode(path, max_seconds=max_seconds, tick=reading)
    degraded = chain(audio, titled(share(job.tick, 0.1, 0.9), "Degrading"))
    target = fit(degraded, output_path(path, folder, kind), subtype_for(path, kind))
    make_folder(folder)
    save(degraded, target.path, subtype=target.subtype, tick=share(job.tick, 0.9, 1))
    notes = (*info.notes, *target.notes)
    report = DegradeReport(audio.seconds, notes, damages.dump(chain))
    return str(target.path), dataclasses.asdict(report)


def evaluate(
    estimate: Any, target: Any, max_seconds: float, folder: Path, job: Job
) -> dict[str, float]:
    """The `pipeline.evaluation.compare.Scores` of an uploaded recording against another.

    Raises:
        ValueError: one of them will not do, or they are not two takes of one recording.
    """
    from pipeline.evaluation.compare import compare

    named = (("estimate", estimate), ("target", target))
    paths = [_sound(file, name) for name, file in named]
    sounds = [
        decode(path, max_seconds=max_seconds, tick=titled(part(job.tick, at, 4), "Reading")).audio
        for at, path in enumerate(paths)
    ]
    job.tick(0.5, "Measuring")
    return dataclasses.asdict(compare(*sounds))


def recipes() -> list[dict[str, Any]]:
    """The shipped recipes: name, and document."""
    return [{"name": name, **recipe_files.read(name)} for name in recipe_files.named()]


def checkpoints() -> list[dict[str, Any]]:
    """The checkpoints of this server: their cards, without how they were trained."""
    fields = ("name", "title", "summary", "content", "model", "licence", "sha256")
    cards = checkpoint_files.available(checkpoint_files.search_path())
    return [{name: getattr(card, name) for name in fields} for card in cards]


def _sound(file: Any, name: str) -> Path:
    if (path := uploaded(file)) is None:
        raise ValueError(f"{name}: expected an uploaded sound file")
    return path


def _chain(recipe: Any, checkpoint: Any) -> Chain:
    if not isinstance(checkpoint, str):
        raise ValueError("checkpoint: expected a name, or an empty text for the recipe's own")
    document = _named(recipe, "recipe", recipe_files.named())
    if checkpoint:
        checkpoint_files.find(checkpoint, checkpoint_files.search_path())
    return recipe_files.load(document).with_settings(checkpoint=checkpoint)


def _named(text: Any, argument: str, names: Collection[str]) -> Any:
    """A name as it is, and the document in any other text."""
    if not isinstance(text, str):
        raise ValueError(f"{argument}: expected the name of a {argument}, or its JSON as a text")
    if text in names:
        return text
    try:
        return recipe_files.parse(text)
    except recipe_files.RecipeError:
        expected = f"expected JSON or one of {', '.join(names)}"
        raise ValueError(f"{argument}: {expected}, got {text[:60]!r}") from None


def _expect(path: Path, stages: Iterable[Stage], job: Job) -> float:
    """Announces and returns the estimated time; `TooLong` where a job may not take so long."""
    job.tick(0.0, "Reading")
    info = probe(path)
    size = info.frames, info.rate, info.channels
    seconds = sum(expected_seconds(stage, *size) for stage in stages)
    job.expect(seconds)
    return seconds
