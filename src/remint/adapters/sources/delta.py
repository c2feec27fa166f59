"""Delta tables: a version of the log, its files in the order in which they were added."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pyarrow as pa

from remint.adapters.sources.columns import Columns
from remint.adapters.sources.writing import WriteSegment, write_rows
from remint.core.origin import DELTA, Wanted
from remint.errors import Invalid, NotFound, RemintError, SourceGone, Unavailable
from remint.ports.sources import OnRows, Taken

if TYPE_CHECKING:
    from deltalake import DeltaTable
    from pyarrow.dataset import FileSystemDataset, ParquetFileFragment


class DeltaSource:
    """A Delta table (see ports.sources.Source).

    Args:
        wanted: the table: a folder, or a URL whose credentials come from the environment.
        write: writes Parquet.

    Raises:
        Invalid: deltalake is not installed.
    """

    def __init__(self, wanted: Wanted, write: WriteSegment) -> None:
        place = wanted.address.place
        self._place = place if "://" in place else str(Path(place).absolute())
        self._snapshot = wanted.address.snapshot
        self._write = write
        try:
            import deltalake  # noqa: F401 - only whether it is there
        except ImportError as error:
            raise Invalid(
                f"{self.name} cannot be read",
                why="deltalake is not installed",
                next_step="install it: pip install 'remint[delta]'",
            ) from error

    @property
    def name(self) -> str:
        """The address; of a folder with its full path."""
        return f"{DELTA}:{self._place}"

    def take(self, folder: Path, on_rows: OnRows | None) -> Taken:
        """Write the rows to Parquet files."""
        table = self._table()
        held = self._dataset(table)
        columns = Columns(held.schema)
        files = write_rows(columns.schema, self._batches(table, held, columns), folder, self._write, on_rows)
        return Taken(files, str(table.version()), str(table.metadata().id))

    def gap(self, table_id: str) -> str:
        """Return why the version cannot be read any more; empty if it can."""
        from pyarrow.fs import FileType

        try:
            table = self._table()
        except SourceGone as error:
            return error.why
        if table_id and str(table.metadata().id) != table_id:
            return "another table is in its place"
        held = self._dataset(table)
        found = held.filesystem.get_file_info([one.path for one in held.get_fragments()])
        gone = [one.path for one in found if one.type == FileType.NotFound]
        return f"{len(gone)} of its {len(found)} files are gone, {gone[0]} for one" if gone else ""

    def _table(self) -> "DeltaTable":
        """Return the table at the version that is wanted."""
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        try:
            return DeltaTable(self._place, version=int(self._snapshot) if self._snapshot else None)
        except DeltaError as error:
            raise self._refusal(error) from error
        except OSError as error:
            why = _first_line(error)
            raise Unavailable(f"{self.name} did not answer", why=why, next_step="check the address, and try again") from error

    def _refusal(self, error: Exception) -> RemintError:
        from deltalake.exceptions import TableNotFoundError

        why = _first_line(error)
        if self._snapshot:
            return _gone(self.name, self._snapshot, why)
        if isinstance(error, TableNotFoundError):
            return NotFound(f"{self.name} was not read", why=why, next_step="check the path")
        return Invalid(f"{self.name} cannot be read", why=why, next_step="check the table with what writes it")

    def _dataset(self, table: "DeltaTable") -> "FileSystemDataset":
        from deltalake.exceptions import DeltaError

        try:
            return table.to_pyarrow_dataset()
        except DeltaError as error:
            why = _first_line(error)
            next_step = "write the table without these features, or read it by a database that knows them"
            raise Invalid(f"{self.name} cannot be read", why=why, next_step=next_step) from error

    def _batches(self, table: "DeltaTable", held: "FileSystemDataset", columns: Columns) -> Iterator[pa.RecordBatch]:
        try:
            for fragment in _in_order(table, held):
                for batch in fragment.to_batches(schema=held.schema):
                    yield columns(batch)
        except FileNotFoundError as error:
            raise _gone(self.name, str(table.version()), f"a file of it is gone: {_first_line(error)}") from error
        except (OSError, pa.ArrowException) as error:
            why = _first_line(error)
            raise Unavailable(f"{self.name} did not answer", why=why, next_step="check its files, and try again") from error


def _in_order(table: "DeltaTable", held: "FileSystemDataset") -> "list[ParquetFileFragment]":
    """Return the files of a version as the log dates them, then by name: a later version with more files ends with these."""
    added: dict[str, int] = {}
    for one in pa.table(table.get_add_actions(flatten=True)).select(["path", "modification_time"]).to_pylist():
        added[one["path"]] = added[unquote(one["path"])] = _as_ms(one["modification_time"])
    return sorted(held.get_fragments(), key=lambda one: (added.get(one.path, added.get(unquote(one.path), 0)), one.path))


def _as_ms(moment: Any) -> int:  # noqa: ANN401 - a number, or a time in some versions of the library
    return int(moment) if isinstance(moment, int) else int(moment.timestamp() * 1000)


def _gone(name: str, snapshot: str, why: str) -> SourceGone:
    return SourceGone(
        f"{name} has no version {snapshot} any more",
        why=why,
        next_step="restore it there, or add what is there now as the next version",
        source=name,
        snapshot=snapshot,
    )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].strip()[:300]
