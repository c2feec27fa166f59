"""Use cases of sources: tables from databases and lakes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from remint.core.digest import Digest
from remint.core.origin import Check, Origin, Wanted
from remint.ports.sources import OnRows
from remint.ports.usecases.context import Context
from remint.ports.usecases.tables import TableChange


@dataclass(frozen=True, slots=True)
class Sourced:
    """Where a table came from, and what its source answered last.

    Attributes:
        check: None if it was never asked.
        held: whether all bytes of the table are in the store.
    """

    origin: Origin
    check: Check | None
    held: bool


class Sources(Protocol):
    """Adding tables from outside the project, and asking whether what is pinned is still there."""

    def wanted(self, text: str, *, query: str = "", table: str = "", order_by: Sequence[str] = ()) -> Wanted:
        """Return what rows are meant; a name of the settings stands for what they say of it.

        Raises:
            Invalid: the text is no address, the settings have no such name, or nothing says which rows.
        """
        ...

    def add(
        self, context: Context, name: str, wanted: Wanted, *, pin: bool = False, on_rows: OnRows | None = None
    ) -> TableChange:
        """Point a ref at the rows of a source, and record where they came from.

        The rows are read once, consistently. They are stored as the next version of the ref, of which only what differs is
        stored. With `pin` nothing is stored but the digest of the table and the source's own id of the version: the rows are
        read from there again when they are needed. Rows that make the table the ref points at move nothing. Killed at any
        point, the ref is where it was or where it goes.

        Args:
            context: who acts, and where.
            name: of the ref.
            wanted: which rows.
            pin: let the source keep the rows; only for one that keeps earlier versions.
            on_rows: called now and then.

        Raises:
            Invalid: the source cannot be pinned, or as ports.sources.Source.take.
            Unavailable, Denied, NotFound: as the source.
            Denied: the ref is protected.
            RefMoved: somebody moved the ref meanwhile.
        """
        ...

    def newest(self, *, limit: int = 100) -> Sequence[Sourced]:
        """Return where tables came from, newest first."""
        ...

    def of(self, digest: Digest) -> Sequence[Sourced]:
        """Return where an artifact came from, newest first."""
        ...

    def check(self, context: Context, names: Sequence[str]) -> Sequence[Sourced]:
        """Ask each pinned source whether it still keeps what was pinned, and record the answers.

        Args:
            context: who asks.
            names: refs with or without a version, digests, or names of sources in the settings; none for everything pinned.

        Raises:
            Invalid: something named is not pinned.
            Unavailable: a source did not answer; the answers before it are recorded.
        """
        ...
