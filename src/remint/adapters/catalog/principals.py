"""Principals in SQL (see ports.catalog.Principals)."""

import json
from typing import Any

from sqlalchemy import Connection, Row, select
from sqlalchemy.dialects.sqlite import insert

from remint.adapters.catalog.tables import principals
from remint.core.ids import PrincipalId
from remint.core.principal import Principal, PrincipalKind
from remint.ports.catalog import PAGE


class SqlPrincipals:
    """Principals; insert-only."""

    def __init__(self, connection: Connection) -> None:
        self._tx = connection

    def add(self, principal: Principal) -> bool:
        """Record a principal unless the name is taken."""
        values = {
            "id": principal.id,
            "kind": str(principal.kind),
            "public_key": principal.public_key,
            "roles": json.dumps(sorted(principal.roles)),
            "at_us": principal.at_us,
        }
        return self._tx.execute(insert(principals).values(values).on_conflict_do_nothing()).rowcount == 1

    def get(self, principal_id: PrincipalId) -> Principal | None:
        """Return one principal, or None."""
        row = self._tx.execute(select(principals).where(principals.c.id == principal_id)).one_or_none()
        return None if row is None else _principal(row)

    def all(self, *, limit: int = PAGE) -> list[Principal]:
        """Return all principals, oldest first."""
        rows = self._tx.execute(select(principals).order_by(principals.c.at_us, principals.c.id).limit(limit))
        return [_principal(row) for row in rows]


def _principal(row: Row[Any]) -> Principal:
    return Principal(PrincipalId(row.id), PrincipalKind(row.kind), row.public_key, frozenset(json.loads(row.roles)), row.at_us)
