"""`python -m pipeline diagnose IN`: what is wrong with a recording, and a recipe for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.card import CLASSES
from pipeline.audio.decode import decode
from pipeline.audio.sound import AudioError
from pipeline.cli.console import Display, command, print_json
from pipeline.cli.options import AsJson, listed, one_of
from pipeline.files import write_atomically
from pipeline.stage import share

if TYPE_CHECKING:
    from pipeline.diagnosis.diagnose import Diagnosis
    from pipeline.diagnosis.finding import Finding

READ_SHARE = 0.5


def diagnose(
    source: Annotated[Path, typer.Argument(metavar="IN", help="An audio file.")],
    recipe_out: Annotated[
        Path | None,
        typer.Option("--recipe-out", help="Write the proposed recipe here, for restore --recipe."),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            "--content",
            parser=one_of(CLASSES),
            metavar=listed(CLASSES),
            help="What the recording is. Default: the diagnosis listens.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measures a recording, reports what is wrong with it, and proposes a recipe."""
    from pipeline.diagnosis import diagnose as diagnosis

    with command():
        if recipe_out is not None:
            _check_writable(recipe_out, source)
        with Display(1.0, quiet=as_json) as display:
            tick = display.begin(source.name, 1.0)
            audio, info = decode(source, tick=share(tick, 0, READ_SHARE))
            result = diagnosis.diagnose(audio, info, share(tick, READ_SHARE, 1), kind)
        if recipe_out is not None:
            _write(recipe_out, result)
    if as_json:
        print_json(**result.to_json())
    else:
        _show(result)


def _check_writable(path: Path, source: Path) -> None:
    if path.suffix != ".json":
        raise ValueError(f"{path.name}: expected a name that ends in .json")
    if path.resolve() == source.resolve():
        raise AudioError(f"{path.name}: the recipe would overwrite the recording")


def _write(path: Path, diagnosis: Diagnosis) -> None:
    """Writes the recipe, whole or not at all."""
    with write_atomically(path) as temporary:
        temporary.write_text(
            json.dumps(diagnosis.recipe, indent=2, ensure_ascii=False) + "\n", "utf-8"
        )


def _show(diagnosis: Diagnosis) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for title in ("", "finding", "value", "sure", "description"):
        table.add_column(title, justify="right" if title in ("value", "sure") else "left")
    for finding in sorted(diagnosis.findings, key=lambda finding: not finding.trouble):
        mark = Text("!", "bold red") if finding.trouble else Text("")
        sure = f"{finding.confidence:.0%}"
        table.add_row(mark, finding.name, _value(finding), sure, Text(finding.text))
    console = Console(highlight=False, markup=False)
    console.print(table)
    console.print()
    console.print(f"{diagnosis.recipe['title']}. {diagnosis.recipe['summary']}".strip())
    for number, entry in enumerate(diagnosis.recipe["stages"], 1):
        console.print(f"{number}. {entry['stage']}: {entry['reason']}")


def _value(finding: Finding) -> str:
    value = finding.value
    if value is None:
        return "-"
    shown = value if isinstance(value, str) else f"{value:.6g}" if value > 999 else f"{value:.3g}"
    return f"{shown} {finding.unit}".rstrip()
