"""Requests in SQL (see ports.requests.RequestRecords)."""

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from remint.adapters.catalog.request_tables import requests
from remint.core.asked import KEPT_US, Asked, Known
from remint.core.ids import PrincipalId
from remint.errors import Conflict


class SqlRequests:
    """Requests that were carried out, for a day."""

    def __init__(self, connection: Connection) -> None:
        self._tx = connection

    def note(self, owner: PrincipalId, asked: Asked, *, at_us: int) -> None:
        """Record that a request was carried out."""
        found = self.find(owner, asked.key, now_us=at_us)
        if found is None:
            self._tx.execute(delete(requests).where(requests.c.at_us < at_us - KEPT_US))
            values = {"owner": owner, "key": asked.key, "digest": asked.digest, "nonce": asked.nonce}
            self._tx.execute(insert(requests).values(**values, at_us=at_us))
        elif found.nonce != asked.nonce:
            raise Conflict(
                "the request was not carried out again",
                why="it came a second time, and the first one was carried out meanwhile",
                next_step="send it once more to have the first answer",
                rule="idempotency-key",
            )

    def find(self, owner: PrincipalId, key: str, *, now_us: int) -> Known | None:
        """Return what is known of a request."""
        recent = requests.c.at_us >= now_us - KEPT_US
        row = self._tx.execute(select(requests).where(_named(owner, key), recent)).one_or_none()
        return None if row is None else Known(row.digest, row.nonce, row.at_us, row.answer)

    def answer(self, owner: PrincipalId, asked: Asked, content: bytes) -> None:
        """Keep what was answered."""
        noted = and_(_named(owner, asked.key), requests.c.nonce == asked.nonce)
        self._tx.execute(update(requests).where(noted).values(answer=content))


def _named(owner: PrincipalId, key: str) -> ColumnElement[bool]:
    return and_(requests.c.owner == owner, requests.c.key == key)
