"""Copies of all records in another database."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from remint.core.entry import Frontier
from remint.ports.catalog import Catalog

Progress = Callable[[int, int], None]
"""Called with records copied so far and to be copied."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied.

    Attributes:
        records: how many of each kind.
        frontier: of the audit log they were copied with.
    """

    records: Mapping[str, int]
    frontier: Frontier


class CatalogCopy(Protocol):
    """A copy of the project's catalog at another place. There it is whole or not at all.

    Attributes:
        where: the place, without secrets.
        setting: what the setting `catalog` must be for the copy to be used.
    """

    where: str
    setting: str

    def require_empty(self) -> None:
        """Refuse a place with records; nothing is made there.

        Raises:
            Conflict: it has records, or its schema is newer than this version knows.
            Unavailable: it does not answer; and the other errors of opening a catalog.
        """
        ...

    def counts(self) -> Mapping[str, int]:
        """Return how many records of each kind there are to be copied."""
        ...

    def make(self, *, on_progress: Progress | None = None) -> Copied:
        """Copy every record in one transaction, while nobody writes, and return what was copied.

        It may be called again after a failure, which leaves the place without records.

        Raises:
            Conflict: the place has records.
            Corrupt: what is there is not what was read; it is taken back.
            Unavailable: one of the two databases does not answer.
        """
        ...

    def opened(self) -> AbstractContextManager[Catalog]:
        """Open the copy."""
        ...
