"""Iceberg tables: a snapshot, its files in the order in which they were added."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from remint.adapters.sources.columns import Columns
from remint.adapters.sources.writing import WriteSegment, write_rows
from remint.core.origin import Wanted
from remint.errors import Denied, Invalid, NotFound, RemintError, SourceGone, Unavailable
from remint.ports.sources import OnRows, Taken

if TYPE_CHECKING:
    from pyiceberg.table import FileScanTask, Table
    from pyiceberg.table.snapshots import Snapshot


class IcebergSource:
    """An Iceberg table (see ports.sources.Source).

    Args:
        wanted: the table, as CATALOG.NAMESPACE.TABLE.
        write: writes Parquet.
        catalogs: properties of each catalog.

    Raises:
        Invalid: pyiceberg is not installed, or the settings name no such catalog.
    """

    def __init__(self, wanted: Wanted, write: WriteSegment, catalogs: Mapping[str, Mapping[str, str]]) -> None:
        self.name = wanted.address.public
        self._catalog, _, self._table_name = wanted.address.place.partition(".")
        self._snapshot = wanted.address.snapshot
        self._write = write
        if self._catalog not in catalogs:
            raise Invalid(
                f"{self.name} cannot be read",
                why=f"the settings name these catalogs: {', '.join(sorted(catalogs)) or 'none'}",
                next_step=f"write [data_sources.iceberg.{self._catalog}] with its properties into remint.toml",
            )
        self._properties = catalogs[self._catalog]
        try:
            import pyiceberg  # noqa: F401 - only whether it is there
        except ImportError as error:
            raise Invalid(
                f"{self.name} cannot be read",
                why="pyiceberg is not installed",
                next_step="install it: pip install 'remint[iceberg]'",
            ) from error

    def take(self, folder: Path, on_rows: OnRows | None) -> Taken:
        """Write the rows to Parquet files."""
        from pyiceberg.io.pyarrow import schema_to_pyarrow

        table = self._table()
        snapshot = self._snapshot_of(table)
        schema = table.scan(snapshot_id=snapshot.snapshot_id).projection()
        columns = Columns(schema_to_pyarrow(schema, include_field_ids=False))
        files = write_rows(columns.schema, self._batches(table, snapshot, columns), folder, self._write, on_rows)
        return Taken(files, str(snapshot.snapshot_id), str(table.metadata.table_uuid))

    def gap(self, table_id: str) -> str:
        """Return why the snapshot cannot be read any more; empty if it can."""
        try:
            table = self._table()
            snapshot = self._snapshot_of(table)
            if table_id and str(table.metadata.table_uuid) != table_id:
                return "another table is in its place"
            places = [task.file.file_path for task in _in_order(table, snapshot)]
        except NotFound as error:
            return error.why
        except FileNotFoundError as error:
            return f"a list of its files is gone: {_first_line(error)}"
        gone = [place for place in places if not table.io.new_input(place).exists()]
        return f"{len(gone)} of its {len(places)} files are gone, {gone[0]} for one" if gone else ""

    def _table(self) -> "Table":
        from pyiceberg.catalog import load_catalog
        from pyiceberg.exceptions import (
            ForbiddenError,
            NoSuchNamespaceError,
            NoSuchTableError,
            UnauthorizedError,
        )
        from sqlalchemy.exc import SQLAlchemyError

        try:
            return load_catalog(self._catalog, **self._properties).load_table(self._table_name)
        except (NoSuchTableError, NoSuchNamespaceError) as error:
            raise NotFound(f"{self.name} was not read", why=_first_line(error), next_step="check the name") from error
        except (UnauthorizedError, ForbiddenError) as error:
            why = _first_line(error)
            raise Denied(
                f"{self.name} does not let us in", why=why, next_step="give credentials as PyIceberg reads them"
            ) from error
        except (OSError, SQLAlchemyError) as error:
            why = _first_line(error)
            raise Unavailable(f"{self.name} did not answer", why=why, next_step="check the catalog, and try again") from error
        except (ValueError, ImportError) as error:
            why, next_step = _first_line(error), f"mend [data_sources.iceberg.{self._catalog}] in remint.toml"
            raise Invalid(f"{self.name} cannot be read", why=why, next_step=next_step) from error

    def _snapshot_of(self, table: "Table") -> "Snapshot":
        found = table.snapshot_by_id(int(self._snapshot)) if self._snapshot else table.current_snapshot()
        if found is None and self._snapshot:
            raise self._gone("its metadata do not list that snapshot: it expired, or never was")
        if found is None:
            raise NotFound(
                f"{self.name} was not read", why="nothing was ever written to it", next_step="add it when it has rows"
            )
        return found

    def _batches(self, table: "Table", snapshot: "Snapshot", columns: Columns) -> Iterator[pa.RecordBatch]:
        from pyiceberg.expressions import AlwaysTrue
        from pyiceberg.io.pyarrow import ArrowScan

        schema = table.scan(snapshot_id=snapshot.snapshot_id).projection()
        try:
            for task in _in_order(table, snapshot):
                for batch in ArrowScan(table.metadata, table.io, schema, AlwaysTrue()).to_record_batches([task]):
                    yield columns(batch)
        except FileNotFoundError as error:
            raise self._gone(f"a file of it is gone: {_first_line(error)}") from error
        except (OSError, pa.ArrowException) as error:
            why = _first_line(error)
            raise Unavailable(f"{self.name} did not answer", why=why, next_step="check its files, and try again") from error
        except ValueError as error:
            next_step = "rewrite the table without what it names"
            raise Invalid(f"{self.name} cannot be read", why=_first_line(error), next_step=next_step) from error

    def _gone(self, why: str) -> RemintError:
        return SourceGone(
            f"{self.name} has no snapshot {self._snapshot} any more",
            why=why,
            next_step="restore it there, or add what is there now as the next version",
            source=self.name,
            snapshot=self._snapshot,
        )


def _in_order(table: "Table", snapshot: "Snapshot") -> "list[FileScanTask]":
    """Return the files of a snapshot as they were added, then by name: a later one with more files ends with these."""
    added = {
        entry.data_file.file_path: entry.sequence_number or 0
        for manifest in snapshot.manifests(table.io)
        for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True)
    }
    tasks = table.scan(snapshot_id=snapshot.snapshot_id).plan_files()
    return sorted(tasks, key=lambda task: (added.get(task.file.file_path, 0), task.file.file_path))


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].strip()[:300]
