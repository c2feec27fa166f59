"""Writing the rows of a source to Parquet files."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

import pyarrow as pa

from remint.ports.sources import OnRows

WriteSegment: TypeAlias = Callable[[pa.RecordBatchReader, Path], int]
"""Writes rows to a new Parquet file and returns how many."""
FILE_ROWS: Final = 1 << 20
"""So many rows a file at most; each is a segment of the table, so a table is read and stored in pieces."""


def write_rows(
    schema: pa.Schema, batches: Iterable[pa.RecordBatch], folder: Path, write: WriteSegment, on_rows: OnRows | None
) -> list[Path]:
    """Write rows to new files in a folder, and return them in order; at least one, which may have no rows.

    Errors are those of `batches` and of `write`.
    """
    waiting = _Counted(batches, on_rows)
    made: list[Path] = []
    while not made or not waiting.is_over:
        made.append(folder / f"{len(made):05}.parquet")
        write(pa.RecordBatchReader.from_batches(schema, waiting.next(FILE_ROWS)), made[-1])
    return made


class _Counted:
    """Batches that are taken some rows at a time."""

    def __init__(self, batches: Iterable[pa.RecordBatch], on_rows: OnRows | None) -> None:
        self._batches = iter(batches)
        self._on_rows = on_rows
        self._rows = 0
        self._rest: pa.RecordBatch | None = None
        self._look()

    @property
    def is_over(self) -> bool:
        return self._rest is None

    def _look(self) -> None:
        """Hold the next batch that has rows."""
        self._rest = next((batch for batch in self._batches if batch.num_rows), None)
        if self._rest is not None:
            self._rows += self._rest.num_rows
            if self._on_rows is not None:
                self._on_rows(self._rows)

    def next(self, rows: int) -> Iterator[pa.RecordBatch]:
        """Yield batches until there are so many rows, or no more."""
        while rows and self._rest is not None:
            taken = self._rest.slice(0, rows)
            rows -= taken.num_rows
            if taken.num_rows < self._rest.num_rows:
                self._rest = self._rest.slice(taken.num_rows)
            else:
                self._look()
            yield taken
