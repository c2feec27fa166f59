"""The database behind the catalog: opening it, its transactions, and bringing it to the current schema."""

import contextlib
import functools
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.pool import StaticPool

from remint.adapters.catalog.copying import copy_records, count_all, require_empty
from remint.adapters.catalog.database import Database
from remint.adapters.catalog.sqlite import SqliteDatabase, driver
from remint.adapters.catalog.transaction import SqlTransaction
from remint.core.database_url import DatabaseUrl
from remint.core.entry import Frontier
from remint.errors import Conflict
from remint.ports.migrations import Copied, Progress

HEAD = "0012"
BUSY_TIMEOUT_MS = 30_000


class SqlCatalog:
    """The catalog in SQLite or Postgres (see ports.catalog.Catalog).

    Args:
        place: the database file, whose folder must exist, or where in Postgres. None keeps it in a temporary file of its own
            that goes with the object, is not durable, and behaves alike in everything else.
        busy_timeout_ms: how long a writer waits for another one.

    Raises:
        Conflict: the schema is newer than this version knows.
        Corrupt: the file is damaged, or no database.
        Denied: Postgres does not let us in, or not make the tables.
        Invalid: the driver of Postgres is not installed.
        NotFound: Postgres has no such database.
        Unavailable: the database does not answer, cannot be opened or written, or is held by another process for too long.
    """

    def __init__(self, place: Path | DatabaseUrl | None, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> None:
        self._database = _database(place, busy_timeout_ms)
        self._release = weakref.finalize(self, self._database.close)
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(self.close)
            with _errors(self._database):
                _bring_to_head(self._database)
            on_failure.pop_all()

    def begin(self) -> AbstractContextManager[SqlTransaction]:
        """Open a writing transaction."""
        return self._transaction(writing=True)

    def read(self) -> AbstractContextManager[SqlTransaction]:
        """Open a reading transaction."""
        return self._transaction(writing=False)

    @contextlib.contextmanager
    def _transaction(self, *, writing: bool) -> Iterator[SqlTransaction]:
        with self.connected(writing=writing) as connection:
            yield SqlTransaction(connection, writing=writing)

    @contextlib.contextmanager
    def connected(self, *, writing: bool) -> Iterator[Connection]:
        """Open a transaction and give its connection: for copying whole tables."""
        database = self._database
        engine = database.writers if writing else database.readers
        with _errors(database, writing=writing), engine.connect() as connection:
            database.begin(connection, writing=writing)
            try:
                yield connection
                database.commit(connection)
            finally:
                database.roll_back(connection)

    def copy_to(self, path: Path) -> Frontier:
        """Write a consistent copy of all records to a new SQLite file while others write; return how far its log goes."""
        with _errors(self._database, writing=False):
            frontier = self._database.image(path)
        if frontier is not None:
            return frontier
        with contextlib.closing(SqlCatalog(path)) as target:
            return self._copy_into(target, writing=False).frontier

    def counts(self) -> dict[str, int]:
        """Return how many rows each table has."""
        with self.connected(writing=False) as connection:
            return count_all(connection)

    def copy_into(self, target: "SqlCatalog", *, on_progress: Progress | None = None) -> Copied:
        """Copy all records to an empty catalog in one transaction, while nobody writes here.

        Args:
            target: the other one.
            on_progress: called with records copied and to be copied.

        Raises:
            Conflict: the other one is not empty.
            Unavailable: one of both did not answer; the other one stays empty.
        """
        return self._copy_into(target, writing=True, on_progress=on_progress)

    def _copy_into(self, target: "SqlCatalog", *, writing: bool, on_progress: Progress | None = None) -> Copied:
        with self.connected(writing=writing) as source, target.connected(writing=True) as copy:
            require_empty(copy)
            return copy_records(source, copy, on_progress=on_progress)

    def close(self) -> None:
        """Release the database."""
        self._release()


def require_target(place: Path | DatabaseUrl) -> None:
    """Refuse a place that holds records; nothing is made there.

    Raises:
        Conflict: it does.
        Unavailable: it does not answer; and the other errors of opening a catalog.
    """
    if isinstance(place, Path) and not place.exists():
        return
    database = _database(place, BUSY_TIMEOUT_MS)
    with contextlib.closing(database), _errors(database, writing=False), database.readers.connect() as connection:
        found = database.revision(connection)
        if found is not None:
            _require_known(found)
            require_empty(connection)


def _database(place: Path | DatabaseUrl | None, busy_timeout_ms: int) -> Database:
    if isinstance(place, DatabaseUrl):
        from remint.adapters.catalog.postgres import PostgresDatabase

        return PostgresDatabase(place, busy_timeout_ms=busy_timeout_ms)
    return SqliteDatabase(place, busy_timeout_ms=busy_timeout_ms, blank=_blank)


@contextlib.contextmanager
def _errors(database: Database, *, writing: bool = True) -> Iterator[None]:
    try:
        yield
    except database.failures as error:
        known = database.known(error, writing=writing)
        if known is None:
            raise
        raise known from error


def _bring_to_head(database: Database) -> None:
    with database.writers.connect() as connection:
        found = database.revision(connection)
        if found == HEAD:
            return
        if found is not None:
            _require_known(found)
        database.begin(connection, writing=True)
        try:
            if database.revision(connection) == found:
                database.prepare(connection)
                _upgrade(connection)
            database.commit(connection)
        finally:
            database.roll_back(connection)
    _bring_to_head(database)


def _require_known(revision: str) -> None:
    if revision > HEAD:
        raise Conflict(
            "the catalog was not opened",
            why=f"its schema is {revision}, and this Remint knows schemas up to {HEAD}",
            next_step="upgrade Remint: pip install --upgrade remint",
        )


@functools.cache
def _blank() -> bytes:
    """Return an empty SQLite database of the current schema."""
    engine: Engine = create_engine("sqlite://", isolation_level="AUTOCOMMIT", poolclass=StaticPool)
    with engine.connect() as connection:
        _upgrade(connection)
        image = driver(connection).serialize()
    engine.dispose()
    return image


def _upgrade(connection: Connection) -> None:
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    context = MigrationContext.configure(
        connection,
        opts={
            "script": scripts,
            "fn": lambda revision, _context: scripts._upgrade_revs("head", revision),  # noqa: SLF001 - as its env.py does
            "transactional_ddl": False,
        },
    )
    with Operations.context(context):
        context.run_migrations()
