"""Sources: places outside the project that tables are read from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from remint.core.origin import Wanted

OnRows: TypeAlias = Callable[[int], None]
"""Called with how many rows have been read so far."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Rows that were read from a source.

    Attributes:
        files: Parquet files with them, in order; at least one, which may have no rows.
        snapshot: the source's own id of what was read; empty if it has none.
        table_id: the source's own id of the table; empty if it has none.
    """

    files: Sequence[Path]
    snapshot: str = ""
    table_id: str = ""


class Source(Protocol):
    """A table or a query outside the project. Nothing is ever written to it.

    Raises, every method:
        Unavailable: it did not answer.
        Denied: it does not let us.
        NotFound: it does not exist.
        Invalid: what it needs is not installed, or it does not understand what is asked.
    """

    @property
    def name(self) -> str:
        """Its address as it is recorded: without credentials and without a snapshot."""
        ...

    def take(self, folder: Path, on_rows: OnRows | None) -> Taken:
        """Write its rows to Parquet files in a folder of the caller, in one consistent read.

        A source that keeps earlier versions gives equal rows in equal order for one snapshot, every time. May be called again
        in another folder after any failure.

        Raises:
            SourceGone: the snapshot of its address is not there any more.
            Invalid: a column has a type that is not kept; the message names it and says how to cast it.
        """
        ...

    def gap(self, table_id: str) -> str:
        """Return why the snapshot of its address cannot be read any more, in words; empty if it can. No row is read.

        Args:
            table_id: the id of the table that the snapshot was of.
        """
        ...


Opened: TypeAlias = Callable[[Wanted], Source]
"""Opens a source; nothing is asked of it yet. Raises Invalid if it is not known, or what it needs is not installed."""
