"""Arguments and options that several commands have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import typer

from models.net import PRECISIONS
from pipeline.inference import DEVICES
from pipeline.output import FORMATS


def one_of(names: Iterable[str]) -> Callable[[str], str]:
    """The parser of an option that takes one of the names."""
    allowed = tuple(names)

    def choice(text: str) -> str:
        if text not in allowed:
            raise typer.BadParameter(f"got {text!r}, expected one of: {', '.join(allowed)}")
        return text

    return choice


def listed(names: Iterable[str]) -> str:
    """How the help shows the names that an option takes."""
    return f"[{'|'.join(names)}]"


Inputs = Annotated[
    list[Path], typer.Argument(metavar="IN...", help="Audio files, and folders of them.")
]
Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="IN...", help="Audio files and folders of them, here or at addresses (s3://...)."
    ),
]
Results = Annotated[
    str, typer.Option("-o", "--out", help="Folder for the results, here or at an address.")
]
Device = Annotated[
    str,
    typer.Option(parser=one_of(DEVICES), metavar=listed(DEVICES), help="Where networks run."),
]
Precision = Annotated[
    str,
    typer.Option(
        parser=one_of(PRECISIONS),
        metavar=listed(PRECISIONS),
        help="Of networks; bfloat16 is faster where the processor supports it.",
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        parser=one_of(FORMATS),
        metavar=listed(FORMATS),
        help="Output format. Default: FLAC for a FLAC file, else WAV; at least 24 bits.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Workers = Annotated[
    int, typer.Option(min=1, max=256, help="Processes that each do one file at a time.")
]
Ray = Annotated[
    str,
    typer.Option(
        metavar="local|ADDRESS",
        help="Let a Ray cluster do it: --workers of its cores; package ray is needed.",
    ),
]
