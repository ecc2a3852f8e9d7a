"""`python -m pipeline degrade IN [IN ...] -o FOLDER`: damages recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from pipeline import damages
from pipeline.audio.decode import decode
from pipeline.audio.encode import save
from pipeline.audio.sound import Audio
from pipeline.cli import batch
from pipeline.cli.console import Display, command, exit_with, print_json, printable
from pipeline.cli.options import AsJson, Format, Inputs, listed, one_of
from pipeline.output import fit, make_folder, output_path, refuse_overwriting, subtype_for
from pipeline.stage import Chain, Tick, share, titled

READ_SHARE, WRITE_SHARE = 0.05, 0.05


def degrade(
    inputs: Inputs,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the results.")],
    preset: Annotated[
        str | None,
        typer.Option(
            parser=one_of(damages.named()),
            metavar=listed(damages.named()),
            help="Damage that comes with the product.",
        ),
    ] = None,
    recipe: Annotated[
        Path | None, typer.Option(help="A JSON file with damage of your own; the page writes one.")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Draws the noise anew. Without preset and recipe: all damage."),
    ] = None,
    kind: Format = None,
    as_json: AsJson = False,
) -> None:
    """Damages recordings; each result keeps the name, length, channels and rate of its input.

    The damage is that of --preset or --recipe. With --seed alone it is random and like that of
    generated music, another for every file. Same input, damage and seed give the same samples.

    A file that cannot be processed gets one line on stderr, the others are still degraded, and the
    exit code is 1. Inputs are never overwritten.
    """
    with command():
        chain = _chain(preset, recipe, seed)
        batch.check_folder(out)
        planned, unreadable = batch.plan(inputs, out)
        jobs, clashes = batch.without_clashes(planned, kind)
        degrader = _Degrader(jobs, chain, seed, kind)
        with Display(sum(job.seconds for job in jobs), quiet=as_json) as display:
            for failure in (*unreadable, *clashes):
                display.message(failure.error)
            results, failures = batch.run(jobs, degrader, _lines, display)
    failures = [*unreadable, *clashes, *failures]
    if as_json:
        print_json(
            files=[result.to_json() for result in results],
            failures=[failure.to_json() for failure in failures],
        )
    exit_with(failures)


@dataclass(frozen=True)
class _Degraded:
    """A degraded file, and the chain that made it."""

    source: Path
    path: Path
    chain: Chain
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The entry of the command's JSON document."""
        return {
            "source": str(self.source),
            "path": str(self.path),
            "recipe": damages.dump(self.chain),
            "notes": list(self.notes),
        }


class _Degrader:
    """Degrades one job after another and never writes over an input or another job's result."""

    def __init__(
        self, jobs: Sequence[batch.Job], chain: Chain | None, seed: int | None, kind: str | None
    ) -> None:
        self._chains = [chain or damages.drawn(seed or 0, number) for number in range(len(jobs))]
        self._jobs, self._kind = list(jobs), kind
        self._reserved = {path.resolve() for job in jobs for path in (job.source, self._path(job))}

    def __call__(self, job: batch.Job, tick: Tick) -> _Degraded:
        chain, path = self._chains[self._jobs.index(job)], self._path(job)
        source = batch.local(job.source)
        audio, info = decode(source, tick=titled(share(tick, 0, READ_SHARE), "Reading"))
        degraded = chain(audio, share(tick, READ_SHARE, 1 - WRITE_SHARE))
        target = fit(degraded, path, subtype_for(source, self._kind))
        refuse_overwriting(source, target.path, self._reserved - {path.resolve()})
        make_folder(path.parent)
        writing = titled(share(tick, 1 - WRITE_SHARE, 1), "Writing")
        save(degraded, target.path, subtype=target.subtype, tick=writing)
        self._reserved.add(target.path.resolve())
        return _Degraded(source, target.path, chain, (*info.notes, *target.notes))

    def _path(self, job: batch.Job) -> Path:
        return output_path(batch.local(job.source), batch.local(job.folder), self._kind)


def _chain(preset: str | None, recipe: Path | None, seed: int | None) -> Chain | None:
    """The chain for all files; None where each gets one that is drawn."""
    if preset and recipe:
        raise ValueError("got --preset and --recipe, expected one of them")
    source = preset or recipe
    if source is None and seed is None:
        raise ValueError("got no damage, expected --preset, --recipe, or --seed for random damage")
    if source is None:
        return None
    chain = damages.load(source)
    chain(
        Audio(np.zeros((1, 8000), np.float32), 16_000)
    )  # a codec that is missing ends the run here
    return chain if seed is None else damages.seeded(chain, seed)


def _lines(result: _Degraded) -> str:
    names = [entry["stage"] for entry in damages.dump(result.chain)["stages"]]
    first = printable(f"{result.source} -> {result.path}  ({' + '.join(names) or 'unchanged'})")
    return "\n".join([first, *(f"  {note}" for note in result.notes)])
