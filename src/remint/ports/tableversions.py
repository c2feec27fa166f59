"""Making the next version of a table of the files of the version before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from remint.core.digest import Digest

Files: TypeAlias = Sequence[int | Path]
"""The files of a version: a number means a file of the version before, a path a new one."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A new version of a table, and what became of its rows.

    Attributes:
        files: of the new version.
        added: rows that are new.
        changed: rows that are there as before, with other values.
        removed: rows that are gone.
        idle: given rows that changed nothing: they were as they are, or nothing had their key.
    """

    files: Files
    added: int = 0
    changed: int = 0
    removed: int = 0
    idle: int = 0


@dataclass(frozen=True, slots=True)
class Conflicts:
    """Values that two changes of one table do not agree about.

    Attributes:
        count: how many there are.
        first: the first of them: `key`, `column`, and the values `base`, `ours`, `theirs`; a side without the row has none.
    """

    count: int
    first: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class RowDifference:
    """How two tables differ.

    Attributes:
        key: the columns that rows were told apart by; none if rows were aligned.
        rows: how many rows the two have.
        added_columns: names and types of columns that only the second has.
        removed_columns: of columns that only the first has.
        retyped_columns: of columns with another type: name, the type before, the type after.
        added: how many rows only the second has.
        removed: how many only the first has.
        changed: how many are in both with other values.
        values: for each column that both have, how many of its values changed.
        examples: some of the rows added and removed, and of the values changed: `key` or `row`, `column`, `old`, `new`.
    """

    key: Sequence[str]
    rows: tuple[int, int]
    added_columns: Sequence[tuple[str, str]]
    removed_columns: Sequence[tuple[str, str]]
    retyped_columns: Sequence[tuple[str, str, str]]
    added: int
    removed: int
    changed: int
    values: Mapping[str, int]
    examples: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


class Growing(Protocol):
    """A table that rows are appended to: its block digests, and the rows of its last short block. Immutable."""

    @property
    def rows(self) -> int:
        """How many rows it has."""
        ...

    @property
    def digest(self) -> Digest:
        """Its digest."""
        ...

    @property
    def blocks(self) -> bytes:
        """The digests of its blocks, joined."""
        ...

    def with_rows(self, files: Sequence[Path]) -> "Growing":
        """Return the table with the rows of files after it; only the last block and the new rows are hashed.

        Raises:
            Invalid: the files have other columns; the message names them.
            Corrupt: a file cannot be read.
        """
        ...


class TableVersions(Protocol):
    """Versions of tables in Parquet files.

    Every method that writes does so in `folder`, which is empty and the caller's to remove; it syncs nothing, and may be called
    again in another folder after any failure. A file of the version before is never altered.
    """

    def rows_of(
        self, paths: Sequence[Path], folder: Path, *, like: Sequence[Mapping[str, str]] | None = None
    ) -> Sequence[Path]:
        """Return Parquet files with the rows of files, one for each: Parquet as it is, anything else as a new file.

        Args:
            paths: the files of one table; what they are, is told by their suffixes: .parquet, .arrow, .feather, .csv, .csv.gz,
                .jsonl.
            folder: for new files.
            like: the columns to read text as; inferred over all of the files if None.

        Raises:
            Invalid: a file cannot be read, a value does not fit, or the columns differ; the message names rows or columns.
        """
        ...

    def following(self, old: Sequence[Path], new: Sequence[Path], folder: Path) -> Changed | None:
        """Return the table `new` as a version after `old`; None where it is better stored whole.

        The result is a proposal until its digest is that of `new`. Both have the same columns.
        """
        ...

    def upserted(self, old: Sequence[Path], rows: Sequence[Path], key: Sequence[str], folder: Path) -> Changed:
        """Return a version in which each given row stands in the place of the row with its key, or after the last one.

        Raises:
            Invalid: the columns differ; a key is null, or there twice; or a key column is not there or not plain. The message
                names the columns or rows.
        """
        ...

    def deleted(self, old: Sequence[Path], rows: Sequence[Path], key: Sequence[str], folder: Path) -> Changed:
        """Return a version without the rows that have the key of a given row; of these only the key is looked at.

        Raises:
            Invalid: as `upserted`.
        """
        ...

    def merged(
        self, base: Sequence[Path], ours: Sequence[Path], theirs: Sequence[Path], key: Sequence[str], folder: Path
    ) -> Changed | Conflicts:
        """Return `ours` with what `theirs` changed since `base`; or the conflicts.

        A conflict is a value that both changed, and each value that one changed of a row that the other removed.

        Raises:
            Invalid: as `upserted`.
        """
        ...

    def compacted(self, old: Sequence[Path], folder: Path) -> Files:
        """Return the files of the same rows without edits, small neighbours joined."""
        ...

    def joined(self, files: Sequence[Path], path: Path) -> None:
        """Write one segment with the rows of these files, in order, to `path`."""
        ...

    def growing(self, last: Sequence[Path], blocks: Sequence[bytes], *, rows: int, digest: Digest) -> Growing:
        """Return a table as one that rows are appended to.

        Args:
            last: files at its end that hold the last block's rows at least; segments with their edits.
            blocks: the digests of its blocks.
            rows: how many it has.
            digest: of the table; proven to be made of `blocks`.

        Raises:
            Corrupt: the last rows do not have the digest of the last block.
        """
        ...

    def difference(self, left: Sequence[Path], right: Sequence[Path], key: Sequence[str]) -> RowDifference:
        """Return how two tables differ, row by row: by a key, or aligned if none is given.

        Raises:
            Invalid: as `upserted`, for either table.
        """
        ...
