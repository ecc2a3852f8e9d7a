"""Style sheets and scripts: no rule for a class that nothing on the page has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ASSETS = ROOT / "assets"
SHEETS = sorted((ASSETS / "css").glob("*.css"))
SOURCES = [*(ROOT / "ui").rglob("*.py"), *(ASSETS / "js").glob("*.js")]
PAGE = [path.read_text("utf-8") for path in SOURCES]
for templates in (ROOT / "ui").glob("*/templates"):  # with the modules that fill them
    parts = [*templates.rglob("*.html"), *templates.parent.rglob("*.py")]
    PAGE.append("\n".join(path.read_text("utf-8") for path in parts))
OWN = re.compile(r"[.#](wm[cfp]?-[a-z-]+)")


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_each_rule_is_for_something_on_the_page(sheet: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", sheet.read_text("utf-8"), flags=re.DOTALL)
    names = set(OWN.findall(text))
    assert sorted(name for name in names if not _occurs(name)) == []


def _occurs(name: str) -> bool:
    """Whether a file has a class or id, whole or as a prefix and, in quotes, the rest of it."""
    prefix, _, word = name.rpartition("-")
    parts = re.compile(rf"{prefix}-[$]?{{"), re.compile(rf"[\"'`]{word}[\"'`]")
    return any(name in text or all(part.search(text) for part in parts) for text in PAGE)
