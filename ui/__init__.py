"""The page: everything that knows Gradio, and the only package that may import it.

It keeps Gradio from writing type stubs while it is imported: for every component class, ours
included, Gradio parses the source twice and writes a .pyi file beside it. That is help for editors,
takes a third of the import, and leaves files in our folders.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType

MODULE, WRITER = "gradio.component_meta", "create_or_modify_pyi"


class _Loader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        _silence(module)


class _Finder:
    """Finds one module, as Python would, and loads it without its writer of stubs."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name == MODULE else None
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(name, spec.origin)
        return spec


def omit_stubs() -> None:
    """From now on Gradio writes no stubs, whether it is imported yet or not."""
    if MODULE in sys.modules:
        _silence(sys.modules[MODULE])
    elif _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)


def _silence(module: ModuleType) -> None:
    if hasattr(module, WRITER):
        setattr(module, WRITER, lambda *_: None)


omit_stubs()
