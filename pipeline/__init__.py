"""Restores recordings: `from pipeline import load, diagnose, restore, save`.

The names below are imported when they are first used; docs/PYTHON.md shows each at work.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.audio.decode import decode, load
    from pipeline.audio.encode import save
    from pipeline.audio.sound import Audio
    from pipeline.damages import degrade
    from pipeline.diagnosis.diagnose import diagnose
    from pipeline.evaluation.compare import compare
    from pipeline.restoration import restore, restore_file
    from pipeline.stems import separate, separate_file

__all__ = [
    "Audio",
    "compare",
    "decode",
    "degrade",
    "diagnose",
    "load",
    "restore",
    "restore_file",
    "save",
    "separate",
    "separate_file",
]

_MODULES = {
    "Audio": "pipeline.audio.sound",
    "compare": "pipeline.evaluation.compare",
    "decode": "pipeline.audio.decode",
    "degrade": "pipeline.damages",
    "diagnose": "pipeline.diagnosis.diagnose",
    "load": "pipeline.audio.decode",
    "restore": "pipeline.restoration",
    "restore_file": "pipeline.restoration",
    "save": "pipeline.audio.encode",
    "separate": "pipeline.stems",
    "separate_file": "pipeline.stems",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
