"""Weights files from a user: their contents, with tensors that are read on demand.

Every file may be hostile: no code in it is run, no tensor may be larger than what the file stores,
and none is read before its shape has been checked.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.user_weights import torch_zip
from models.user_weights.torch_zip import StoredTensor

if TYPE_CHECKING:
    from torch import Tensor

LARGEST = 1 << 28  # bytes of a file
LARGEST_HEADER = 1 << 18  # bytes of the names and shapes in a .safetensors file
DTYPES = {"F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64"}


def open_weights(path: Path) -> dict[Any, Any]:
    """What a .safetensors, .pt or .pth file holds.

    Returns:
        names to `StoredTensor`, or whatever plain values the file wraps them in; a "config" in the
        metadata of a .safetensors file is put beside them.

    Raises:
        ValueError: no such file, another kind, too large, damaged, or more than plain weights.
    """
    readers = {".safetensors": _safetensors, ".pt": torch_zip.read, ".pth": torch_zip.read}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise ValueError(f"{path.name}: expected a .safetensors, .pt or .pth file")
    if not path.is_file() or not os.access(path, os.R_OK):
        raise ValueError(f"{path.name}: expected a file that can be read")
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path.name}: larger than {LARGEST >> 20} MiB")
    with _refusing(
        f"{path.name}: not a file of plain weights, which alone are read (no code is); save the "
        "state dict alone, best as .safetensors"
    ):
        content = reader(path)
    if not isinstance(content, dict):
        raise ValueError(f"{path.name}: got {type(content).__name__}, expected names to tensors")
    return content


def read_all(state: Mapping[str, StoredTensor]) -> dict[str, Tensor]:
    """The tensors of a state dict as float32.

    Raises:
        ValueError: one cannot be read, or holds no floating-point numbers.
    """
    tensors = {}
    for name, stored in state.items():
        if stored.dtype not in DTYPES.values():
            known = ", ".join(DTYPES.values())
            raise ValueError(f"weights: {name} is of {stored.dtype}, expected one of {known}")
        with _refusing(f"weights: {name} cannot be read"):
            tensors[name] = stored.read().float().contiguous()
    return tensors


@contextmanager
def _refusing(message: str) -> Iterator[None]:
    """Turns every error into a ValueError of one line, for a hostile file may cause any."""
    try:
        yield
    except Exception as error:
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise ValueError(f"{message} ({why})") from None


def _safetensors(path: Path) -> dict[str, Any]:
    from safetensors import safe_open

    with path.open("rb") as file:
        header = int.from_bytes(file.read(8), "little")
    if header > LARGEST_HEADER:
        raise ValueError(f"a header of {header} bytes, expected at most {LARGEST_HEADER}")
    with safe_open(path, "pt") as opened:
        state = {name: _stored(path, name, opened.get_slice(name)) for name in opened.keys()}  # noqa: SIM118
        config = (opened.metadata() or {}).get("config")
    return {"model": state, "config": json.loads(config)} if config else state


def _stored(path: Path, name: str, entry: Any) -> StoredTensor:
    dtype = entry.get_dtype()
    read = partial(_read_safetensor, path, name)
    return StoredTensor(DTYPES.get(dtype, dtype), tuple(entry.get_shape()), read)


def _read_safetensor(path: Path, name: str) -> Tensor:
    from safetensors import safe_open

    with safe_open(path, "pt") as opened:
        return opened.get_tensor(name)
