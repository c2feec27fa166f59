"""Signed evidence in SQL (see ports.catalog.EvidenceRecords)."""

from sqlalchemy import Connection, select

from remint.adapters.catalog.statements import insert_new
from remint.adapters.catalog.tables import evidence
from remint.core.digest import Digest
from remint.core.evidence import Evidence, read_statement
from remint.core.ids import PrincipalId
from remint.ports.catalog import PAGE


class SqlEvidence:
    """Evidence; insert-only. The facts are read from the signed payload, never from a column."""

    def __init__(self, connection: Connection) -> None:
        self._tx = connection

    def add(self, record: Evidence) -> bool:
        """Record evidence unless the same is recorded."""
        values = {
            "digest": record.digest(),
            "subject": record.subject,
            "predicate": record.predicate,
            "by": record.by,
            "at_us": record.at_us,
            "payload": record.payload,
            "signature": record.signature,
        }
        return self._tx.execute(insert_new(evidence).values(values)).rowcount == 1

    def of(self, subject: Digest, *, predicate: str | None = None, limit: int = PAGE) -> list[Evidence]:
        """Return evidence about an artifact, newest first."""
        chosen = select(evidence).where(evidence.c.subject == subject)
        if predicate is not None:
            chosen = chosen.where(evidence.c.predicate == predicate)
        rows = self._tx.execute(chosen.order_by(evidence.c.at_us.desc(), evidence.c.digest).limit(limit))
        found = []
        for row in rows:
            of, kind, facts, _, at_us = read_statement(row.payload)
            found.append(Evidence(of, kind, facts, PrincipalId(row.by), at_us, row.payload, row.signature))
        return found
