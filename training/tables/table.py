"""Tables of measurements beside a paper's, as text, JSON and one HTML page."""

from __future__ import annotations

import base64
import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TEMPLATE = Path(__file__).parent / "templates" / "report.html"


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes:
        label: what was measured.
        values: a figure for each column; None where there is none, or none that is finite.
        source: "here", or "paper" or "article" for what was copied from it.
        remark: in words, where there is no figure.
    """

    label: str
    values: tuple[float | None, ...]
    source: str = "here"
    remark: str = ""

    def __post_init__(self) -> None:
        finite = tuple(
            float(v) if v is not None and math.isfinite(v) else None for v in self.values
        )
        object.__setattr__(self, "values", finite)


@dataclass(frozen=True)
class Table:
    """Rows under named columns."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    digits: int = 2

    def cells(self) -> list[list[str]]:
        """The rows as text: label, source, figures, and remarks where there are any."""
        rows = [[row.label, row.source, *map(self._figure, row.values)] for row in self.rows]
        remarks = [[row.remark] if self._has_remarks() else [] for row in self.rows]
        return [[*cells, *remark] for cells, remark in zip(rows, remarks, strict=True)]

    def heads(self) -> list[str]:
        """The columns' names."""
        return ["", "source", *self.columns, *(["remark"] if self._has_remarks() else [])]

    def _has_remarks(self) -> bool:
        return any(row.remark for row in self.rows)

    def text(self) -> str:
        """The table in Markdown."""
        lines = [self.heads(), ["---"] * len(self.heads()), *self.cells()]
        rows = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return f"**{self.title}**\n\n{rows}\n"

    def _figure(self, value: float | None) -> str:
        return "" if value is None else f"{value:.{self.digits}f}"


@dataclass(frozen=True)
class Report:
    """What one paper says, what was measured here, and what differs.

    Attributes:
        title: of the paper.
        tables: beside the paper's figures.
        differs: sentences: data, steps, machine, definitions.
        figures: PNG files.
    """

    title: str
    tables: tuple[Table, ...]
    differs: tuple[str, ...]
    figures: tuple[Path, ...] = ()

    def text(self) -> str:
        """Everything but the figures, in Markdown."""
        tables = "\n".join(table.text() for table in self.tables)
        return "\n".join([f"# {self.title}\n", tables, *(f"- {line}" for line in self.differs)])

    def as_dict(self) -> dict[str, Any]:
        """For JSON; figures by their path."""
        document = dataclasses.asdict(self)
        return {**document, "figures": [str(path) for path in self.figures]}

    def html(self) -> str:
        """One page with its figures inside."""
        from jinja2 import Environment, StrictUndefined

        pictures = [base64.b64encode(path.read_bytes()).decode() for path in self.figures]
        environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
        template = environment.from_string(TEMPLATE.read_text("utf-8"))
        return template.render(report=self, pictures=pictures)
