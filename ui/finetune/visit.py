"""One visitor's Fine-tune tab, and what all of its handlers share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from training.data.dataset import Dataset
from training.learn.cost import Cost
from training.runs.run import Run
from ui.finetune import runs
from ui.finetune.rules import Rules
from ui.jobs import Job
from ui.session import Host, Session

Updates = dict[str, Any]
Form = tuple[Any, ...]
"""The form's values: checkpoint, damage, kind of length, amount."""


@dataclass
class Visit:
    """One visitor's Fine-tune tab.

    Attributes:
        session: with a folder and a job of this tab's own.
        owner: the secret of this visitor's browser, by which the page finds their runs again.
        dataset, report: of the last upload, once it has been checked.
        costs: of a run here, by checkpoint.
        measuring: the job that measures the cost, by checkpoint.
        form: the form's last values.
        run: name of the run that is shown; empty for none.
        titled: name of the run whose title was put into the name's field.
        sample: file of the held-out recording in the player.
        judging: the job that reaches a verdict, and the name of its run.
        problem: why the verdict failed.
        shown: what the page was sent last, so that nothing is sent twice.
        revision: counts what was sent; the page returns the number that it shows.
    """

    session: Session
    owner: str = ""
    dataset: Dataset | None = None
    report: dict[str, Any] = field(default_factory=dict)
    costs: dict[str, Cost] = field(default_factory=dict)
    measuring: dict[str, Job] = field(default_factory=dict)
    form: Form = ()
    run: str = ""
    titled: str = ""
    sample: str = ""
    judging: tuple[str, Job] | None = None
    problem: str = ""
    shown: Updates = field(default_factory=dict)
    revision: int = 0

    def forget_data(self) -> Path | None:
        """Drops the last upload; runs have their own copy.

        Returns:
            its folder, for the caller to remove.
        """
        self.session.stop()
        folder = self.dataset.folder if self.dataset else None
        self.dataset, self.report = None, {}
        self.costs.clear()
        return folder

    def is_judging(self, run: str) -> bool:
        """Whether a job reaches the verdict of this run now."""
        return self.judging is not None and self.judging[0] == run and not self.judging[1].ended

    def changes(self, updates: Updates) -> Updates:
        """Of the updates, those that the page does not show yet."""
        new = {name: value for name, value in updates.items() if self.shown.get(name, ...) != value}
        self.shown.update(new)
        return new


@dataclass(frozen=True)
class Desk:
    """What the tab's handlers share, the same for every visitor."""

    rules: Rules
    host: Host

    def open_visit(self, session: Session | None) -> Visit:
        """A new visit of the visitor who has this session in the Restore tab."""
        return Visit(self.host.open_session(session.visitor if session else ""))

    def run_of(self, visit: Visit | None) -> Run | None:
        """The run that the visitor sees and may command."""
        if visit is None:
            return None
        known = runs.visible(visit.owner, self.rules)
        return next((run for run in known if run.name == visit.run), None)


def close_visit(visit: Visit | None) -> None:
    """`delete_callback` of the visit's `gr.State`; a run continues."""
    if visit is not None:
        visit.session.close()
