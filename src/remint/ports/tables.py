"""Reading what is stored of tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from remint.core.contract import Contract, Violation
from remint.core.digest import Digest


@dataclass(frozen=True, slots=True)
class TableIdentity:
    """What a table is: its logical digest, and what can be said of it at once.

    Attributes:
        rows: in all.
        schema: `[{"name": …, "type": …}, …]` in column order.
        segment_rows: rows of each segment with its edits, in order.
        is_edit: whether each file is an edit of the segment before it.
        blocks: the digests of its blocks, joined.
    """

    digest: Digest
    rows: int
    schema: Sequence[Mapping[str, str]]
    segment_rows: Sequence[int]
    is_edit: Sequence[bool]
    blocks: bytes


class Tables(Protocol):
    """Tables in Parquet files."""

    def identify(self, files: Sequence[Path]) -> TableIdentity:
        """Return the identity of the table made of the rows of `files`, in order. Reads all of it; idempotent.

        Raises:
            Invalid: the files do not have one schema, or a column's type has no canonical form.
            Corrupt: a file is not Parquet.
        """
        ...

    def rows(self, files: Sequence[Path], *, limit: int, offset: int = 0) -> list[dict[str, Any]]:
        """Return some rows as plain values, for looking at. Errors as `identify`."""
        ...

    def query(self, query: str, tables: Mapping[str, Sequence[Path]], *, limit: int) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Return column names and at most `limit` rows of a SQL query over the named tables.

        Raises:
            Invalid: the query is refused.
        """
        ...

    def columns(self, files: Sequence[Path]) -> tuple[Sequence[tuple[str, str]], Mapping[str, bool]]:
        """Return name and type tag of each column, and whether it holds nulls. Reads all of the table; errors as `identify`."""
        ...

    def violations(self, files: Sequence[Path], contract: Contract) -> tuple[int, Sequence[Violation]]:
        """Return how many rows a table has, and which rules of a contract it breaks.

        Raises:
            Invalid: a rule of the contract does not fit the table.
            Corrupt: a file cannot be read.
        """
        ...

    def differences(self, left: Sequence[Path], right: Sequence[Path]) -> Sequence[str]:
        """Return, in words, where two tables differ: columns, counts of rows, the first differing cell and how many differ."""
        ...
