"""A seeded zoo of weights files that must be refused: damaged, oversized, or worse."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save

from models.denoisers.wavenet import WaveNet, WaveNetConfig
from models.registry import outline

CONFIG = {"channels": 4, "stacks": 1, "layers": 2, "patch": 2, "sample_rate": 16_000}
LARGER_THAN_ALLOWED = (1 << 28) + 1
Header = dict[str, Any]


def fill(folder: Path, seed: int = 0) -> list[Path]:
    """Writes the zoo into an empty folder; its files in the order in which they were written."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    good = WaveNet(WaveNetConfig(**CONFIG)).state_dict()
    contents = {
        **{f"safetensors-{name}.safetensors": data for name, data in _safetensors(good)},
        **{f"config-{n}.safetensors": _with_config(good, text) for n, text in _configs()},
        **{f"weights-{name}.pt": _saved(state) for name, state in _states(good)},
        **{f"pickle-{name}.pt": _zip(data) for name, data in _pickles()},
        **{f"zip-{name}.pth": data for name, data in _zips(good)},
        **{f"cut-{index}.pt": _cut(rng, _saved(good)) for index in range(6)},
        **{f"cut-{index}.safetensors": _cut(rng, _with_config(good, "{}")) for index in range(4)},
    }
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    return [*(folder / name for name in contents), *_odd_paths(folder)]


def _odd_paths(folder: Path) -> Iterator[Path]:
    """What is no regular file, and what is too large a one."""
    yield from (folder / "weights.ckpt", folder / "nothing.pt")
    (folder / "weights.ckpt").write_bytes(b"weights")
    (folder / "folder.pt").mkdir()
    (folder / "dangling.pt").symlink_to(folder / "nowhere.pt")
    (folder / "loop.safetensors").symlink_to(folder / "loop.safetensors")
    os.mkfifo(folder / "pipe.pth")
    with (folder / "huge.pt").open("wb") as file:
        file.truncate(LARGER_THAN_ALLOWED)
    (folder / "device.pt").symlink_to("/dev/zero")
    names = "folder.pt dangling.pt loop.safetensors pipe.pth huge.pt device.pt"
    yield from (folder / name for name in names.split())


def _saved(content: Any) -> bytes:
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


def _cut(rng: np.random.Generator, data: bytes) -> bytes:
    return data[: int(rng.integers(1, len(data) - 30))]


def _states(good: Header) -> Iterator[tuple[str, Any]]:
    """Objects that `torch.save` writes, none of which are a WaveNet's weights."""
    first, *others = good
    rest = {name: good[name] for name in others}
    zeros = {name: torch.zeros(1).expand(value.shape) for name, value in good.items()}
    wide = {"channels": 1024, "stacks": 2, "layers": 9}
    shapes = outline(WaveNet, WaveNetConfig(**wide))
    yield "expanded", {"model": zeros, "config": CONFIG}
    yield "expanded-huge", {"a": torch.zeros(1).expand(1 << 20, 1 << 10)}
    one = torch.zeros(1)
    yield "expanded-wide", {"model": {k: one.expand(s) for k, s in shapes.items()}, "config": wide}
    yield "missing", {"model": rest, "config": CONFIG}
    yield "extra", {"model": {**good, "more": torch.zeros(2)}, "config": CONFIG}
    yield "transposed", {"model": {**rest, first: good[first].mT.clone()}, "config": CONFIG}
    for name, kind in (("int64", torch.int64), ("bool", torch.bool), ("int8", torch.int8)):
        yield name, {"model": {k: v.to(kind) for k, v in good.items()}, "config": CONFIG}
    yield "complex", {"model": {**rest, first: good[first] + 1j}, "config": CONFIG}
    yield "sparse", {"model": {**rest, first: torch.eye(4).to_sparse()}, "config": CONFIG}
    for name, value in (("nan", torch.nan), ("infinite", torch.inf)):
        broken = torch.full_like(good[first], value)
        yield name, {"model": {**rest, first: broken}, "config": CONFIG}
    double = {k: v.double() for k, v in good.items()}
    double[first][0] = 1e300
    yield "overflow", {"model": double, "config": CONFIG}
    yield "list", [torch.zeros(2)]
    yield "tensor", torch.zeros(2)
    yield "number", 7
    yield "numbered", {1: torch.zeros(2), 2: torch.zeros(2)}
    yield "empty", {}
    yield "array", {"a": np.zeros(3)}
    yield "module", torch.nn.Linear(1, 1)
    knot: dict[str, Any] = {"a": torch.zeros(2)}
    knot["model"] = knot["config"] = knot
    yield "knot", knot


def _configs() -> Iterator[tuple[str, str]]:
    """Configs, as JSON, that no WaveNet has."""
    for name in CONFIG:
        for what, value in (("huge", 1 << 62), ("zero", 0), ("negative", -1)):
            yield f"{name}-{what}", json.dumps({**CONFIG, name: value})
    for what, text in (
        ("text", '"4"'), ("true", "true"), ("fraction", "4.5"), ("nan", "NaN"), ("list", "[4]"),
        ("infinite", "1e999"), ("null", "null"), ("digits", "9" * 5000),
    ):  # fmt: skip
        yield f"channels-{what}", json.dumps(CONFIG).replace(": 4", f": {text}", 1)
    yield "unknown", json.dumps({**CONFIG, "kernel": 9})
    yield "long-name", json.dumps({"n" * 100_000: 1})
    yield "a-list", "[1, 2]"
    yield "a-number", "1"
    yield "deep", "[" * 50_000 + "]" * 50_000
    yield "deep-in-name", '{"channels":' * 20_000 + "1" + "}" * 20_000
    yield "no-json", "{channels}"
    yield "large", json.dumps({"channels": 2048, "stacks": 16, "layers": 14, "patch": 256})


def _with_config(good: Header, config: str) -> bytes:
    return save(good, {"config": config})


def _safetensors(good: Header) -> Iterator[tuple[str, bytes]]:
    """Files with headers that lie."""
    entry = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    headers: dict[str, Header] = {
        "beyond": {"a": {**entry, "data_offsets": [0, 1 << 40]}},
        "negative": {"a": {**entry, "data_offsets": [8, 0]}},
        "gap": {"a": {**entry, "data_offsets": [4, 12]}},
        "overlap": {"a": entry, "b": {**entry, "data_offsets": [4, 12]}},
        "overflow": {"a": {**entry, "shape": [1 << 40, 1 << 40]}},
        "shape": {"a": {**entry, "shape": [1 << 30]}},
        "kind": {"a": {**entry, "dtype": "F1024"}},
        "field": {"a": {"dtype": "F32"}},
        "list": {"a": [1, 2]},
        "fraction": {"a": {**entry, "shape": [0.5]}},
        "metadata": {"__metadata__": {"config": 1}, "a": entry},
        "other": {"a": entry},
    }
    for name, header in headers.items():
        yield name, _headed(json.dumps(header).encode())
    text = json.dumps(entry)
    yield "duplicate", _headed(f'{{"a": {text}, "a": {text}}}'.encode())
    yield "deep", _headed(b"[" * 100_000)
    yield "no-json", _headed(b"weights")
    yield "not-text", _headed(b'{"\xff": 1}')
    yield "empty", b""
    yield "short", b"\0" * 7
    yield "long-header", struct.pack("<Q", 1 << 63) + b"{}"
    yield "large-header", struct.pack("<Q", 1 << 26) + b" " * (1 << 20)
    yield "trailing", save(good) + b"more"
    yield (
        "many",
        _headed(json.dumps({str(i): {**entry, "shape": [0]} for i in range(9999)}).encode()),
    )


def _headed(header: bytes) -> bytes:
    return struct.pack("<Q", len(header)) + header + b"\0" * 12


class Code:
    """Runs a command where its pickle is loaded."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.system, ("touch code-was-run",)


def _pickles() -> Iterator[tuple[str, bytes]]:
    """Pickles that ask for more than plain values."""
    storage = b"(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0" + b"%bX\3\0\0\0cpuK\2tQ"
    tensor = b"\x80\2}X\1\0\0\0actorch._utils\n_rebuild_tensor_v2\n(" + storage + b"%b\x89}tRs."
    yield "code", pickle.dumps({"model": Code()}, 2)
    yield "code-4", pickle.dumps({"model": Code()}, 4)
    yield "eval", b"\x80\2cbuiltins\neval\nX\4\0\0\x001+1\x85R."
    yield "storage", b"\x80\2ctorch\nFloatStorage\n\x8a\6" + b"\xff" * 5 + b"\0\x85R."
    yield "bytearray", b"\x80\5c__builtin__\nbytearray\n\x8a\6" + b"\xff" * 5 + b"\0\x85R."
    yield "bytearray8", b"\x80\5\x96" + struct.pack("<Q", 1 << 40) + b"."
    yield "memo", b"\x80\2Nr\xff\xff\xff\x7f."
    yield "text", b"\x80\2X\xff\xff\xff\x7fa."
    yield "underflow", b"\x80\2RRR."
    yield "no-end", b"\x80\2}"
    yield "deep", b"\x80\2" + b")" + b"\x85" * 200_000 + b"."
    yield "laughs", b"\x80\2}X\6\0\0\0configX\1\0\0\0aq\0" + b"h\0\x86q\0" * 60 + b"s."
    yield "attribute", b"\x80\2ctorch._utils\n_rebuild_tensor_v2\nNNN\x87b."
    yield "hash", b"\x80\2}]Ns."
    yield "rebuilt", b"\x80\2}X\1\0\0\0actorch._utils\n_rebuild_tensor_v2\n(tRs."
    yield "none", b"\x80\2}X\1\0\0\0actorch._utils\n_rebuild_tensor_v2\n(NK\0)))}tRs."
    for name, key, where in (
        ("beyond", b"0", b"K\0K\3\x85K\1\x85"),
        ("offset", b"0", b"J\xff\xff\xff\x7fK\1\x85K\1\x85"),
        ("negative-offset", b"0", b"J\xff\xff\xff\xffK\1\x85K\1\x85"),
        ("negative-stride", b"0", b"K\1K\2\x85J\xff\xff\xff\xff\x85"),
        ("stride", b"0", b"K\0K\2\x85J\xff\xff\xff\x7f\x85"),
        ("axes", b"0", b"K\0K\2\x85K\1K\1\x86"),
        ("shape", b"0", b"K\0NK\1\x85"),
        ("no-record", b"9", b"K\0K\1\x85K\1\x85"),
        ("huge-shape", b"0", b"K\0\x8a\x10" + b"\xff" * 15 + b"\0\x85K\0\x85"),
    ):
        yield name, tensor % (key, where)


def _zip(pickled: bytes, kind: int = zipfile.ZIP_STORED, **more: bytes) -> bytes:
    """A zip as `torch.save` writes it, with two floats of data."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", kind) as archive:
        entries = {"data.pkl": pickled, "data/0": b"\0" * 8, **more}
        for name, data in entries.items():
            archive.writestr(f"archive/{name}", data)
    return file.getvalue()


def _zips(good: Header) -> Iterator[tuple[str, bytes]]:
    """Zips that are none, that expand, or that hold something else."""
    empty = pickle.dumps({}, 2)
    yield "bomb", _zip(b"\x80\2" + b"N0" * (1 << 24) + b"N.", zipfile.ZIP_DEFLATED)
    yield "bomb-record", _zip(empty, zipfile.ZIP_DEFLATED, **{"data/1": b"\0" * (1 << 26)})
    yield "large-pickle", _zip(b"\x80\2" + b"N0" * (1 << 18) + b"N.")
    yield "entries", _zip(empty, **{f"data/{index}": b"" for index in range(1, 20_000)})
    yield "big-endian", _zip(empty, byteorder=b"big")
    yield "no-pickle", _zip(empty).replace(b"data.pkl", b"data.txt")
    yield "two-pickles", _two_pickles()
    data = bytearray(_saved({"model": good, "config": CONFIG}))
    data[data.rindex(b"archive/data/0") - 1] ^= 255  # where the list says that the entry lies
    yield "directory", bytes(data)
    record = bytearray(_saved({"model": good, "config": CONFIG}))
    at = record.index(good["enter.weight"].numpy().tobytes())
    record[at] ^= 255
    yield "checksum", bytes(record)
    legacy = io.BytesIO()
    torch.save(good, legacy, _use_new_zipfile_serialization=False)
    yield "legacy", legacy.getvalue()
    yield "pickle", pickle.dumps(Code())
    yield "text", b"not a zip"
    yield "start", b"PK\3\4"
    yield "end", b"PK\3\4" + b"\0" * 30 + b"PK\5\6" + b"\xff" * 18
    yield "wave", b"RIFF\0\0\0\0WAVE"


def _two_pickles() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("a", "b"):
            archive.writestr(f"{name}/data.pkl", pickle.dumps({}, 2))
    return file.getvalue()
