"""Where tables came from, in the catalog (see ports.catalog)."""

from collections.abc import Iterable
from typing import Protocol

from remint.core.digest import Digest
from remint.core.origin import Check, Origin

PAGE = 1000


class Origins(Protocol):
    """Origins of tables, and what their sources answered later; insert-only."""

    def add(self, origin: Origin) -> int | None:
        """Record an origin, whatever its number says, and return the number it gets.

        None, and nothing is written, if the newest origin of that artifact and ref tells the same.
        """
        ...

    def of(self, artifact: Digest, *, limit: int = PAGE) -> list[Origin]:
        """Return the origins of an artifact, newest first."""
        ...

    def newest(self, *, limit: int = PAGE) -> list[Origin]:
        """Return origins, newest first."""
        ...

    def check(self, check: Check) -> None:
        """Record what a source answered."""
        ...

    def last_checks(self, numbers: Iterable[int]) -> dict[int, Check]:
        """Return the last answer for each of some origins that has one."""
        ...
