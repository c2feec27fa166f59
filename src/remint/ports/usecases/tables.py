"""Use cases of tables: versions made by changing rows."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from remint.core.artifact import Artifact
from remint.core.ref import RefName
from remint.ports.tableversions import Conflicts, RowDifference
from remint.ports.usecases.context import Context


@dataclass(frozen=True, slots=True)
class TableChange:
    """What came of changing a table.

    Attributes:
        ref: what points at it.
        artifact: the version there is now.
        moved: whether the ref points elsewhere now.
        added: rows that came, counted by key for an upsert.
        changed: rows whose values changed.
        removed: rows that went.
        idle: given rows that changed nothing.
        stored_bytes: size of the parts that the version before did not have.
    """

    ref: RefName
    artifact: Artifact
    moved: bool
    added: int
    changed: int
    removed: int
    idle: int
    stored_bytes: int


class Appender(Protocol):
    """Appends to one table again and again, holding its last block between the calls. For one thread."""

    def append(self, files: Sequence[Path]) -> TableChange:
        """As `TableVersions.append`; what somebody else appended meanwhile is read again."""
        ...


class TableVersions(Protocol):
    """Changing the rows of the table that a ref points at.

    Each call that changes rows makes one version: it is durable when the call returns, the ref moves only from the version the
    call has read, and an entry says what was done. Killed at any point, the ref is where it was or where it goes. Files are
    Parquet, Arrow IPC, CSV or JSON lines, and stay. Text is read as the types of the table.

    Raises, all of them:
        RefNotFound: the ref points at nothing.
        Invalid: it does not point at a table, the rows do not fit it, or a key is no key; the message names columns or rows.
        Denied: the ref is protected.
        RefMoved: somebody moved it meanwhile; nothing was done.
    """

    def add(self, context: Context, name: str, files: Sequence[Path]) -> TableChange:
        """Point a ref, which may be new, at the table in some files; where one is there already, only what differs is stored.

        Types of text are inferred over all files.
        """
        ...

    def append(self, context: Context, name: str, files: Sequence[Path]) -> TableChange:
        """Put the rows of files after the last row. If others append meanwhile, theirs come first, and none is lost."""
        ...

    def appender(self, context: Context, name: str) -> Appender:
        """Return what appends to one table many times at the lowest cost."""
        ...

    def upsert(self, context: Context, name: str, files: Sequence[Path], *, key: Sequence[str]) -> TableChange:
        """Put each row of files in the place of the row with its key, or after the last one."""
        ...

    def delete(self, context: Context, name: str, files: Sequence[Path], *, key: Sequence[str]) -> TableChange:
        """Remove the rows that have the key of a row in files, of which other columns are not looked at."""
        ...

    def merge(
        self, context: Context, name: str, versions: tuple[str, str, str], *, key: Sequence[str]
    ) -> TableChange | Conflicts:
        """Point a ref at the merge of two tables that were changed apart, if they agree.

        A value that one of them changed is taken; rows that one added come after the last of ours; rows that one removed go.

        Args:
            context: who acts, and where.
            name: the ref to move; it may be new.
            versions: base, ours and theirs, as refs with or without a version, or digests.
            key: the columns that rows are told apart by.
        """
        ...

    def compact(self, context: Context, name: str) -> TableChange:
        """Store the table a ref points at without edits and small segments; it stays the same artifact."""
        ...

    def difference(self, left: Artifact, right: Artifact, *, key: Sequence[str] = ()) -> RowDifference:
        """Return how two tables differ, row by row: by a key, or aligned if none is given."""
        ...

    def rows(self, files: Sequence[Path]) -> AbstractContextManager[Sequence[Path]]:
        """Give Parquet files with the rows of files in any form; they are gone afterwards."""
        ...
