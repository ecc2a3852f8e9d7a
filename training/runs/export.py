"""What a run made leaves the run: into Restore's list, as a zip, to the Hugging Face Hub."""

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
from training.runs.ship import sources
from training.runs.run_folder import BEST, CONFIG, VERDICT, read_json, write_json

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
TOKEN = re.compile(r"hf_[A-Za-z0-9]{8,}")
HUB, HIDDEN = "https://huggingface.co/", "[token]"
RECIPE = "recipe.json"
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


def use(run: Path, name: str, title: str = "") -> Card:
    """Makes a run's best weights a checkpoint among the user's, which Restore lists at once.

    Args:
        run: folder of the run.
        name: of the checkpoint: a to z, digits, point, hyphen, underscore.
        title: what a person reads in a list; made up where empty.

    Raises:
        ValueError: no weights yet, a name that will not do, or one that is taken.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"name: got {name!r}, expected small letters, digits, '.', '-' and '_'")
    if name in {card.name for card in available(search_path())}:
        raise ValueError(f"name: {name!r} is taken; choose another one")
    card = describe(run, name, title)
    root = user_root()
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=root) as folder:
        made = Path(folder) / name
        _write_checkpoint(run, card, made)
        made.rename(root / name)
    return read_card(root / name)


def describe(run: Path, name: str, title: str = "") -> Card:
    """The card that a run's best weights get: from what, on what, and how well.

    Raises:
        ValueError: the run has kept no weights yet.
    """
    if not (run / BEST / CARD).is_file():
        raise ValueError(f"{run.name}: has kept no weights yet")
    best, config, verdict = read_card(run / BEST), read_json(run / CONFIG), read_json(run / VERDICT)
    base = read_card(Path(config["base"])) if config.get("base") else None
    told = verdict.get("text", "Not compared with its base on held-out recordings.")
    start = f"Fine-tuned from {base.name}" if base else "Trained from fresh weights"
    return dataclasses.replace(
        best,
        name=name,
        content=base.content if base else best.content,
        title=title or (f"{base.title}, fine-tuned" if base else name),
        summary=f"{start} on {config.get('trained_minutes', 0):g} minutes of sound. {told}",
        metrics={**best.metrics, "verdict": verdict} if verdict else best.metrics,
        data=sources([Path(f) for f in config["data"]], config["trained_groups"])
        + (base.data if base else []),
        licence=(f"Base: {base.licence}. " if base else "")
        + "The licences of the recordings that it learned from hold as well.",
    )


def archive(run: Path, path: Path, name: str, title: str = "") -> Path:
    """Writes a zip: folder NAME with weights, card, recipe, and the verdict where there is one.

    Unpacked into the folder of checkpoints it is one.
    """
    card = describe(run, name, title)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / name
        _write_checkpoint(run, card, made)
        write_json(made / RECIPE, read_json(run / CONFIG)["recipe"])
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
        write_json(made / RECIPE, read_json(run / CONFIG)["recipe"])
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
    write_json(folder / CARD, card.as_dict())


def _readme(card: Card) -> str:
    front = json.dumps({"tags": ["audio", "audio-to-audio", "wavemend"]})  # JSON is YAML
    return (
        f"---\n{front}\n---\n# {card.title}\n\n{card.summary}\n\nA checkpoint of Wavemend: put "
        f"`{WEIGHTS}` and `{CARD}` into a folder under `runs/checkpoints`, and Restore lists it."
        f"\n\nLicence: {card.licence}\n"
    )
