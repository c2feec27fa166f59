"""Postgres: one statement in one REPEATABLE READ, READ ONLY transaction."""

from typing import Any, Final

import pyarrow as pa

from remint.adapters.sources.adbc import AdbcSource
from remint.adapters.sources.columns import refuse_times_before
from remint.adapters.sources.writing import WriteSegment
from remint.core.origin import Wanted
from remint.errors import Denied, Invalid, NotFound, RemintError, Unavailable

WAIT_S: Final = 15
FIRST_YEAR: Final = -4713
"""Postgres knows no earlier one; what infinite times and those that do not fit come as lies before it."""

_REFUSED: Final = {
    "money": "money is counted in units that depend on the server's settings",
    "oid": "an oid does not fit the integers it comes as",
    "regclass": "a reference inside the database means nothing outside it",
    "void": "it has no values",
}
_CUT_SHORT: Final = ("terminating connection", "server closed the connection", "could not receive data", "canceling statement")
_TYPMODS: Final = """
    SELECT attname::text, ((atttypmod - 4) >> 16) & 65535, (((atttypmod - 4) & 2047) # 1024) - 1024
    FROM pg_attribute
    WHERE attrelid = $1::text::regclass AND atttypid = 'numeric'::regtype AND attnum > 0 AND NOT attisdropped AND atttypmod >= 4
"""


class PostgresSource(AdbcSource):
    """Rows of Postgres (see ports.sources.Source).

    Args:
        wanted: which rows; the address is a URI of libpq.
        write: writes Parquet.

    Raises:
        Invalid: the driver is not installed.
    """

    extra = "postgres"

    def __init__(self, wanted: Wanted, write: WriteSegment) -> None:
        super().__init__(wanted, write)
        self._require("adbc_driver_postgresql.dbapi")

    def _connect(self) -> Any:  # noqa: ANN401 - of a driver
        import adbc_driver_manager

        uri = self.wanted.address.place
        if "connect_timeout" not in uri:
            uri += f"{'&' if '?' in uri else '?'}connect_timeout={WAIT_S}"
        try:
            return self._require("adbc_driver_postgresql.dbapi").connect(uri)
        except adbc_driver_manager.Error as error:
            raise self._unreached(error) from error

    def _begin(self, cursor: Any) -> None:  # noqa: ANN401 - of a driver
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

    def _decimals(self, cursor: Any) -> dict[str, tuple[int, int]]:  # noqa: ANN401 - of a driver
        """Return precision and scale of the numeric columns of a table; those of a query are not known."""
        if not self.wanted.table:
            return {}
        cursor.execute(_TYPMODS, (".".join('"' + word.replace('"', '""') + '"' for word in self.wanted.table.split(".")),))
        return {name: (precision, scale) for name, precision, scale in cursor.fetchall()}

    def _refused(self, schema: pa.Schema) -> dict[str, str]:
        found = {}
        for field in schema:
            said = (field.metadata or {}).get(b"POSTGRESQL:type", b"").decode()
            if said in _REFUSED:
                found[field.name] = _REFUSED[said]
            elif pa.types.is_nested(field.type):
                found[field.name] = "arrays and rows lose their bounds and names on the way"
        return found

    def _checked(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        refuse_times_before(batch, FIRST_YEAR)
        return batch

    def _unreached(self, error: BaseException) -> RemintError:
        why = self._said(error)
        if any(word in why for word in ("authentication failed", "no password supplied", "pg_hba")):
            next_step = "give the password in PGPASSWORD or ~/.pgpass; Remint records none"
            return Denied(f"{self.name} does not let us in", why=why, next_step=next_step)
        if "does not exist" in why:
            return NotFound(f"{self.name} was not read", why=why, next_step="check the address")
        if "connection info string" in why or "invalid" in why:
            return Invalid(f"{self.name} cannot be read", why=why, next_step="write postgresql://USER@HOST:PORT/DATABASE")
        return Unavailable(f"{self.name} did not answer", why=why, next_step="check the address and the server, and try again")

    def _refusal(self, error: BaseException) -> RemintError:
        why, state = self._said(error), str(getattr(error, "sqlstate", None) or "")
        if state == "25006" or "read-only transaction" in why:
            why = f"rows are read in a transaction that may not write: {why}"
            return Invalid(f"{self.name} was not read", why=why, next_step="give one SELECT; nothing was changed")
        if state == "42501":
            return Denied(f"{self.name} was not read", why=why, next_step="ask the owner of the table")
        if state[:2] in {"08", "40", "53", "57"} or any(words in why for words in _CUT_SHORT):
            return Unavailable(f"{self.name} did not answer", why=why, next_step="try again")
        if state in {"42P01", "3F000"}:
            return NotFound(f"{self.name} was not read", why=why, next_step="check the name of the table; case counts")
        return super()._refusal(error)
