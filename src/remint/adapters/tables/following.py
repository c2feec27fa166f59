"""Versions of tables in Parquet files (see ports.tableversions.TableVersions).

Arrow loads when the first table is read, so that commands which read none start without it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from remint.core.digest import Digest
from remint.ports.tableversions import Changed, Conflicts, Files, Growing, RowDifference


class ParquetVersions:
    """Makes the next version of tables in Parquet files."""

    def rows_of(
        self, paths: Sequence[Path], folder: Path, *, like: Sequence[Mapping[str, str]] | None = None
    ) -> Sequence[Path]:
        """Return Parquet files with the rows of files."""
        from remint.adapters.tables.sources import segments_of

        return segments_of(paths, folder, like=like)

    def following(self, old: Sequence[Path], new: Sequence[Path], folder: Path) -> Changed | None:
        """Return the table `new` as a version after `old`, or None."""
        from remint.adapters.tables.parquet import Segments
        from remint.adapters.tables.versions import changed

        return changed(Segments(old), Segments(new), folder)

    def upserted(self, old: Sequence[Path], rows: Sequence[Path], key: Sequence[str], folder: Path) -> Changed:
        """Return a version with each given row in the place of the row with its key, or after the last one."""
        from remint.adapters.tables.keyed import upserted
        from remint.adapters.tables.parquet import Segments

        return upserted(Segments(old), Segments(rows), key, folder)

    def deleted(self, old: Sequence[Path], rows: Sequence[Path], key: Sequence[str], folder: Path) -> Changed:
        """Return a version without the rows that have the key of a given row."""
        from remint.adapters.tables.keyed import deleted
        from remint.adapters.tables.parquet import Segments

        return deleted(Segments(old), Segments(rows), key, folder)

    def merged(
        self, base: Sequence[Path], ours: Sequence[Path], theirs: Sequence[Path], key: Sequence[str], folder: Path
    ) -> Changed | Conflicts:
        """Return `ours` with what `theirs` changed since `base`, or the conflicts."""
        from remint.adapters.tables.merging import merged
        from remint.adapters.tables.parquet import Segments

        return merged((Segments(base), Segments(ours), Segments(theirs)), key, folder)

    def compacted(self, old: Sequence[Path], folder: Path) -> Files:
        """Return the files of the same rows without edits, small neighbours joined."""
        from remint.adapters.tables.parquet import Segments
        from remint.adapters.tables.versions import compacted

        return compacted(Segments(old), folder)

    def joined(self, files: Sequence[Path], path: Path) -> None:
        """Write one segment with the rows of these files."""
        from remint.adapters.tables.parquet import Segments, write_segment

        write_segment(Segments(files).stream(), path)

    def growing(self, last: Sequence[Path], blocks: Sequence[bytes], *, rows: int, digest: Digest) -> Growing:
        """Return a table as one that rows are appended to."""
        from remint.adapters.tables.growing import growing_table

        return growing_table(last, blocks, rows=rows, digest=digest)

    def difference(self, left: Sequence[Path], right: Sequence[Path], key: Sequence[str]) -> RowDifference:
        """Return how two tables differ, row by row."""
        from remint.adapters.tables.parquet import Segments
        from remint.adapters.tables.rowdifference import row_difference

        return row_difference(Segments(left), Segments(right), key)
