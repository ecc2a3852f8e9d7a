"""Weights: the checkpoints here, those of others, and those that a visitor brings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.card import CONTENTS, Card
from models.checkpoint import WEIGHTS, available, search_path
from pipeline import recipe
from pipeline.degradation import neural_codecs
from pipeline.generation import weights as musicgen_weights
from pipeline.separation import demucs_weights, voice
from pipeline.separation.download import checksum_of
from pipeline.separation.separators import DEMUCS
from pipeline.stage import UsesCheckpoint
from ui.components import chain_form
from ui.jobs import Job
from ui.restore.own_weights import SUFFIXES, with_network
from ui.restore.tab import SEPARATORS
from ui.session import Session, is_shared

MUSICGEN = "musicgen-"
"""What the names of MusicGen's models begin with."""

SIZES = (
    *("as in the file", "small", "medium-lite", "medium", "base", "large"),
    *("quarter", "half", "full"),
)
"""Named sizes of nets, for weights without a config; not every kind of net has each."""

NETWORKS = {
    "enhancer": "waveform enhancer",
    "spectral_enhancer": "spectral enhancer",
    "residual_unet": "residual U-Net",
    "plain_unet": "plain U-Net",
    "tcn_masker": "TCN mask",
    "mask_unet": "mask U-Net",
    "wavenet": "WaveNet",
    "wave_unet": "Wave-U-Net",
}
"""The kinds of net in a list, by their key in `NETS`."""

CODECS = {
    "encodec_24khz": "EnCodec, 24 kHz",
    "dac_24khz": "DAC, 24 kHz",
    "mimi": "Mimi",
    "neucodec": "NeuCodec",
}
"""The published neural codecs."""

OTHER_USERS = {
    "neural_codec": "Degrade",
    "content_classifier": "Diagnosis",
}
"""What else runs nets, on the page."""

FIGURES = {
    "lsd": ("LSD", "", 2),
    "snr": ("SNR", " dB", 1),
    "si_sdr": ("SI-SDR", " dB", 1),
}
"""Figures of a card's validation: label, unit and decimals."""


@dataclass(frozen=True)
class Known:
    """Weights of others.

    Attributes:
        name: of the model.
        title: on the page.
        files: what is still to be downloaded; empty where all is here.
        problem: why the model cannot be used; "" where it can, or could after a download.
        details: size and SHA-256 of what is here, or size of the download, as far as known.
    """

    name: str
    title: str
    files: Sequence[str] = ()
    problem: str = ""
    details: str = ""


def checkpoints(session: Session) -> list[dict[str, Any]]:
    """A row for each checkpoint that this visitor can use, with the figures of its card."""
    return [_row(card) for card in available(search_path(session.networks))]


def _row(card: Card) -> dict[str, Any]:
    path = card.folder / WEIGHTS
    return {
        "title": card.title or card.name,
        "name": card.name,
        "kind": _user(card),
        "content": CONTENTS.get(card.content, "not stated"),
        "licence": card.licence or "not stated",
        "megabytes": f"{path.stat().st_size / 1e6:.1f} MB" if path.is_file() else "missing",
        "figures": _figures(card.metrics),
    }


def _user(card: Card) -> str:
    """What runs a checkpoint, on the page."""
    if card.content == voice.CONTENT:
        return chain_form.title("per_stem")
    return stage_of(card.model)[1] or OTHER_USERS.get(card.model, card.model)


def _figures(metrics: Mapping[str, Any]) -> list[str]:
    """The validation's figures, each after that of the degraded input where the card has it."""
    table = metrics.get("validation")
    if not isinstance(table, dict):
        return []
    texts = []
    for name, (label, unit, digits) in FIGURES.items():
        values = [table.get(key) for key in (f"{name}_input", name)]
        if isinstance(values[1], (int, float)):
            numbers = [value for value in values if isinstance(value, (int, float)) and value]
            shown = " → ".join(f"{round(value, digits) + 0.0:.{digits}f}" for value in numbers)
            texts.append(f"{label} {shown}{unit}")
    return texts


def of_others() -> list[Known]:
    """Demucs' models, MusicGen and the published codecs; uses no network."""
    return [*_demucs(), *_musicgen(), *_codecs()]


def _demucs() -> list[Known]:
    rows = []
    for name in DEMUCS:
        title = SEPARATORS[name]
        try:
            missing = demucs_weights.missing(name)
            here = () if missing else demucs_weights.find(name).files
            rows.append(Known(name, title, missing, details=_details([path for _, path in here])))
        except (ValueError, OSError, ImportError) as error:
            rows.append(Known(name, title, problem=str(error)))
    return rows


def _details(paths: Sequence[Path]) -> str:
    """Size of some files, and their checksums as far as their names have them."""
    if not paths:
        return ""
    checksums = [checksum for path in paths if (checksum := checksum_of(path))]
    size = f"{sum(path.stat().st_size for path in paths) / 1e6:.1f} MB"
    return f"{size} · SHA-256 {', '.join(checksums)}" if checksums else size


def _musicgen() -> list[Known]:
    rows = []
    for name, known in musicgen_weights.MODELS.items():
        problem = musicgen_weights.missing(name)
        is_fetched = problem is None or not musicgen_weights.has_library()
        rows.append(
            Known(
                f"{MUSICGEN}{name}",
                f"MusicGen {known.title}",
                () if is_fetched else known.files,
                str(problem) if problem and is_fetched else "",
                f"{known.gigabytes:g} GB",
            )
        )
    return rows


def _codecs() -> list[Known]:
    return [
        Known(name, CODECS[name], problem=neural_codecs.missing(name))
        for name in neural_codecs.CODECS
    ]


def can_download(one: Known) -> bool:
    """Whether a visitor may download it here: gigabytes are not for visitors of a shared server."""
    return bool(one.files) and not (is_shared() and one.name.startswith(MUSICGEN))


def folders() -> dict[str, str]:
    """Where weights are looked for: what -> folder, or what is wrong with the folder named."""
    return {
        "Demucs": _folder(demucs_weights.weights_folder),
        "MusicGen": _folder(musicgen_weights.weights_folder),
        "Own checkpoints": str(search_path()[0]),
    }


def _folder(named: Callable[[], Path]) -> str:
    try:
        return str(named())
    except ValueError as error:
        return str(error)


def download(name: str, job: Job) -> None:
    """Downloads the weights of a model and verifies them.

    Raises:
        ValueError: an unknown model, or it cannot be downloaded; the text says what to do.
        Cancelled: the visitor has stopped it; no partial file is left.
    """
    if name in DEMUCS:
        demucs_weights.find(name, tick=job.tick)
    elif name in [one.name for one in _musicgen() if can_download(one)]:
        musicgen_weights.fetch(name.removeprefix(MUSICGEN), job.tick)
    else:
        raise ValueError("Choose a model to download.")


def running_checkpoints() -> dict[str, UsesCheckpoint]:
    """The stages that run a checkpoint, by name, at their defaults."""
    stages = {name: cls() for name, cls in recipe.stage_classes().items()}
    return {name: one for name, one in stages.items() if isinstance(one, UsesCheckpoint)}


def kinds() -> list[tuple[str, str]]:
    """The kinds of net whose weights a visitor can bring, as (title, key of `NETS`)."""
    return [
        (_kind(name, model, len(stage.MODELS) > 1), model)
        for name, stage in running_checkpoints().items()
        for model in stage.MODELS
    ]


def _kind(stage: str, model: str, is_one_of_several: bool) -> str:
    title = chain_form.title(stage)
    return f"{title}: {NETWORKS.get(model, model)}" if is_one_of_several else title


def stage_of(model: str) -> tuple[str, str]:
    """The stage that runs a kind of net, and its title; empty where none does."""
    for name, stage in running_checkpoints().items():
        if model in stage.MODELS:
            return name, chain_form.title(name)
    return "", ""


def adopt(
    session: Session, path: Path, model: Any, size: Any, value: Any
) -> tuple[dict[str, Any], str]:
    """Adds uploaded weights to the visitor's networks, and selects them in Restore's editor.

    Args:
        value: the editor's value.

    Returns:
        the editor's new value, and the title of the stage that runs them.

    Raises:
        ValueError: no plain weights, or those of another net.
    """
    from pipeline.stages.cleaners import adopt

    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"{path.name}: expected a file ending in {', '.join(SUFFIXES)}")
    stage, title = stage_of(str(model))
    if not stage:
        raise ValueError("Choose the kind of network.")
    named = size if size in SIZES[1:] else ""
    name = adopt(path, session.networks, named, model=str(model))
    return with_network(value, name, path.name, recipe.stage_classes(), stage), title
