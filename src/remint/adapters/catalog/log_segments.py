"""The index of sealed usage logs in SQL (see ports.catalog.LogSegments)."""

from typing import Any

from sqlalchemy import Connection, Row, select

from remint.adapters.catalog.statements import insert_new
from remint.adapters.catalog.tables import erased, log_segments
from remint.core.digest import Digest
from remint.ports.catalog import PAGE, LogSegment

_STANDS = log_segments.c.artifact.not_in(select(erased.c.artifact).where(erased.c.successor.is_not(None)))
"""What an erasure put a successor in the place of, is no segment any more: the successor is."""


class SqlLogSegments:
    """Sealed usage logs; insert-only."""

    def __init__(self, connection: Connection) -> None:
        self._tx = connection

    def add(self, segment: LogSegment) -> bool:
        """Record a segment unless its artifact is recorded."""
        values = {
            "artifact": segment.artifact,
            "deployment": segment.deployment,
            "first_id": segment.first_id,
            "last_id": segment.last_id,
            "rows": segment.rows,
        }
        return self._tx.execute(insert_new(log_segments).values(values)).rowcount == 1

    def holding(self, prediction_id: str) -> list[LogSegment]:
        """Return the segments whose id range holds `prediction_id`."""
        in_range = (log_segments.c.first_id <= prediction_id, log_segments.c.last_id >= prediction_id)
        rows = self._tx.execute(select(log_segments).where(*in_range, _STANDS))
        return [_segment(row) for row in rows]

    def of(self, deployment: str, *, limit: int = PAGE) -> list[LogSegment]:
        """Return the segments of a deployment in id order."""
        chosen = select(log_segments).where(log_segments.c.deployment == deployment, _STANDS)
        return [_segment(row) for row in self._tx.execute(chosen.order_by(log_segments.c.first_id).limit(limit))]


def _segment(row: Row[Any]) -> LogSegment:
    return LogSegment(row.deployment, row.first_id, row.last_id, row.rows, Digest(row.artifact))
