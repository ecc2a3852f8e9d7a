"""What `torch.save` writes, read without PyTorch's own reader.

That reader, even with `weights_only`, allocates whatever a pickle asks for. Here a pickle can only
describe plain values and tensors, and each tensor is checked against the bytes that are stored.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from torch import Tensor

LARGEST_DIRECTORY = 1 << 20  # bytes of the zip's list of entries
LARGEST_PICKLE = 1 << 18  # bytes; a state dict takes about 120 for each tensor
DTYPES = {  # PyTorch's storages: the dtype, and bytes of a number
    "DoubleStorage": ("float64", 8),
    "FloatStorage": ("float32", 4),
    "HalfStorage": ("float16", 2),
    "BFloat16Storage": ("bfloat16", 2),
    "LongStorage": ("int64", 8),
    "IntStorage": ("int32", 4),
    "ShortStorage": ("int16", 2),
    "CharStorage": ("int8", 1),
    "ByteStorage": ("uint8", 1),
    "BoolStorage": ("bool", 1),
}
OPCODES = frozenset(
    "PROTO FRAME STOP MARK NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 BINFLOAT BINUNICODE "
    "SHORT_BINUNICODE EMPTY_DICT EMPTY_LIST EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 APPEND APPENDS "
    "SETITEM SETITEMS GLOBAL STACK_GLOBAL BINPERSID REDUCE BUILD BINPUT LONG_BINPUT MEMOIZE BINGET "
    "LONG_BINGET".split()
)


@dataclass(frozen=True)
class StoredTensor:
    """A tensor in a file.

    Args:
        dtype: of its numbers, as torch names it.
        shape: its axes.
        read: reads it; an error of any kind where the file is damaged.
    """

    dtype: str
    shape: tuple[int, ...]
    read: Callable[[], Tensor]


@dataclass(frozen=True)
class _Storage:
    """The zip's entry of a tensor's numbers, and how many there are."""

    path: Path
    record: str
    dtype: str
    count: int

    def read(self, shape: tuple[int, ...], stride: tuple[int, ...], offset: int) -> Tensor:
        """The tensor that lies so in the storage."""
        import torch

        with zipfile.ZipFile(self.path) as archive:
            numbers = bytearray(archive.read(self.record))
        flat = torch.frombuffer(numbers, dtype=getattr(torch, self.dtype))
        return flat.as_strided(shape, stride, offset)


def read(path: Path) -> Any:
    """The object that was saved, with a `StoredTensor` in place of each tensor.

    Raises:
        Exception: of any kind, where the file is damaged or holds more than plain values.
    """
    with path.open("rb") as file:
        _check_directory(file)
    with zipfile.ZipFile(path) as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist()}
        for info in archive.infolist():
            if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
                raise ValueError("its parts are compressed, which torch.save never does")
        pickles = [n for n in sizes if n.endswith("/data.pkl") and n.count("/") == 1]
        if len(pickles) != 1:
            raise ValueError(f"{len(pickles)} entries called data.pkl, expected one")
        name, folder = pickles[0], pickles[0].removesuffix("data.pkl")
        if sizes[name] > LARGEST_PICKLE:
            raise ValueError(f"{sizes[name]} bytes beside the numbers, at most {LARGEST_PICKLE}")
        order = f"{folder}byteorder"
        if order in sizes and archive.read(order) != b"little":
            raise ValueError("its bytes are in the order of another kind of machine")
        data = archive.read(name)
    _check_opcodes(data)
    return _Unpickler(io.BytesIO(data), path, f"{folder}data/", sizes).load()


def _check_directory(file: BinaryIO) -> None:
    """Refuses a zip whose list of entries would fill the memory (PKWARE's APPNOTE, 4.3.14 to 16).

    Raises:
        ValueError: no zip, or too many entries.
    """
    if file.read(4) != b"PK\3\4":
        raise ValueError("not written by torch.save of PyTorch 1.6 or later")
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - (1 << 16) - 100))
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0:
        raise ValueError("it ends too early")
    (directory,) = struct.unpack_from("<L", tail, at + 12)
    if at >= 76 and tail[at - 20 : at - 16] == b"PK\6\7":
        (directory,) = struct.unpack_from("<Q", tail, at - 76 + 40)
    if directory > LARGEST_DIRECTORY:
        raise ValueError(f"a list of entries of {directory} bytes, at most {LARGEST_DIRECTORY}")


def _check_opcodes(data: bytes) -> None:
    """Refuses a pickle with instructions that no state dict needs."""
    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name not in OPCODES:
            raise ValueError(f"it holds more than plain values ({opcode.name})")
        if opcode.name == "LONG_BINPUT" and not 0 <= (argument or 0) <= len(data):
            raise ValueError("its pickle is damaged")


class _Dict(dict[Any, Any]):
    """An OrderedDict; the attributes that PyTorch gives it are ignored."""

    def __setstate__(self, state: object) -> None:
        pass


class _Unpickler(pickle.Unpickler):
    """Knows dicts, tensors and parameters; every other name is refused."""

    def __init__(self, file: BinaryIO, path: Path, folder: str, sizes: dict[str, int]) -> None:
        super().__init__(file)
        self.path, self.folder, self.sizes = path, folder, sizes
        self.known = {
            "collections.OrderedDict": _Dict,
            "torch._utils._rebuild_tensor_v2": lambda *arguments: _stored(*arguments),
            "torch._utils._rebuild_parameter": lambda data, *_: data,
            **{f"torch.{name}": name for name in DTYPES},
        }

    def find_class(self, module: str, name: str) -> Any:
        if f"{module}.{name}" not in self.known:
            raise ValueError(f"it holds more than plain values ({module[:40]}.{name[:40]})")
        return self.known[f"{module}.{name}"]

    def persistent_load(self, pid: Any) -> _Storage:
        _, storage, key, *_ = pid
        (dtype, item_bytes), record = DTYPES[storage], f"{self.folder}{key}"
        return _Storage(self.path, record, dtype, self.sizes[record] // item_bytes)


def _stored(
    storage: _Storage, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], *_: object
) -> StoredTensor:
    """A tensor of a storage.

    Raises:
        ValueError: it reaches beyond the storage, or has more numbers than it.
    """
    whole = all(type(n) is int and n >= 0 for n in (offset, *shape, *stride))
    if not isinstance(storage, _Storage) or not whole or len(shape) != len(stride):
        raise ValueError("a tensor in it is damaged")
    last = offset + sum((n - 1) * step for n, step in zip(shape, stride, strict=True))
    if 0 not in shape and (last >= storage.count or math.prod(shape) > storage.count):
        raise ValueError(f"a tensor of shape {shape[:8]} in it is larger than what is stored")
    return StoredTensor(storage.dtype, shape, partial(storage.read, shape, stride, offset))
