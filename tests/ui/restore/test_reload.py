"""Tickets: unguessable, valid once, gone with their session."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from pipeline import recipe
from ui.restore.events import Desk
from ui.restore.reload import Tickets, move, resume
from ui.session import Session


def test_a_ticket_is_long_random_and_valid_once(tmp_path: Path) -> None:
    tickets, session = Tickets(), Session.open(tmp_path)
    issued = {tickets.issue(session) for _ in range(50)}
    assert len(issued) == 50 and all(len(ticket) >= 43 for ticket in issued)
    ticket = issued.pop()
    assert tickets.redeem(ticket) is session
    assert tickets.redeem(ticket) is None


@pytest.mark.parametrize("wrong", ["", None, 7, ["a"], {"a": 1}, "x" * 43])
def test_a_wrong_ticket_opens_nothing(tmp_path: Path, wrong: object) -> None:
    tickets, session = Tickets(), Session.open(tmp_path)
    tickets.issue(session)
    assert tickets.redeem(wrong) is None


def test_a_ticket_ends_with_its_session(tmp_path: Path) -> None:
    tickets, closed, dropped = Tickets(), Session.open(tmp_path), Session.open(tmp_path)
    first, second = tickets.issue(closed), tickets.issue(dropped)
    closed.close()
    del dropped
    gc.collect()
    assert tickets.redeem(first) is None and tickets.redeem(second) is None


def test_the_new_page_takes_everything_and_closing_the_old_one_removes_nothing(
    tmp_path: Path,
) -> None:
    previous, session = Session.open(tmp_path), Session.open(tmp_path)
    (previous.folder / "result.wav").write_text("sound")
    previous.source, previous.results, previous.shown = "recording", {"whole": 1}, "whole"
    move(previous, session)
    assert (session.source, session.results, session.shown) == ("recording", {"whole": 1}, "whole")
    assert (previous.source, previous.results, previous.shown) == (None, {}, "")
    previous.close()
    assert (session.folder / "result.wav").is_file()
    session.close()
    assert not session.folder.exists()


def test_networks_that_were_made_since_are_on_every_new_page(tmp_path: Path) -> None:
    new = {"enhance": [["Mine", "mine"]]}
    desk = Desk(recipe.stage_classes(), None)  # type: ignore[arg-type]
    tickets, session = Tickets(), Session.open(tmp_path)
    assert "chain" not in resume(desk, tickets, dict, session, "")
    chain = resume(desk, tickets, lambda: new, session, "")["chain"]
    assert chain["own"] == new and any(card["on"] for card in chain["cards"])
