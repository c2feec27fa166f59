"""Erasures: the records of what was removed of one person, and the rows themselves."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from remint.core.digest import Digest
from remint.core.erasure import Erased, Erasure


class Erasures(Protocol):
    """Erasures, what went with them, and when it was gone from the disk; insert-only. The contract is that of ports.catalog."""

    def next_number(self) -> int:
        """Return the number that the next erasure gets."""
        ...

    def add(self, erasure: Erasure, successors: Mapping[Digest, Digest | None]) -> None:
        """Record an erasure under the next number.

        From then on nothing may be recorded or pointed at, that a successor stands for.

        Args:
            erasure: its certificate is recorded; its number is the next one.
            successors: what went, each with what stands for it, or None.

        Raises:
            Conflict: the number is taken.
        """
        ...

    def get(self, number: int) -> Erasure:
        """Return one erasure.

        Raises:
            NotFound: there is none of that number.
        """
        ...

    def all(self, *, limit: int = 1000) -> list[Erasure]:
        """Return the erasures, newest first."""
        ...

    def of(self, artifact: Digest) -> Erased | None:
        """Return what became of one artifact; None if it stands.

        What was given up stands again once a run made it, or a ref was pointed at it, after the erasure.
        """
        ...

    def source_of(self, successor: Digest) -> str:
        """Return, in words, which erasure made a table; empty if none did."""
        ...

    def in_force(self) -> dict[Digest, Erased]:
        """Return every artifact that does not stand, as `of` tells it."""
        ...

    def removed(self, numbers: Sequence[int], *, at_us: int) -> None:
        """Record that what went with some erasures is gone from the disk. Idempotent."""
        ...

    def unremoved(self) -> list[int]:
        """Return the erasures of which bytes may still be on the disk, oldest first."""
        ...


class SubjectRows(Protocol):
    """The rows of a subject in Parquet files. A row is one of them if a column has its value.

    `wanted` names columns of the files, each with a value of the column's type. Nothing is cached; may be called again.
    """

    def held(self, path: Path, wanted: Mapping[str, object]) -> int:
        """Return how many such rows one file holds, whether it is a segment or an edit.

        Raises:
            Corrupt: the file cannot be read.
        """
        ...

    def count(self, paths: Sequence[Path], wanted: Mapping[str, object]) -> int:
        """Return how many such rows a table has, its edits applied. Errors as `held`."""
        ...

    def without(self, paths: Sequence[Path], wanted: Mapping[str, object], path: Path) -> int:
        """Write the other rows of a table to one new segment; return how many there are.

        The same rows make the same bytes. After a failure half way the file is the caller's to remove. Errors as `held`.
        """
        ...
