"""Command line: `python -m pipeline restore IN [IN ...] -o OUT_FOLDER`, and more; see --help."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from pipeline import recipe
from pipeline.audio.sound import load
from pipeline.cli import batch
from pipeline.cli.console import BAD_FILE, Watch, good_use, print_json, stoppable
from pipeline.cli.diagnose import diagnose
from pipeline.cli.separate import separate
from pipeline.restore import Result, restore_file
from pipeline.stage import Chain, Tick

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)


@app.callback()
def about() -> None:
    """Restores damaged recordings."""


@app.command()
def restore(
    inputs: Annotated[list[Path], typer.Argument(metavar="IN...", help="Sound files and folders.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the results.")],
    recipe_name: Annotated[
        str, typer.Option("--recipe", help="A recipe's name or its JSON file.")
    ] = "band-limited-speech",
    checkpoint: Annotated[
        str | None, typer.Option(help="A checkpoint to use instead of the recipe's.")
    ] = None,
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"], typer.Option(help="Where the network runs.")
    ] = "auto",
    kind: Annotated[
        Literal["wav16", "wav24", "wav32f", "flac", "mp3", "opus"] | None,
        typer.Option("--format", help="Default: FLAC for FLAC, else WAV, of at least 24 bits."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Restores recordings; each result keeps its input's name.

    A file that cannot be done gets one line on stderr and makes the exit code 1; the others are
    still done. Inputs are never overwritten.
    """
    with stoppable(), good_use():
        chain = _chain(recipe_name, checkpoint, device)
        jobs, failures = batch.plan(inputs, out, kind)
        with Watch(sum(job.seconds for job in jobs), quiet=as_json) as watch:
            for failure in failures:
                watch.complain(failure.error)
            results, more = _run(jobs, chain, kind, watch)
    failures += more
    if as_json:
        print_json(
            recipe=recipe.dump(chain),
            files=[_entry(result) for result in results],
            failures=[{"source": str(f.source), "error": f.error} for f in failures],
        )
    raise typer.Exit(BAD_FILE if failures else 0)


app.command()(separate)
app.command()(diagnose)


@app.command()
def evaluate(
    estimate: Annotated[Path, typer.Argument(help="A degraded or a restored recording.")],
    target: Annotated[Path, typer.Argument(help="The clean recording.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Measures how far a recording is from its clean reference."""
    from pipeline.evaluation.compare import evaluate as measure

    with stoppable(), good_use():
        found = measure(load(estimate), load(target))
    if as_json:
        print_json(**found)
    else:
        for name, value in found.items():
            print(f"{name:20} {'-' if value is None else format(value, '.3f')}")


@app.command()
def report(
    inputs: Annotated[list[Path], typer.Argument(metavar="CLEAN...", help="Clean recordings.")],
    checkpoint: Annotated[str, typer.Option(help="The checkpoint.")] = "enhancer-speech-48k",
    keep_below_hz: Annotated[float | None, typer.Option(help="0 keeps nothing.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Damages clean recordings of full bandwidth, restores them, and tells how near it came."""
    from pipeline.evaluation.benchmark import report as measure
    from pipeline.stages.enhance import Enhance

    with stoppable(), good_use(), Watch(1.0, quiet=as_json) as watch:
        paths = [path for given in inputs for path, _ in batch.expand(given, given)]
        stage = Enhance(checkpoint=checkpoint, keep_below_hz=keep_below_hz)
        rows = measure(paths, stage, watch.begin("recordings", 1.0))
    if as_json:
        print_json(rows=[dataclasses.asdict(row) for row in rows])
        return
    print("| damage | LSD before | after | up to 16 kHz | after | energy dB | modulation |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        cells = (f"{value:.2f}" for value in dataclasses.astuple(row)[1:])
        print(f"| {row.damage} | {' | '.join(cells)} |")


def _chain(name: str, checkpoint: str | None, device: str) -> Chain:
    """The recipe's chain, with the stages that know a checkpoint or a device told which."""
    wanted = {"checkpoint": checkpoint, "device": device}
    return Chain(tuple(_told(stage, wanted) for stage in recipe.load(name).stages))


def _told(stage: Any, wanted: dict[str, str | None]) -> Any:
    """The stage with the settings wanted that it knows; so too the chain that it runs itself."""
    names = {field.name for field in dataclasses.fields(stage)}
    told: dict[str, Any] = {key: value for key, value in wanted.items() if value and key in names}
    if "stages" in names:
        told["stages"] = tuple(_told(inner, wanted) for inner in stage.stages)
    return dataclasses.replace(stage, **told)


def _run(
    jobs: Sequence[batch.Job], chain: Chain, kind: str | None, watch: Watch
) -> tuple[list[Result], list[batch.Failure]]:
    results: list[Result] = []
    failures: list[batch.Failure] = []
    taken = {path.resolve() for job in jobs for path in (job.source, job.path)}
    for at, job in enumerate(jobs, 1):
        tick = watch.begin(f"{at}/{len(jobs)} {job.source.name}", job.seconds)
        done = _attempt(job, chain, kind, taken - {job.path.resolve()}, tick)
        if isinstance(done, Result):
            results.append(done)
            taken.add(done.path.resolve())
            watch.tell("\n".join([_line(done), *(f"  {note}" for note in done.notes)]))
        else:
            failures.append(done)
            watch.complain(done.error)
    return results, failures


def _attempt(
    job: batch.Job, chain: Chain, kind: str | None, avoid: Collection[Path], tick: Tick
) -> Result | batch.Failure:
    try:
        return restore_file(job.source, job.folder, chain, tick, kind=kind, avoid=avoid)
    except Exception as error:  # one broken file must not end a night's work
        return batch.Failure.of(job.source, error)


def _line(result: Result) -> str:
    taken = f"{result.seconds:.1f} s of sound in {result.seconds_taken:.1f} s"
    return f"{result.source} -> {result.path}  ({taken})"


def _entry(result: Result) -> dict[str, Any]:
    entry = dataclasses.asdict(result)
    return {**entry, "source": str(result.source), "path": str(result.path)}


if __name__ == "__main__":
    app(prog_name="python -m pipeline")
