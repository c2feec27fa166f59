"""A catalog in a schema of a Postgres database."""

import struct
from pathlib import Path
from typing import Any, Final, cast

from sqlalchemy import Column, Connection, String, create_engine, text
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.base import PGDDLCompiler, PGTypeCompiler
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError

from remint.core.database_url import WAIT_S, DatabaseUrl
from remint.core.digest import digest_bytes
from remint.core.entry import Frontier
from remint.errors import Conflict, Corrupt, Denied, Invalid, NotFound, RemintError, Unavailable

try:
    import psycopg
    from psycopg.pq import TransactionStatus
except ImportError as error:
    raise Invalid(
        "the catalog cannot be opened",
        why="the driver of Postgres is not installed",
        next_step="install it: pip install 'remint[postgres]'",
    ) from error

IDLE: Final = 5
"""How many connections a process keeps while nobody uses them; beyond that it opens one a transaction."""

_READ: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_OPEN: Final = (TransactionStatus.INTRANS, TransactionStatus.INERROR)
_LOST: Final = "server closed the connection"
_LATER: Final = "try again; nothing was written"
_LOCKED: Final = "55P03"
_INSERT_ONLY: Final = "RM001"
"""As migrations/triggers.py raises it; to import it would load Alembic."""
_READ_ONLY: Final = "25006"
_NO_TEXT: Final = "NUL (0x00)"

_REFUSED: Final[dict[str, tuple[type[RemintError], str]]] = {
    "23503": (NotFound, "record what it refers to first, in the same transaction"),
    "23505": (Conflict, "read what is recorded under that name"),
    _INSERT_ONLY: (Conflict, "add a new record instead"),
}
_KEPT_OUT: Final = {
    "28": "give the password in PGPASSWORD, in ~/.pgpass or in REMINT_CATALOG, or let the account in (pg_hba.conf)",
    "42501": "ask the owner of the database to grant it",
}


class _Types(PGTypeCompiler):
    """Numbers as wide as SQLite's, in columns and parameters. To read the database's own tables takes the plain dialect."""

    def visit_INTEGER(self, type_: Any, **_options: Any) -> str:  # noqa: ANN401, ARG002, N802 - of the library
        return "BIGINT"


class _Tables(PGDDLCompiler):
    """Columns whose texts sort by their bytes, as SQLite's do, and whose numbers are those we give."""

    def get_column_specification(self, column: Column[Any], **_options: Any) -> str:  # noqa: ANN401 - of the library
        words = [self.preparer.format_column(column), self.dialect.type_compiler_instance.process(column.type)]
        if isinstance(column.type, String):
            words.append('COLLATE "C"')
        if not column.nullable:
            words.append("NOT NULL")
        return " ".join(words)


class CatalogDialect(PGDialect_psycopg):
    """Postgres by psycopg, with columns as a catalog has them."""

    supports_statement_cache = True
    ddl_compiler = _Tables
    type_compiler_cls = _Types


registry.register("postgresql.remint", __name__, "CatalogDialect")


class PostgresDatabase:
    """A schema of a database in Postgres (see Database).

    Writers take turns, as in SQLite: each waits for an advisory lock of the schema, and then sees all that was written before.
    That keeps one order of the log, and makes what a writer has read true until it commits. Readers wait for nobody.

    Args:
        url: where.
        busy_timeout_ms: how long a writer waits for another one.
    """

    failures: tuple[type[Exception], ...] = (DBAPIError, psycopg.Error)

    def __init__(self, url: DatabaseUrl, *, busy_timeout_ms: int) -> None:
        self._url = url
        self._busy_timeout_ms = busy_timeout_ms
        (key,) = struct.unpack("<q", digest_bytes(f"remint {url.schema}".encode()).raw[:8])
        self._write = f"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT pg_advisory_xact_lock({key})"
        self.writers = self.readers = create_engine(
            "postgresql+remint://",
            isolation_level="AUTOCOMMIT",
            connect_args=_arguments(url, busy_timeout_ms),
            pool_size=IDLE,
            max_overflow=-1,
            pool_reset_on_return=None,  # `roll_back` leaves none in a transaction
            use_native_hstore=False,
        )

    def begin(self, connection: Connection, *, writing: bool) -> None:
        """Begin a transaction; connections of the pool that were lost while idle are replaced first."""
        words = self._write if writing else _READ
        for left in range(IDLE, -1, -1):
            own = _driver(connection)
            try:
                if own.info.transaction_status != TransactionStatus.IDLE:  # an interrupt came between two of our lines
                    self.roll_back(connection)
                own.execute(words, prepare=False)
            except psycopg.OperationalError:
                if not own.closed or left == 0:
                    self.roll_back(connection)
                    raise
                connection.invalidate()
            else:
                return

    def commit(self, connection: Connection) -> None:
        """Make a transaction last."""
        own = _driver(connection)
        try:
            own.execute("COMMIT", prepare=False)
        except psycopg.OperationalError as error:
            if not own.closed:
                raise
            raise Unavailable(
                "the catalog did not answer",
                why=f"the connection was lost while it wrote, and whether it did is not known ({_said(error)})",
                next_step="look whether it is recorded before you try again",
            ) from error

    def roll_back(self, connection: Connection) -> None:
        """Undo what was not committed; the server does it by itself where the connection is lost."""
        if connection.invalidated:
            return
        own = _driver(connection)
        if own.info.transaction_status == TransactionStatus.IDLE and not own.closed:
            return
        try:
            if own.info.transaction_status not in _OPEN:
                raise psycopg.OperationalError(_LOST)
            own.execute("ROLLBACK", prepare=False)
        except psycopg.Error:
            connection.invalidate()

    def prepare(self, connection: Connection) -> None:
        """Make the schema, unless it is there."""
        asked = text("SELECT 1 FROM pg_namespace WHERE nspname = :name")
        if connection.execute(asked, {"name": self._url.schema}).scalar() is None:
            connection.execute(text(f'CREATE SCHEMA "{self._url.schema}"'))

    def revision(self, connection: Connection) -> str | None:
        """Return the revision of the schema, or None."""
        if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar() is None:
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return None if found is None else str(found)

    def known(self, error: Exception, *, writing: bool) -> RemintError | None:
        """Return our error for a failure, or None."""
        reason = error.orig if isinstance(error, DBAPIError) else error
        state = str(getattr(reason, "sqlstate", None) or "")
        if state == _READ_ONLY and not writing:
            return None
        if state in _REFUSED:
            kind, next_step = _REFUSED[state]
            return kind("a record was not written", why=_said(reason), next_step=next_step)
        if isinstance(reason, psycopg.DataError) and _NO_TEXT in str(reason):
            return Invalid("a record was not written", why="a text in it holds a zero byte", next_step="take it out")
        if state == _LOCKED:
            return Unavailable(
                "the catalog did not answer",
                why=f"another process held it for more than {self._busy_timeout_ms / 1000:g} s",
                next_step=_LATER,
            )
        return self._not_opened(state, reason) or _failed(state, reason)

    def _not_opened(self, state: str, reason: BaseException | None) -> RemintError | None:
        said = _said(reason)
        state = state or _state_of(said)
        if state == "3D000":
            next_step = f"make it (`createdb {self._url.database}`), or mend the setting `catalog`"
            return NotFound("the catalog was not opened", why=said, next_step=next_step)
        for start, next_step in _KEPT_OUT.items():
            if state.startswith(start):
                return Denied("the catalog does not let us in", why=said, next_step=next_step)
        if not state and said.startswith("connection failed"):
            next_step = "check that the server runs and that the setting `catalog` names it, and try again; nothing was written"
            return Unavailable("the catalog did not answer", why=said, next_step=next_step)
        return None

    def image(self, path: Path) -> Frontier | None:  # noqa: ARG002 - as the protocol says
        """Return None: Postgres writes no file that stands alone."""
        return None

    def close(self) -> None:
        """Release connections."""
        self.writers.dispose()


def _arguments(url: DatabaseUrl, busy_timeout_ms: int) -> dict[str, Any]:
    settings = {
        "search_path": url.schema,
        "lock_timeout": busy_timeout_ms,
        "jit": "off",
        "tcp_keepalives_idle": 30,  # or a writer whose machine is gone would hold the others up for hours
        "tcp_keepalives_interval": 10,
        "tcp_keepalives_count": 3,
    }
    given = {"user": url.user, "password": url.password}
    return {
        "host": url.host,
        "port": url.port,
        "dbname": url.database,
        "connect_timeout": WAIT_S,
        "application_name": f"remint {url.schema}"[:63],
        "client_encoding": "utf8",
        "keepalives_idle": 30,
        **{name: value for name, value in given.items() if value},
        **url.options,
        "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
    }


def _driver(connection: Connection) -> "psycopg.Connection[Any]":
    """Return psycopg's own connection: what is no statement of ours goes to it directly."""
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)


def _said(error: BaseException | None) -> str:
    """Return what the server or the driver said, in one line."""
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    lines = [line.strip() for line in (primary or str(error)).splitlines() if line.strip()]
    return lines[0] if lines else "it does not say why"


_SAID_AT_OPENING: Final = (
    (
        "28",
        ("authentication failed", "no password supplied", "no pg_hba.conf entry", "does not exist", "not permitted to log in"),
    ),
    ("42501", ("permission denied",)),
)


def _state_of(said: str) -> str:
    """Return the state of an error at opening, of which the driver tells the words alone."""
    if "database " in said and "does not exist" in said:
        return "3D000"
    return next((state for state, words in _SAID_AT_OPENING if any(word in said for word in words)), "")


def _failed(state: str, reason: BaseException | None) -> RemintError | None:
    """Return our error for a server that is lost, full, ending or damaged."""
    if state[:2] == "XX" and state != "XX000":
        return Corrupt("the catalog is damaged", why=_said(reason), next_step="restore the database from a backup")
    if state[:2] in {"53", "58"}:
        next_step = "check the server (disk, memory, max_connections) and try again; nothing was written"
        return Unavailable("the catalog failed", why=_said(reason), next_step=next_step)
    is_lost = not state and isinstance(reason, psycopg.OperationalError | psycopg.InterfaceError)
    if is_lost or state[:2] in {"08", "40", "57"} or state in {_READ_ONLY, "25P03"}:
        return Unavailable("the catalog did not answer", why=_said(reason), next_step=_LATER)
    return None
