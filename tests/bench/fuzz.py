"""Fuzzing what may come from anyone: `python -m tests.bench.fuzz [TARGET ...] --minutes 2`.

Recipes, cards, zips, sound files and manifests, made by Hypothesis: of the right shape with wild
values, or good ones with bytes changed. Each must be taken, or refused with a `ValueError`.
"""

from __future__ import annotations

import argparse
import io
import json
import tempfile
import time
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from models.card import CARD, Card, read_card
from models.registry import NETS
from pipeline import recipe
from pipeline.audio.decode import decode
from pipeline.cli.manifest import NAME, Manifest, Mark
from pipeline.knobs import knobs
from training.data.unzip import Limits, unzip

EXAMPLES = 50
"""Examples between two looks at the clock."""

FORMATS = {
    "wav": ("WAV", "PCM_16"), "flac": ("FLAC", "PCM_16"), "ogg": ("OGG", "VORBIS"),
    "aiff": ("AIFF", "PCM_24"), "w64": ("W64", "FLOAT"), "caf": ("CAF", "PCM_16"),
    "au": ("AU", "PCM_16"), "rf64": ("RF64", "PCM_16"), "mp3": ("MP3", "MPEG_LAYER_III"),
}  # fmt: skip

LIMITS = Limits(files=50, bytes=1 << 20)

numbers = st.integers() | st.floats(allow_nan=True, allow_infinity=True)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def recipes() -> st.SearchStrategy[Any]:
    """Documents that name stages and their knobs, with any values."""
    classes = recipe.stage_classes()
    names = sorted({name for kind in classes.values() for name in knobs(kind)})
    keys = st.sampled_from([*names, "reason", "stages", "gains_db"]) | st.text(max_size=8)
    stage = st.fixed_dictionaries({"stage": st.sampled_from(sorted(classes))}).flatmap(
        lambda head: st.dictionaries(keys, values, max_size=4).map(lambda rest: {**rest, **head})
    )
    whole = st.fixed_dictionaries({"version": st.just(1), "stages": st.lists(stage, max_size=4)})
    return whole | values


def try_recipe(document: Any) -> None:
    """A recipe that is taken is the same when it is written and read again."""
    chain = recipe.load(document)
    assert recipe.load(json.loads(json.dumps(recipe.dump(chain), allow_nan=False))) == chain


def cards() -> st.SearchStrategy[Any]:
    """Cards of known nets with any values, and bytes."""
    fields = sorted(Card.__dataclass_fields__)
    head = st.fixed_dictionaries({"model": st.sampled_from(sorted(NETS)), "config": values})
    card = st.dictionaries(st.sampled_from(fields), values, max_size=4)
    mixed = st.tuples(card, head).map(lambda pair: {**pair[0], **pair[1]})
    return (mixed | values).map(lambda value: json.dumps(value).encode()) | st.binary()


def try_card(content: bytes) -> None:
    """A card that is taken can be written again."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, CARD).write_bytes(content)
        json.dumps(read_card(Path(folder)).as_dict())


@cache
def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("a.wav", "noisy/b.flac", "clean/b.flac", "metadata.csv", "../c.wav", "d.txt"):
            archive.writestr(name, bytes(300))
    return file.getvalue()


def zips() -> st.SearchStrategy[bytes]:
    """A good zip with bytes changed, cut or added; zips of any names; bytes."""
    characters = st.characters(codec="utf-8", exclude_characters="\0")
    texts = st.lists(st.text(characters, min_size=1, max_size=30), unique=True, max_size=8)
    return damaged(st.just(_zip())) | texts.map(_zip_of)


def _zip_of(names: list[str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(f"{name}.wav", b"sound")
    return file.getvalue()


def try_zip(content: bytes) -> None:
    """Nothing is unpacked outside the folder, and no more than the limits allow."""
    with tempfile.TemporaryDirectory() as name:
        outside, folder = Path(name), Path(name, "in", "folder")
        Path(name, "a.zip").write_bytes(content)
        unpacked = unzip(Path(name, "a.zip"), folder, LIMITS)
        files = {path.resolve() for path in outside.rglob("*") if path.is_file()}
        inside = {path.resolve() for path in folder.rglob("*") if path.is_file()}
        assert files - inside == {Path(name, "a.zip").resolve()}
        assert {path.resolve() for path in unpacked.files.values()} <= inside
        assert sum(path.stat().st_size for path in inside) <= LIMITS.bytes


@cache
def _sound(form: str) -> bytes:
    file, (kind, subtype) = io.BytesIO(), FORMATS[form]
    samples = 0.1 * np.random.default_rng(0).standard_normal((800, 2))
    soundfile.write(file, samples, 16_000, format=kind, subtype=subtype)
    return file.getvalue()


def containers() -> st.SearchStrategy[tuple[str, bytes]]:
    """A good file of each format with bytes changed, cut or added, under any format's suffix."""
    forms = st.sampled_from(sorted(FORMATS))
    return st.tuples(forms, damaged(forms.map(_sound)))


def try_container(file: tuple[str, bytes]) -> None:
    """A sound that is taken is finite, and as long as is said."""
    suffix, content = file
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"a.{suffix}")
        path.write_bytes(content)
        audio, info = decode(path, max_seconds=60)
        assert np.isfinite(audio.samples).all() and audio.frames > 0
        assert audio.rate == info.rate and audio.samples.shape[0] == info.channels


def manifests() -> st.SearchStrategy[bytes]:
    """Lines of the right keys with any values, or bytes."""
    keys = st.sampled_from(["target", "source", "recipe", "status", "results", "path", "state"])
    results = st.dictionaries(st.text(max_size=4), st.dictionaries(keys, values, max_size=3))
    line = st.fixed_dictionaries(
        {"target": st.just("a.wav"), "recipe": st.just("r"), "status": st.just("done")},
        optional={"source": values, "results": results | values},
    )
    return st.lists(line | values).map(_lines) | st.binary()


def _lines(lines: list[Any]) -> bytes:
    return "\n".join(map(json.dumps, lines)).encode()


def try_manifest(content: bytes) -> None:
    """A manifest costs at most what it lists: a run goes on, and finds what it then notes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / NAME).write_bytes(content)
        (folder / "a.wav").write_bytes(b"sound")
        assert not Manifest(folder, "r").find(folder / "a.wav", folder / "a.wav")
        mark = Mark.of(folder / "a.wav")
        Manifest(folder, "r").done(folder / "a.wav", mark, {"restored": mark})
        if content.endswith(b"\n") or not content:
            assert Manifest(folder, "r").find(folder / "a.wav", folder / "a.wav")


def damaged(good: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Bytes of which a few are changed, and the end is cut or something added."""
    changes = st.lists(st.tuples(st.integers(0, 1 << 12), st.integers(0, 255)), max_size=8)
    return st.tuples(good, changes, st.integers(0, 1 << 12), st.binary(max_size=64)).map(_damage)


def _damage(parts: tuple[bytes, list[tuple[int, int]], int, bytes]) -> bytes:
    content, changes, cut, tail = bytearray(parts[0]), *parts[1:]
    for place, value in changes:
        content[place % len(content)] = value
    return bytes(content[: len(content) - cut] if cut < len(content) // 2 else content) + tail


TARGETS: dict[str, tuple[Callable[[], st.SearchStrategy[Any]], Callable[[Any], None]]] = {
    "recipes": (recipes, try_recipe),
    "cards": (cards, try_card),
    "zips": (zips, try_zip),
    "containers": (containers, try_container),
    "manifests": (manifests, try_manifest),
}


def fuzz(target: str, seconds: float) -> tuple[int, int]:
    """Tries one target for so long; the numbers of examples that were taken and refused.

    Raises:
        Exception: what a target has raised, with the smallest example that raises it.
    """
    make, attempt = TARGETS[target]
    counts = [0, 0]
    until, round_ = time.monotonic() + seconds, 0

    def one(value: Any) -> None:
        try:
            attempt(value)
        except ValueError:
            counts[1] += 1
        else:
            counts[0] += 1

    phases = (Phase.generate, Phase.shrink)
    rules = settings(
        max_examples=EXAMPLES, deadline=None, database=None, phases=phases,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    while time.monotonic() < until:
        seed(round_)(rules(given(make())(one)))()
        round_ += 1
    return counts[0], counts[1]


def main() -> None:
    every = ", ".join(TARGETS)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"some of {every}")
    parser.add_argument("--minutes", type=float, default=2.0, help="for each target")
    options = parser.parse_args()
    if unknown := set(options.targets) - set(TARGETS):
        parser.error(f"got {', '.join(sorted(unknown))}, expected some of {every}")
    print("| target | minutes | taken | refused | other errors |")
    print("|---|---|---|---|---|", flush=True)
    for target in options.targets or TARGETS:
        n_taken, n_refused = fuzz(target, 60 * options.minutes)
        print(f"| {target} | {options.minutes:g} | {n_taken} | {n_refused} | 0 |", flush=True)


if __name__ == "__main__":
    main()
