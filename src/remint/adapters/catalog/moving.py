"""A copy of a catalog at another place (see ports.migrations.CatalogCopy)."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from remint.adapters.catalog.belonging import remember
from remint.adapters.catalog.engine import SqlCatalog, require_target
from remint.core.database_url import DatabaseUrl
from remint.ports.migrations import Copied, Progress


class SqlCatalogCopy:
    """A copy of a catalog.

    Args:
        source: what is copied.
        place: a database in Postgres, or the file that a project without the setting `catalog` uses.
        state: the project's folder of state, which the copy goes with.
    """

    def __init__(self, source: SqlCatalog, place: DatabaseUrl | Path, state: Path) -> None:
        self._source = source
        self._place = place
        self._state = state
        self.setting = place.public if isinstance(place, DatabaseUrl) else ""
        self.where = self.setting or f".remint/{Path(str(place)).name}"

    def require_empty(self) -> None:
        """Refuse a place with records."""
        require_target(self._place)

    def counts(self) -> Mapping[str, int]:
        """Return how many records of each kind there are to be copied."""
        return self._source.counts()

    def make(self, *, on_progress: Progress | None = None) -> Copied:
        """Copy every record."""
        with closing(SqlCatalog(self._place)) as target:
            made = self._source.copy_into(target, on_progress=on_progress)
        with self._source.read() as tx:
            installation = tx.facts.get("installation")
        if installation is not None:
            remember(installation, self._state)
        return made

    @contextmanager
    def opened(self) -> Iterator[SqlCatalog]:
        """Open the copy."""
        with closing(SqlCatalog(self._place)) as copy:
            yield copy
