"""`python -m training shards FOLDER OUT`: a dataset that may be larger than a disk, as shards."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from training.commands.common import one_line_errors


def shards(
    folder: Annotated[Path, typer.Argument(help="Dataset of clean recordings.")],
    out: Annotated[Path, typer.Argument(help="New folder, to train on with --data.")],
    config: Annotated[
        str, typer.Option(help="Config of the run: it names kinds, sample rate and split.")
    ],
    seconds: Annotated[float, typer.Option(help="Length of a sample, about.")] = 10.0,
    megabytes: Annotated[float, typer.Option(help="Size of a shard.")] = 256.0,
    at: Annotated[
        str, typer.Option(help="Where the shards go, such as s3://bucket/a; default: OUT.")
    ] = "",
) -> None:
    """Writes the recordings that a config trains on as shards in WebDataset's format."""
    from training.config import config_path, read_config
    from training.data.check_table import progress
    from training.data.shards.write import Form, write

    with one_line_errors():
        settings = read_config(config_path(config))
        with progress() as tick:
            written = write(folder, out, settings, Form(seconds, megabytes, at), tick)
    count = f"{sum(written.sizes)} samples in {len(written.shards)} shards"
    print(f"{count}, {written.minutes:.1f} minutes")
