"""The zoo: any number of bad and odd files, the same ones for the same seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.support.zoo import damage, headers, places, sounds
from tests.support.zoo.specimen import Specimen

KINDS = (*damage.KINDS, *headers.KINDS, *sounds.KINDS, *places.KINDS)


def generate(folder: Path, seed: int, count: int) -> list[Specimen]:
    """Makes `count` specimens in `folder`, as many of each kind; no two have the same stem."""
    specimens = []
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        group = kind.__module__.rpartition(".")[2]
        place = folder / f"{number:04d} {group} {kind.__name__}"
        specimens.append(kind(place, np.random.default_rng([seed, number])))
    return specimens
