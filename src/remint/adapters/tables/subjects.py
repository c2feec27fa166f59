"""Rows of a subject in Parquet files (see ports.erasures.SubjectRows).

Arrow loads when the first file is read, so that commands which read none start without it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path


class ParquetSubjects:
    """Finds the rows of a subject, and writes segments without them."""

    def held(self, path: Path, wanted: Mapping[str, object]) -> int:
        """Return how many such rows one file holds."""
        from remint.adapters.tables.erasing import rows_held

        return rows_held(path, wanted)

    def count(self, paths: Sequence[Path], wanted: Mapping[str, object]) -> int:
        """Return how many such rows a table has."""
        from remint.adapters.tables.erasing import rows_of_subject

        return rows_of_subject(paths, wanted)

    def without(self, paths: Sequence[Path], wanted: Mapping[str, object], path: Path) -> int:
        """Write the other rows of a table to one new segment."""
        from remint.adapters.tables.erasing import write_without

        return write_without(paths, wanted, path)
