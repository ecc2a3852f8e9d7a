"""`python -m training ray CONFIG`: trains on the machines of a Ray cluster, through Ray Train."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from training.commands.common import one_line_errors

ROOT = Path(__file__).parents[2]
LOCAL = "local"
MISSING = "this needs Ray Train: python -m pip install -r requirements-cluster.txt"


def ray(
    config: Annotated[str, typer.Argument(help="JSON file, or a name from training/configs.")],
    data: Annotated[list[Path], typer.Option(help="Folder of recordings, may be repeated.")],
    run: Annotated[Path, typer.Option(help="Run folder; it goes on where it ended.")],
    workers: Annotated[int, typer.Option(help="Processes, of all machines.")] = 2,
    gpu: Annotated[bool, typer.Option(help="A GPU for each process.")] = True,
    address: Annotated[str, typer.Option(help='Of the cluster; "local": this machine.')] = "auto",
    base: Annotated[
        str | None, typer.Option(help="Checkpoint to start from: a name or a folder.")
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Length of the whole run in steps.")] = None,
    failures: Annotated[int, typer.Option(help="Restarts after a process has died.")] = 3,
) -> None:
    """Trains on a Ray cluster. Checkout, data and run folder are on a drive that all nodes see.

    Where a process dies, Ray starts all of them again, and they go on from the last saved state.
    """
    with one_line_errors():
        try:
            import ray as ray_package
            from ray.train import FailureConfig, RunConfig, ScalingConfig
            from ray.train.torch import TorchTrainer
        except ImportError:
            raise ValueError(MISSING) from None
    where: dict[str, Any] = {"address": address}
    if address == LOCAL:
        where = {"num_cpus": workers, "include_dashboard": False}
    environment = {"env_vars": {"PYTHONPATH": str(ROOT)}}
    ray_package.init(**where, runtime_env=environment)
    settings = {
        "config": config, "folder": str(run.absolute()), "base": base, "steps": steps, "gpu": gpu,
        "data": [str(folder.absolute()) for folder in data], "cwd": str(Path.cwd()),
    }  # fmt: skip
    trainer = TorchTrainer(
        train,
        train_loop_config=settings,
        scaling_config=ScalingConfig(num_workers=workers, use_gpu=gpu),
        run_config=RunConfig(
            name=run.name,
            storage_path=str(run.absolute().parent / ".ray"),
            failure_config=FailureConfig(max_failures=failures),
        ),
    )
    trainer.fit()


def train(settings: dict[str, Any]) -> None:
    """One process of the training, which Ray has told its rank."""
    if not settings["gpu"]:
        os.environ["ACCELERATE_USE_CPU"] = "true"
    os.chdir(settings["cwd"])
    from training.commands.run import run
    from training.runs.run_folder import LAST

    folder = Path(settings["folder"])
    run(
        settings["config"],
        data=[Path(path) for path in settings["data"]],
        folder=folder,
        base=settings["base"],
        steps=settings["steps"],
        resume=(folder / LAST).is_file(),
    )
