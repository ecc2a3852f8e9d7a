"""Style sheets and scripts: no rule for a class that nothing on the page has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.lint_assets import ASSETS, bundles, join

ROOT = ASSETS.parent
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


def test_a_line_of_joined_scripts_is_found_again() -> None:
    for paths in bundles().values():
        text, origins = join(paths)
        assert len(text.splitlines()) == len(origins)
        for line, origin in list(zip(text.splitlines(), origins, strict=True))[::17]:
            name, number = origin.split(":")
            assert (ROOT / name).read_text("utf-8").splitlines()[int(number) - 1] == line
