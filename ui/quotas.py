"""How much each visitor may use: a network address a few times as much as one page of it.

Pages are cheap to open, so a limit for each page alone would be none; and many people share the
address of an office or a school, so a limit for each address alone would lock them out.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass

DAY_S = 24 * 3600.0
PAGES_PER_ADDRESS = 3
"""How many times the share of one page an address may use."""


@dataclass(frozen=True)
class Visitor:
    """Who asks for something.

    Attributes:
        address: the network address; empty where it is not known.
        page: tells the pages of one address apart; a program chooses it freely.
    """

    address: str = ""
    page: str = ""

    def shares(self) -> list[tuple[tuple[str, ...], int]]:
        """What counts for this visitor, and how many times one page's share that may use."""
        if not self.address:
            return []
        return [((self.address,), PAGES_PER_ADDRESS), ((self.address, self.page), 1)]


class Ledger:
    """Amounts that were used in the last day, by name.

    Args:
        window_s: seconds for which an amount counts.
    """

    def __init__(self, window_s: float = DAY_S) -> None:
        self._window_s = window_s
        self._entries: dict[tuple[str, ...], deque[tuple[float, float]]] = {}
        self._lock = threading.Lock()

    def used(self, name: tuple[str, ...]) -> float:
        """What was used under a name."""
        with self._lock:
            self._forget()
            return sum(amount for _, amount in self._entries.get(name, ()))

    def add(self, name: tuple[str, ...], amount: float) -> None:
        """Notes that an amount was used under a name."""
        with self._lock:
            self._entries.setdefault(name, deque()).append((time.monotonic(), amount))

    def _forget(self) -> None:
        old_s = time.monotonic() - self._window_s
        for name, entries in list(self._entries.items()):
            while entries and entries[0][0] < old_s:
                entries.popleft()
            if not entries:
                del self._entries[name]


class Allowance:
    """The jobs of a day, and the time that they take.

    Args:
        jobs, seconds: of one page; None is no limit.
    """

    def __init__(self, jobs: int | None = None, seconds: float | None = None) -> None:
        self._jobs, self._seconds = jobs, seconds
        self._begun, self._spent = Ledger(), Ledger()

    def refusal(self, visitor: Visitor) -> str:
        """Why a visitor may not begin another job; empty where they may."""
        for name, times in visitor.shares():
            if self._jobs is not None and self._begun.used(name) >= (jobs := times * self._jobs):
                return f"You have begun {jobs} jobs in a day, the limit here. Try again tomorrow."
            if self._seconds is not None and self._spent.used(name) >= times * self._seconds:
                minutes = f"{times * self._seconds / 60:.0f} minutes"
                return f"Your jobs took {minutes} in a day, the limit here. Try again tomorrow."
        return ""

    def begin(self, visitor: Visitor) -> None:
        """Counts a job."""
        for name, _ in visitor.shares():
            self._begun.add(name, 1)

    def spend(self, visitor: Visitor, seconds: float) -> None:
        """Counts the time that a job took."""
        for name, _ in visitor.shares():
            self._spent.add(name, seconds)
