"""HTML from template files, in which every value is escaped unless it was rendered here itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup

from ui.components.glossary import explained

UI = Path(__file__).parents[1]


def _environment() -> Environment:
    folders = {folder.parent.name: FileSystemLoader(folder) for folder in UI.glob("*/templates")}
    environment = Environment(
        loader=PrefixLoader(folders),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["explained"] = explained
    return environment


_templates = _environment()


def render(template: str, /, **values: Any) -> Markup:
    """Fills a template.

    Args:
        template: folder below `ui` and file below its `templates`, such as "components/note.html".
        values: what the template shows. Text is escaped, `Markup` is not.

    Raises:
        jinja2.TemplateError: there is no such template, or it needs a value that is missing.
    """
    return Markup(_templates.get_template(template).render(**values))
