"""Any database with an ADBC driver: one statement, read as Arrow, and rolled back."""

import importlib
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

import pyarrow as pa

from remint.adapters.sources.columns import Columns
from remint.adapters.sources.writing import WriteSegment, write_rows
from remint.core.origin import Wanted
from remint.errors import Denied, Invalid, NotFound, RemintError, Unavailable
from remint.ports.sources import OnRows, Taken

_MODULE: Final = re.compile(r"adbc_driver_[a-z0-9_]+")
_SAID: Final = re.compile(r"(?:ERROR|FATAL):\s*(.+)")


class AdbcSource:
    """Rows of a database (see ports.sources.Source).

    Args:
        wanted: which rows; the address names the driver and its options.
        write: writes Parquet.

    Raises:
        Invalid: ADBC is not installed.
    """

    extra = "adbc"

    def __init__(self, wanted: Wanted, write: WriteSegment) -> None:
        self.wanted = wanted
        self._write = write
        self._require("adbc_driver_manager.dbapi")

    @property
    def name(self) -> str:
        """The address without credentials."""
        return self.wanted.address.public

    def take(self, folder: Path, on_rows: OnRows | None) -> Taken:
        """Write the rows to Parquet files."""
        import adbc_driver_manager

        connection = self._connect()
        with closing(connection), closing(connection.cursor()) as cursor:
            try:
                with self._refusing():
                    self._begin(cursor)
                    decimals = self._decimals(cursor)
                    cursor.execute(self.wanted.sql)
                    reader = cursor.fetch_record_batch()
                columns = self._columns(reader.schema, decimals)
                return Taken(write_rows(columns.schema, self._batches(reader, columns), folder, self._write, on_rows))
            finally:
                with suppress(adbc_driver_manager.Error):  # of a broken connection; closing it ends the transaction as well
                    connection.rollback()

    def gap(self, table_id: str) -> str:  # noqa: ARG002 - the port's
        """Say that a database keeps no earlier versions."""
        return "a database keeps no earlier versions of a table"

    def _columns(self, schema: pa.Schema, decimals: dict[str, tuple[int, int]]) -> Columns:
        if not schema.names:
            raise Invalid(
                f"{self.name} was not read",
                why="the statement gives no columns",
                next_step="give one SELECT; nothing was changed",
            )
        return Columns(schema, decimals=decimals, refused=self._refused(schema))

    def _batches(self, reader: pa.RecordBatchReader, columns: Columns) -> Iterator[pa.RecordBatch]:
        while True:
            with self._refusing():
                batch = next(reader, None)
            if batch is None:
                return
            yield columns(self._checked(batch))

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        """Say what the database answers in our words."""
        import adbc_driver_manager

        try:
            yield
        except (adbc_driver_manager.Error, pa.ArrowException, OSError) as error:
            raise self._refusal(error) from error

    # ---- what databases differ in

    def _connect(self) -> Any:  # noqa: ANN401 - of a driver
        import adbc_driver_manager
        from adbc_driver_manager import dbapi

        driver, _, query = self.wanted.address.place.partition("?")
        path = self._require(driver)._driver_path() if _MODULE.fullmatch(driver) else driver  # noqa: SLF001 - what drivers offer
        try:
            return dbapi.connect(path, db_kwargs=dict(parse_qsl(query, keep_blank_values=True)))
        except adbc_driver_manager.Error as error:
            if not Path(path).is_file():
                raise Invalid(
                    f"{self.name} cannot be read",
                    why=f"there is no driver {driver[:80]}",
                    next_step="name a Python module such as adbc_driver_sqlite, which must be installed, or a shared library",
                ) from error
            raise self._unreached(error) from error

    def _begin(self, cursor: Any) -> None:  # noqa: ANN401 - of a driver
        """Begin what is rolled back in the end; a cursor of a driver with transactions has begun."""

    def _decimals(self, cursor: Any) -> dict[str, tuple[int, int]]:  # noqa: ANN401, ARG002 - of a driver
        """Return precision and scale of columns that come as text."""
        return {}

    def _refused(self, schema: pa.Schema) -> dict[str, str]:  # noqa: ARG002 - for others
        """Return why columns cannot be kept, by name."""
        return {}

    def _checked(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return rows in which no value is another than it was in the database."""
        return batch

    # ---- errors

    def _require(self, module: str) -> Any:  # noqa: ANN401 - a module
        try:
            return importlib.import_module(module)
        except ImportError as error:
            package = module.partition(".")[0].replace("_", "-")
            raise Invalid(
                f"{self.name} cannot be read",
                why=f"{package} is not installed",
                next_step=f"install it: pip install 'remint[{self.extra}]'"
                + ("" if package == "adbc-driver-manager" or self.extra != "adbc" else f" {package}"),
            ) from error

    def _said(self, error: BaseException) -> str:
        text = self.wanted.address.clean(str(error))
        found = _SAID.search(text)
        return (found[1] if found else text.splitlines()[0])[:300]

    def _unreached(self, error: BaseException) -> RemintError:
        if _status(error) in {"INVALID_ARGUMENT", "NOT_IMPLEMENTED"}:
            return Invalid(f"{self.name} cannot be read", why=self._said(error), next_step="see the options of the driver")
        if _status(error).startswith("UNAUTH"):
            return Denied(f"{self.name} does not let us in", why=self._said(error), next_step="check the credentials")
        return Unavailable(f"{self.name} did not answer", why=self._said(error), next_step="check the address, and try again")

    def _refusal(self, error: BaseException) -> RemintError:
        """Return our error for one of a statement."""
        why = self._said(error)
        if _status(error) == "NOT_FOUND" or "no such table" in why:
            return NotFound(f"{self.name} was not read", why=why, next_step="check the name of the table or the query")
        if _status(error).startswith("UNAUTH"):
            return Denied(f"{self.name} was not read", why=why, next_step="ask who may read it")
        return Invalid(f"{self.name} was not read", why=why, next_step="check the query; nothing was changed")


def _status(error: BaseException) -> str:
    """Return the name of ADBC's status of an error; empty if it has none."""
    return str(getattr(getattr(error, "status_code", None), "name", ""))
