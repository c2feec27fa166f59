"""Facts about the installation (see ports.catalog.Facts)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from remint.adapters.catalog.statements import insert_new
from remint.adapters.catalog.tables import facts


class SqlFacts:
    """Small facts, each written once."""

    def __init__(self, connection: Connection) -> None:
        self._tx = connection

    def get(self, name: str) -> str | None:
        """Return one fact, or None."""
        return self._tx.execute(select(facts.c.value).where(facts.c.name == name)).scalar()

    def set_once(self, values: Mapping[str, Any]) -> None:
        """Record facts that are not recorded yet."""
        rows = [{"name": name, "value": str(value)} for name, value in values.items()]
        if rows:
            self._tx.execute(insert_new(facts), rows)
