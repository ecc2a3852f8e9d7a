"""Chains of damage as JSON: what a recipe is to restoring, for degrading.

A document has the form of a recipe (see `pipeline.recipe`), but names damages instead of stages. A
recipe that restores cannot name a damage.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator

from pipeline import recipe
from pipeline.audio.sound import Audio
from pipeline.degradation.random_chain import musicgen_like
from pipeline.knobs import knobs
from pipeline.stage import Chain, Tick, no_tick

DAMAGES: dict[str, str] = {
    "echoes": "pipeline.degradation.effects:Echoes",
    "soft_clip": "pipeline.degradation.effects:SoftClip",
    "hard_clip": "pipeline.degradation.effects:HardClip",
    "resample": "pipeline.degradation.effects:Resample",
    "band_limit": "pipeline.degradation.effects:BandLimit",
    "bits": "pipeline.degradation.effects:Crush",
    "mu_law": "pipeline.degradation.effects:MuLaw",
    "codec": "pipeline.degradation.codecs:Codec",
    "telephone": "pipeline.degradation.effects:Telephone",
    "telephone_codec": "pipeline.degradation.telephone_codecs:TelephoneCodec",
    "neural_codec": "pipeline.degradation.neural_codecs:NeuralCodec",
    "noise_at_snr": "pipeline.degradation.additions:NoiseAtSnr",
    "noise": "pipeline.degradation.effects:Noise",
    "dither": "pipeline.degradation.additions:Dither",
    "hum": "pipeline.degradation.additions:Hum",
    "clicks": "pipeline.degradation.additions:Clicks",
}
"""Every damage by name: name -> "module:Class", imported when first needed."""

FOLDER = Path(__file__).parent.parent / "assets" / "damages"

RANDOM_TITLE = "Random, MusicGen-like"


def named() -> list[str]:
    """The names of the presets, in the order of the alphabet."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def titles() -> dict[str, str]:
    """The presets: name -> title, in the order of `named`."""
    return {name: read(name)["title"] for name in named()}


def read(source: str | Path | Mapping[str, Any]) -> dict[str, Any]:
    """The checked document of a preset, a JSON file, or a document; raises like `load`."""
    return recipe.read(_path(source), DAMAGES)


def load(source: str | Path | Mapping[str, Any]) -> Chain:
    """The chain that a preset, a JSON file, or a document describes.

    Raises:
        RecipeError: (a ValueError) no such preset or file, or it cannot be read; see
            `pipeline.recipe.load`.
    """
    return recipe.load(_path(source), DAMAGES)


def degrade(
    audio: Audio,
    damage: str | Path | Mapping[str, Any],
    seed: int | None = None,
    tick: Tick = no_tick,
) -> Audio:
    """A damaged copy of a sound, of the same length, channels and rate.

    Args:
        damage: a preset (see `named`), a JSON file, or a document.
        seed: not negative; draws what is random anew. None keeps the document's own seeds.

    Raises:
        RecipeError: (a ValueError) the damage cannot be read.
        Cancelled: from `tick`.
    """
    chain = load(damage)
    return (chain if seed is None else seeded(chain, seed))(audio, tick)


def dump(chain: Chain, title: str = "") -> dict[str, Any]:
    """The document of a chain, every setting written out."""
    document = recipe.dump(chain, DAMAGES)
    return {"version": document["version"], "title": title, **document} if title else document


def seeded(chain: Chain, seed: int) -> Chain:
    """The chain with other seeds in every damage that draws: same `seed`, same damage.

    Args:
        seed: not negative.
    """
    rng = np.random.default_rng(seed)
    return Chain(tuple(_reseeded(one, rng) for one in chain.stages))


def drawn(seed: int, number: int = 0) -> Chain:
    """Random damage like that of generated music (see `musicgen_like`).

    Args:
        seed: not negative.
        number: of the recording, where each gets damage of its own.
    """
    return musicgen_like(np.random.default_rng([seed, number]))


def _reseeded(damage: Any, rng: Generator) -> Any:
    if "seed" not in knobs(damage):
        return damage
    return dataclasses.replace(damage, seed=int(rng.integers(1 << 31)))


def _path(source: Any) -> Any:
    """The file of a preset's name; anything else as it is.

    Raises:
        RecipeError: neither a preset nor a .json file.
    """
    if not isinstance(source, (str, Path)):
        return source
    if source in named():
        return FOLDER / f"{source}.json"
    path = Path(source)
    if path.suffix != ".json" or not path.is_file():
        expected = f"expected a .json file or one of {', '.join(named())}"
        raise recipe.RecipeError(f"got damage {str(source)[:200]!r}, {expected}")
    return path
