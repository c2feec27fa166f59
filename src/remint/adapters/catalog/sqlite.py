"""A catalog in a SQLite file."""

import contextlib
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DatabaseError

from remint.core.entry import Frontier, frontier_from
from remint.errors import Conflict, Corrupt, NotFound, RemintError, Unavailable

RETRY_S = 0.01
_REFUSED: dict[int, tuple[type[RemintError], str]] = {
    sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: (NotFound, "record what it refers to first, in the same transaction"),
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: (Conflict, "read what is recorded under that name"),
    sqlite3.SQLITE_CONSTRAINT_UNIQUE: (Conflict, "read what is recorded under that name"),
    sqlite3.SQLITE_CONSTRAINT_TRIGGER: (Conflict, "add a new record instead"),
}


class SqliteDatabase:
    """A SQLite file (see Database).

    Args:
        path: the file; its folder must exist. None for a temporary one that goes when it is closed and is not
            durable.
        busy_timeout_ms: how long a writer waits for another one.
        blank: gives the image that a temporary file starts from, in a tenth of the time that making it takes.
    """

    failures: tuple[type[Exception], ...] = (DatabaseError, sqlite3.DatabaseError)

    def __init__(self, path: Path | None, *, busy_timeout_ms: int, blank: Callable[[], bytes]) -> None:
        self._busy_timeout_ms = busy_timeout_ms
        self._folder: Path | None = None
        if path is None:
            self._folder = Path(tempfile.mkdtemp(prefix="remint-"))
            path = self._folder / "catalog.db"
            path.write_bytes(blank())
        durable = self._folder is None
        self.writers = _engine(path, busy_timeout_ms=busy_timeout_ms, durable=durable)
        self.readers = _engine(path, busy_timeout_ms=busy_timeout_ms, durable=durable, read_only=True)

    def begin(self, connection: Connection, *, writing: bool) -> None:
        """Begin a transaction."""
        driver(connection).execute("BEGIN IMMEDIATE" if writing else "BEGIN")

    def commit(self, connection: Connection) -> None:
        """Make a transaction last."""
        driver(connection).execute("COMMIT")

    def roll_back(self, connection: Connection) -> None:
        """Undo what was not committed.

        After a commit there is nothing to do; a full disk and some other failures end the transaction by themselves, and ending
        it twice would hide their error.
        """
        own = driver(connection)
        if own.in_transaction:
            own.execute("ROLLBACK")

    def prepare(self, connection: Connection) -> None:
        """Make nothing: the file is enough."""

    def revision(self, connection: Connection) -> str | None:
        """Return the revision of the schema, or None."""
        known = connection.execute(text("select 1 from sqlite_master where name = 'alembic_version'")).scalar()
        found = connection.execute(text("select version_num from alembic_version")).scalar() if known else None
        return None if found is None else str(found)

    def known(self, error: Exception, *, writing: bool) -> RemintError | None:
        """Return our error for a failure, or None."""
        reason = error.orig if isinstance(error, DatabaseError) else error
        if _code(reason) == sqlite3.SQLITE_READONLY and not writing:
            return None
        return _known(reason, waited_s=self._busy_timeout_ms / 1000)

    def image(self, path: Path) -> Frontier | None:
        """Write a consistent copy of the database while others write."""
        with self.readers.connect() as connection, contextlib.closing(sqlite3.connect(path)) as target:
            driver(connection).backup(target)
            row = target.execute("select size, roots from entry_frontier").fetchone()
        return frontier_from([row[1][at : at + 32] for at in range(0, len(row[1]), 32)], row[0]) if row else Frontier()

    def close(self) -> None:
        """Release connections, and the temporary file."""
        self.writers.dispose()
        self.readers.dispose()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def driver(connection: Connection) -> sqlite3.Connection:
    """Return SQLite's own connection: what is no statement of ours goes to it directly."""
    return cast("sqlite3.Connection", connection.connection.driver_connection)


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
