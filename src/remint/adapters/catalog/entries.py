"""The audit log in SQL (see ports.catalog.Entries)."""

from sqlalchemy import Connection, LargeBinary, bindparam, cast, insert, select, update

from remint.adapters.catalog.tables import entries, entry_frontier
from remint.core.entry import Entry, Frontier, frontier_from, leaf_bytes, leaf_digest
from remint.errors import Conflict
from remint.ports.catalog import PAGE

_ADD = insert(entries)
_ADVANCE = update(entry_frontier).where(entry_frontier.c.one == 1, entry_frontier.c.size == bindparam("seen"))
_FRONTIER = select(entry_frontier.c.size, entry_frontier.c.roots)


class SqlEntries:
    """Entries; insert-only, one Merkle tree whose right edge is kept beside them."""

    def __init__(self, connection: Connection) -> None:
        self._tx = connection

    def append(self, entry: Entry) -> int:
        """Append an entry and return its number."""
        before = self.frontier()
        number = before.size + 1
        leaf = leaf_bytes(entry, number=number, previous=before.root())
        after = before.appended(leaf_digest(leaf))
        values = {"size": after.size, "roots": b"".join(root.raw for root in after.roots)}
        self._tx.execute(_ADD, {"number": number, "leaf": leaf})
        if before.size == 0:
            self._tx.execute(insert(entry_frontier), {"one": 1, **values})
            return number
        if self._tx.execute(_ADVANCE, {"seen": before.size, **values}).rowcount != 1:
            raise Conflict("the entry was not written", why="another writer appended first", next_step="try again")
        return number

    def leaves(self, *, after: int = 0, limit: int = PAGE) -> list[bytes]:
        """Return the canonical bytes of entries in log order."""
        leaf = cast(entries.c.leaf, LargeBinary)  # an altered one may be of another type
        chosen = select(leaf).where(entries.c.number > after).order_by(entries.c.number).limit(limit)
        return list(self._tx.execute(chosen).scalars())

    def frontier(self) -> Frontier:
        """Return the frontier as stored."""
        row = self._tx.execute(_FRONTIER).one_or_none()
        if row is None:
            return Frontier()
        return frontier_from([row.roots[at : at + 32] for at in range(0, len(row.roots), 32)], row.size)
