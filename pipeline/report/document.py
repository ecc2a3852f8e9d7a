"""HTML pages that stand alone: everything is inside, nothing is fetched, no other script runs."""

from __future__ import annotations

import base64
import hashlib
import time
from pathlib import Path
from typing import Any

from markupsafe import Markup

from pipeline.audio.sound import AudioError
from pipeline.files import write_atomically
from pipeline.output import make_folder
from pipeline.version import VERSION

TEMPLATES = Path(__file__).parent / "templates"
ASSETS = Path(__file__).resolve().parents[2] / "assets"
STYLE, SCRIPT = ASSETS / "css" / "report.css", ASSETS / "js" / "report.js"


def write(path: Path, template: str, **values: Any) -> Path:
    """Fills a template and writes the page, whole or not at all.

    The page's policy allows its own script and style by their hashes, data inside it, and nothing
    else: a text that became HTML by mistake could neither run nor call home.

    Args:
        path: its folder is made where it is missing.
        template: of this folder's `templates`.
        values: what it shows; text is escaped, `Markup` is not.

    Raises:
        AudioError: it cannot be written.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    style, script = (one.read_text("utf-8") for one in (STYLE, SCRIPT))
    page = environment.get_template(template).render(
        style=Markup(style), script=Markup(script), policy=policy(style, script),
        version=VERSION, date=time.strftime("%Y-%m-%d %H:%M"), **values,
    )  # fmt: skip
    make_folder(path.parent)
    try:
        with write_atomically(path) as temporary:
            temporary.write_text(page, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise AudioError(f"{path}: cannot be written ({error})") from error
    return path


def policy(style: str, script: str) -> str:
    """The Content-Security-Policy of a page with this style sheet and this script inside."""
    return (
        f"default-src 'none'; img-src data:; media-src data:; style-src {_hash(style)}; "
        f"script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    """The source expression of an inline element. Source: W3C CSP Level 3, section 2.3.1."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def data_uri(content: bytes, kind: str) -> str:
    """Bytes as an address that holds them; `kind` is their media type."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
