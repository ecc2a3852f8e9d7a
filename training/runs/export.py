"""A run's best weights as a checkpoint: in Restore's list, as a zip, on the Hugging Face Hub."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from models.checkpoint import CARD, WEIGHTS, Card, available, read_card, search_path, user_root
from pipeline.files import write_atomically
from training.runs.processes import TRAINING
from training.runs.run_folder import BEST, VERDICT, RunConfig, read_json, write_json
from training.runs.ship import sources

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
TOKEN = re.compile(r"hf_[A-Za-z0-9]{8,}")
HUB, HIDDEN = "https://huggingface.co/", "[token]"
REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
UNREACHED = frozenset(("TransportError", "ConnectionError", "TimeoutError"))
REFUSALS = {
    401: "The Hub does not know this token. Make one with the right to write under Settings, "
    "Access Tokens on huggingface.co, and paste all of it.",
    403: "The token may not write there. Give it the right to write, or name a repository of the "
    "account that it belongs to.",
}


class PushFailed(ValueError):
    """The Hub refused, or was not reached; the message does not hold the token."""


def use(run: Path, name: str, title: str = "", own: Path | None = None) -> Card:
    """Adds a run's best weights to the user's checkpoints, which Restore lists at once.

    Args:
        run: folder of the run.
        name: of the checkpoint: a to z, digits, point, hyphen, underscore.
        title: its name in lists for people; derived from the base's where empty.
        own: a visitor's own folder of checkpoints, which no one else's list has; the machine
            owner's where None.

    Raises:
        ValueError: no weights yet, a name that will not do, or one that is taken.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"name: got {name!r}, expected small letters, digits, '.', '-' and '_'")
    if name in {card.name for card in available(search_path(own or ""))}:
        raise ValueError(f"name: {name!r} is taken; choose another one")
    card = describe(run, name, title)
    root = own or user_root()
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=root) as folder:
        checkpoint = Path(folder) / name
        _write_checkpoint(run, card, checkpoint)
        checkpoint.rename(root / name)
    return read_card(root / name)


def describe(run: Path, name: str, title: str = "") -> Card:
    """The card of a run's best weights: their origin, their data and their verdict.

    Raises:
        ValueError: the run has kept no weights yet.
    """
    if not (run / BEST / CARD).is_file():
        raise ValueError(f"{run.name}: has kept no weights yet")
    best, config, verdict = read_card(run / BEST), _config(run), read_json(run / VERDICT)
    base = read_card(Path(config.base)) if config.base else None
    result = verdict.get("text", "Not compared with its base on held-out recordings.")
    start = f"Fine-tuned from {base.name}" if base else "Trained from fresh weights"
    return dataclasses.replace(
        best,
        name=name,
        content=base.content if base else best.content,
        title=title or (f"{base.title}, fine-tuned" if base else name),
        summary=f"{start} on {config.trained_minutes:g} minutes of sound. {result}",
        metrics={**best.metrics, "verdict": verdict} if verdict else best.metrics,
        data=sources([Path(folder) for folder in config.data], list(config.trained_groups))
        + (base.data if base else []),
        licence=(f"Base: {base.licence}. " if base else "")
        + "The licences of the recordings that it learned from hold as well.",
    )


def _config(run: Path) -> RunConfig:
    config = RunConfig.read(run)
    if config is None:
        raise ValueError(f"{run.name}: not a run, or one that never began")
    return config


def archive(run: Path, path: Path, name: str, title: str = "") -> Path:
    """Writes a zip: folder NAME with weights, card, training config, and the verdict where there is one.

    Unpacked into the folder of checkpoints, it is a checkpoint.
    """
    card = describe(run, name, title)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / name
        _write_checkpoint(run, card, made)
        write_json(made / TRAINING, _config(run).training)
        if (run / VERDICT).is_file():
            shutil.copyfile(run / VERDICT, made / VERDICT)
        with (
            write_atomically(path) as temporary,
            zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as packed,  # weights do not shrink
        ):
            for file in sorted(made.iterdir()):
                packed.write(file, f"{name}/{file.name}")
    return path


def push(
    run: Path,
    repository: str,
    token: str,
    *,
    private: bool = True,
    title: str = "",
    connect: Callable[[str], Any] | None = None,
) -> str:
    """Uploads a run's best weights to the Hugging Face Hub.

    Args:
        run: folder of the run.
        repository: "user/name", or its address; made where it is not there.
        token: with the right to write; used for this call, and neither stored nor logged.
        private: of a new repository.
        title: see `use`.
        connect: makes the Hub's API from a token; `huggingface_hub.HfApi` by default.

    Returns:
        the repository's address.

    Raises:
        PushFailed: with what can be done about it, or what the Hub said, less the token.
        ValueError: no repository, no token, or no weights yet.
    """
    token, repository = token.strip(), repository.strip().removeprefix(HUB).strip("/")
    if not REPOSITORY.fullmatch(repository):
        raise ValueError("repository: expected user/name, as in the address of its page")
    if not re.fullmatch(r"[!-~]+", token):
        raise ValueError("token: expected one with the right to write; see Settings on the Hub")
    card = describe(run, repository.rpartition("/")[2], title)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "checkpoint"
        _write_checkpoint(run, card, made)
        write_json(made / TRAINING, _config(run).training)
        (made / "README.md").write_text(_readme(card))
        try:
            api = (connect or _hub)(token)
            address = str(api.create_repo(repository, private=private, exist_ok=True))
            api.upload_folder(
                repo_id=repository, folder_path=str(made), commit_message=f"Weights: {card.title}"
            )
            return address
        except Exception as error:  # whatever it is, it must not carry the token further
            told = scrubbed(_cure(error), token)
    raise PushFailed(told)  # outside: no context to print


def _cure(error: Exception) -> str:
    """What a person reads and can do where an upload failed."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in REFUSALS:
        return REFUSALS[status]
    if type(error).__name__ == "OfflineModeIsEnabled":
        return "The app was started with HF_HUB_OFFLINE set: start it without, or download the zip."
    if UNREACHED & {kind.__name__ for kind in type(error).__mro__}:
        return (
            "The Hub cannot be reached. Check the network and try again, or download the zip and "
            f"upload its files in a browser. ({type(error).__name__})"
        )
    return f"The Hub did not take it. {type(error).__name__}: {error}"


def scrubbed(text: str, token: str) -> str:
    """Text without the token, or anything that looks like one."""
    return TOKEN.sub(HIDDEN, text.replace(token, HIDDEN))


def _hub(token: str) -> Any:
    from huggingface_hub import HfApi

    return HfApi(token=token)


def _write_checkpoint(run: Path, card: Card, folder: Path) -> None:
    """Weights and card, as a checkpoint has them."""
    folder.mkdir(parents=True)
    shutil.copyfile(run / BEST / WEIGHTS, folder / WEIGHTS)
    fields = {key: value for key, value in dataclasses.asdict(card).items() if key != "folder"}
    write_json(folder / CARD, fields)


def _readme(card: Card) -> str:
    front = json.dumps({"tags": ["audio", "audio-to-audio", "wavemend"]})  # JSON is YAML
    return (
        f"---\n{front}\n---\n# {card.title}\n\n{card.summary}\n\nA checkpoint of Wavemend: put "
        f"`{WEIGHTS}` and `{CARD}` into a folder under `runs/checkpoints`, and Restore lists it."
        f"\n\nLicence: {card.licence}\n"
    )
