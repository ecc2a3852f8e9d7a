"""`python -m training tables NAME FOLDER`: a paper's tables beside what is measured here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.files import write_atomically
from training.commands.common import checkpoint_folder, one_line_errors

if TYPE_CHECKING:
    from training.tables.subject import Subject
    from training.tables.table import Report

app = typer.Typer(no_args_is_help=True)
Folder = Annotated[Path, typer.Argument(help="Recordings that the network has not learned from.")]
Run = Annotated[Path | None, typer.Option(help="Run folder: its test recordings, its curves.")]
Checkpoint = Annotated[str | None, typer.Option(help="Name of a checkpoint, or its folder.")]
Most = Annotated[int, typer.Option(help="Largest number of recordings.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Out = Annotated[Path | None, typer.Option(help="Write an HTML page; its figures too, as PNG.")]


@app.callback()
def about() -> None:
    """Prints a paper's tables beside what is measured here."""


@app.command()
def thesis(
    folder: Folder,
    run: Run = None,
    checkpoint: Checkpoint = None,
    beside: Annotated[
        str | None, typer.Option(help="Another checkpoint, of any rate, such as an enhancer.")
    ] = None,
    most: Most = 25,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """22.05 to 44.1 kHz: Kaiser's filters, soxr and the residual U-Net."""
    from training.tables import thesis as paper

    with one_line_errors():
        measured = _subject(folder, {"speech"}, run, checkpoint, most)
        other = checkpoint_folder(beside) if beside else None
        figures = out.with_suffix("") if out else None
        _show(paper.report(measured, figures, beside=other), as_json, out)


@app.command("small_sr")
def small_sr(
    folder: Folder,
    run: Run = None,
    checkpoint: Checkpoint = None,
    most: Most = 35,
    seams: Annotated[bool, typer.Option("--seams", help="Also where segments meet.")] = False,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """16 to 44.1 kHz: the input itself and the plain U-Net, with either sign."""
    from training.tables import small_sr as paper

    with one_line_errors():
        measured = _subject(folder, {"music"}, run, checkpoint, most)
        figures = out.with_suffix("") if out else None
        _show(paper.report(measured, figures, with_seams=seams), as_json, out)


@app.command()
def enhancer(
    folder: Annotated[list[Path], typer.Argument(help="Recordings with a manifest.")],
    runs: Annotated[Path | None, typer.Option(help="Folder of the runs, one a variant.")] = None,
    variants: Annotated[str, typer.Option(help="Variants, with commas; default: all.")] = "",
    base: Annotated[
        str, typer.Option(help="Checkpoint that runs with an adversary start from.")
    ] = "enhancer-speech-48k",
    checkpoint: Annotated[
        list[str] | None, typer.Option(help="Further net at 48 kHz, a name or a folder.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="Train variants without a run for so many steps.")
    ] = None,
    small: Annotated[bool, typer.Option("--small", help="2 M parameters instead of 9 M.")] = False,
    most: Most = 25,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Repair of a neural codec: 0 to 6 skips, the Wave-U-Net, losses, representations."""
    from training.runs.run import root
    from training.tables import enhancer as article

    with one_line_errors():
        report = article.report(
            folder,
            runs or root() / "enhancer",
            checkpoint_folder(base),
            out.with_suffix("") if out else None,
            variants=variants.split(",") if variants else tuple(article.VARIANTS),
            others=[checkpoint_folder(one) for one in checkpoint or ()],
            steps=steps,
            small=small,
            most=most,
        )
        _show(report, as_json, out)


@app.command()
def hybrid(
    folder: Annotated[list[Path], typer.Argument(help="Recordings and noise with a manifest.")],
    most: Annotated[int, typer.Option(help="Largest number of recordings.")] = 68,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Generated music's damage: Demucs with S-NMF, the masking U-Net and the WaveNet."""
    from training.tables import hybrid as paper

    with one_line_errors():
        _show(paper.report(folder, most, per_group=2), as_json, out)


@app.command("wave_unet")
def wave_unet(
    folder: Annotated[list[Path], typer.Argument(help="Recordings with a manifest.")],
    runs: Annotated[Path | None, typer.Option(help="Folder of the runs, one a model.")] = None,
    models: Annotated[str, typer.Option(help="Models, with commas; default: all.")] = "",
    checkpoint: Annotated[
        list[str] | None, typer.Option(help="Further separator, a name or a folder.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="Train models without a run for so many steps.")
    ] = None,
    small: Annotated[bool, typer.Option("--small", help="10 levels of 16 filters.")] = False,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Voice and accompaniment: SDR of seconds, with and without the nearly silent ones."""
    from training.runs.run import root
    from training.tables import wave_unet as paper

    with one_line_errors():
        report = paper.report(
            folder,
            runs or root() / "wave_unet",
            out.with_suffix("") if out else None,
            models=models.split(",") if models else tuple(paper.MODELS),
            others=[checkpoint_folder(one) for one in checkpoint or ()],
            steps=steps,
            small=small,
        )
        _show(report, as_json, out)


def _subject(
    folder: Path, kinds: set[str], run: Path | None, checkpoint: str | None, most: int
) -> Subject:
    from training.tables.subject import subject

    if run and checkpoint:
        raise ValueError("tables: give --run or --checkpoint, not both")
    weights = checkpoint_folder(checkpoint) if checkpoint else None
    return subject(folder, kinds, run=run, checkpoint=weights, most=most)


def _show(report: Report, as_json: bool, out: Path | None) -> None:
    """Prints a report, and writes its page."""
    if out:
        with write_atomically(out) as temporary:
            temporary.write_text(report.html(), "utf-8")
    print(json.dumps(report.as_dict(), indent=1) if as_json else report.text())
