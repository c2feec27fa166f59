"""The database behind the catalog: opening it, its transactions, and bringing it to the current schema."""

import contextlib
import functools
import shutil
import sqlite3
import tempfile
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import StaticPool

from remint.adapters.catalog.transaction import SqlTransaction
from remint.core.entry import Frontier, frontier_from
from remint.errors import Conflict, Corrupt, NotFound, RemintError, Unavailable

HEAD = "0011"
BUSY_TIMEOUT_MS = 30_000
RETRY_S = 0.01
_REFUSED: dict[int, tuple[type[RemintError], str]] = {
    sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: (NotFound, "record what it refers to first, in the same transaction"),
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: (Conflict, "read what is recorded under that name"),
    sqlite3.SQLITE_CONSTRAINT_UNIQUE: (Conflict, "read what is recorded under that name"),
    sqlite3.SQLITE_CONSTRAINT_TRIGGER: (Conflict, "add a new record instead"),
}


class SqlCatalog:
    """The catalog in SQLite (see ports.catalog.Catalog).

    Args:
        path: the database file; its folder must exist. None keeps it in a temporary file of its own that goes with the object,
            is not durable, and behaves alike in everything else.
        busy_timeout_ms: how long a writer waits for another one.

    Raises:
        Conflict: the schema is newer than this version knows.
        Corrupt: the file is damaged, or no database.
        Unavailable: the file cannot be opened or written, or is held by another process for too long.
    """

    def __init__(self, path: Path | None, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> None:
        self._busy_timeout_ms = busy_timeout_ms
        folder: Path | None = None
        if path is None:
            folder = Path(tempfile.mkdtemp(prefix="remint-"))
            path = folder / "catalog.db"
            path.write_bytes(_blank())
        self._engine = _engine(path, busy_timeout_ms=busy_timeout_ms, durable=folder is None)
        self._readers = _engine(path, busy_timeout_ms=busy_timeout_ms, durable=folder is None, read_only=True)
        self._release = weakref.finalize(self, _release, (self._engine, self._readers), folder)
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(self.close)
            with self._errors():
                _bring_to_head(self._engine)
            on_failure.pop_all()

    @contextlib.contextmanager
    def begin(self) -> Iterator[SqlTransaction]:
        """Open a writing transaction."""
        with self._errors(), self._transaction(self._engine, "BEGIN IMMEDIATE") as connection:
            yield SqlTransaction(connection)

    @contextlib.contextmanager
    def read(self) -> Iterator[SqlTransaction]:
        """Open a reading transaction."""
        with self._errors(writing=False), self._transaction(self._readers, "BEGIN") as connection:
            yield SqlTransaction(connection)

    @contextlib.contextmanager
    def _transaction(self, engine: Engine, how: str) -> Iterator[Connection]:
        with engine.connect() as connection:
            driver = _driver(connection)
            driver.execute(how)
            try:
                yield connection
                driver.execute("COMMIT")
            finally:
                _roll_back(connection)

    @contextlib.contextmanager
    def _errors(self, *, writing: bool = True) -> Iterator[None]:
        try:
            yield
        except (DatabaseError, sqlite3.DatabaseError) as error:
            reason = error.orig if isinstance(error, DatabaseError) else error
            known = _known(reason, waited_s=self._busy_timeout_ms / 1000)
            if known is None or (_code(reason) == sqlite3.SQLITE_READONLY and not writing):
                raise
            raise known from error

    def copy_to(self, path: Path) -> Frontier:
        """Write a consistent copy of the database to a new file while others write, and return how far its log goes."""
        with (
            self._errors(writing=False),
            self._readers.connect() as connection,
            contextlib.closing(sqlite3.connect(path)) as target,
        ):
            _driver(connection).backup(target)
            row = target.execute("select size, roots from entry_frontier").fetchone()
        return frontier_from([row[1][at : at + 32] for at in range(0, len(row[1]), 32)], row[0]) if row else Frontier()

    def close(self) -> None:
        """Release the database."""
        self._release()


def _release(engines: tuple[Engine, ...], folder: Path | None) -> None:
    for engine in engines:
        engine.dispose()
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def _engine(path: Path, *, busy_timeout_ms: int, durable: bool, read_only: bool = False) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        isolation_level="AUTOCOMMIT",
        connect_args={"timeout": busy_timeout_ms / 1000},
        max_overflow=-1,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
        _set_wal(connection, patience_s=busy_timeout_ms / 1000)
        connection.execute("PRAGMA foreign_keys = ON")
        # Without it INSERT OR REPLACE deletes the old row of an insert-only table past the trigger.
        connection.execute("PRAGMA recursive_triggers = ON")
        if read_only:
            connection.execute("PRAGMA query_only = ON")

    return engine


def _set_wal(connection: sqlite3.Connection, *, patience_s: float) -> None:
    """Switch to the write-ahead log; SQLite does not wait by itself when two processes do this to a new file at once."""
    until_s = time.monotonic() + patience_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until_s:
                raise
            time.sleep(RETRY_S)
        else:
            return


def _roll_back(connection: Connection) -> None:
    """Undo what was not committed.

    After a commit there is nothing to do; a full disk and some other failures end the transaction by themselves, and ending it
    twice would hide their error.
    """
    driver = _driver(connection)
    if driver.in_transaction:
        driver.execute("ROLLBACK")


def _driver(connection: Connection) -> sqlite3.Connection:
    """Return SQLite's own connection: what is no statement of ours goes to it directly."""
    return cast("sqlite3.Connection", connection.connection.driver_connection)


def _bring_to_head(engine: Engine) -> None:
    with engine.connect() as connection:
        found = _revision(connection)
        if found == HEAD:
            return
        if found is not None and found > HEAD:
            raise Conflict(
                "the catalog was not opened",
                why=f"its schema is {found}, and this Remint knows schemas up to {HEAD}",
                next_step="upgrade Remint: pip install --upgrade remint",
            )
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            if _revision(connection) == found:
                _upgrade(connection)
            connection.exec_driver_sql("COMMIT")
        finally:
            _roll_back(connection)
    _bring_to_head(engine)


@functools.cache
def _blank() -> bytes:
    """Return an empty database of the current schema; a temporary catalog starts from it in a tenth of the time."""
    engine = create_engine("sqlite://", isolation_level="AUTOCOMMIT", poolclass=StaticPool)
    _bring_to_head(engine)
    with engine.connect() as connection:
        image = _driver(connection).serialize()
    engine.dispose()
    return image


def _revision(connection: Connection) -> str | None:
    known = connection.execute(text("select 1 from sqlite_master where name = 'alembic_version'")).scalar()
    found = connection.execute(text("select version_num from alembic_version")).scalar() if known else None
    return None if found is None else str(found)


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


def _code(error: BaseException | None) -> int:
    return int(getattr(error, "sqlite_errorcode", 0))


def _known(error: BaseException | None, *, waited_s: float) -> RemintError | None:
    """Return our error for a failure of the database; None if it is a mistake in a statement and not a failure."""
    reason, code = str(error), _code(error) & 0xFF
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return Unavailable(
            "the catalog did not answer",
            why=f"another process held it for more than {waited_s:g} s ({reason})",
            next_step="try again; nothing was written",
        )
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return Corrupt(
            "the catalog is damaged", why=reason, next_step="keep the file, and restore .remint/catalog.db from a backup"
        )
    if code in {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_PERM,
    }:
        return Unavailable(
            "the catalog failed", why=reason, next_step="check the disk (space, permissions) and try again; nothing was written"
        )
    if _code(error) in _REFUSED:
        kind, next_step = _REFUSED[_code(error)]
        return kind("a record was not written", why=reason, next_step=next_step)
    return None
