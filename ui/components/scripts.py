"""The page's own scripts: ES modules that a component imports when it is first shown."""

from __future__ import annotations

import hashlib

from ui.components.theme import ASSETS

FOLDERS = ("css", "js")
FILES = sorted(path for folder in FOLDERS for path in (ASSETS / folder).iterdir())


def _version() -> str:
    """Changes whenever a file does, so that a browser may keep what it has for ever."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in FILES)).hexdigest()[:16]


ADDRESS = f"wavemend/{_version()}"
"""Where the server hands them out, relative to the page; `ui.static_files` does it."""


def mounting(module: str, *events: str) -> str:
    """The `js_on_load` of a component whose module in assets/js exports `mount`.

    Args:
        module: the file's name.
        events: that the module triggers; Gradio looks for their names here.
    """
    triggers = "".join(f'// triggers "{name}"\n' for name in events)
    return (
        f'{triggers}import(new URL("{ADDRESS}/js/{module}", document.baseURI)).then(\n'
        "  ({ mount }) => mount({ element, props, server, trigger, watch }));"
    )
