"""What differs between the databases that a catalog may be in."""

from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine

from remint.core.entry import Frontier
from remint.errors import RemintError


class Database(Protocol):
    """One database of one kind. Connections commit each statement by themselves unless `begin` was called.

    Attributes:
        writers: gives connections for writing.
        readers: gives connections for reading; may be the same.
        failures: the errors of SQLAlchemy and of the driver that `known` is asked about.
    """

    writers: Engine
    readers: Engine
    failures: tuple[type[Exception], ...]

    def begin(self, connection: Connection, *, writing: bool) -> None:
        """Begin a transaction: a writing one waits until no other is open, a reading one sees one state and may not write."""
        ...

    def commit(self, connection: Connection) -> None:
        """Make a transaction last. After an error here nothing is known of it, unless the error says so."""
        ...

    def roll_back(self, connection: Connection) -> None:
        """Undo what was not committed; never hides an error that is on its way."""
        ...

    def prepare(self, connection: Connection) -> None:
        """Make what the first migration needs, in its transaction."""
        ...

    def revision(self, connection: Connection) -> str | None:
        """Return the revision of the schema; None in an empty database."""
        ...

    def known(self, error: Exception, *, writing: bool) -> RemintError | None:
        """Return our error for a failure of the database; None if it is a mistake in a statement and not a failure."""
        ...

    def image(self, path: Path) -> Frontier | None:
        """Write the database to a new file by its own means and return how far its log goes; None if it has no such means."""
        ...

    def close(self) -> None:
        """Release connections and temporary files. Idempotent."""
        ...
