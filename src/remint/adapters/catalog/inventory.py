"""The inventory in SQL (see ports.inventory.InventoryRecords)."""

from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select

from remint.adapters.catalog.inventory_tables import inventory
from remint.core.ids import PrincipalId
from remint.core.inventory import Item


class SqlInventory:
    """Items; insert-only."""

    def __init__(self, connection: Connection) -> None:
        self._tx = connection

    def add(self, item: Item) -> Item:
        """Record what is said of a ref."""
        number = (self._tx.execute(select(func.max(inventory.c.number))).scalar() or 0) + 1
        made = replace(item, number=number)
        self._tx.execute(insert(inventory).values(asdict(made)))
        return made

    def get(self, ref: str) -> Item | None:
        """Return the newest item of a ref."""
        chosen = select(inventory).where(inventory.c.ref == ref).order_by(inventory.c.number.desc()).limit(1)
        return next(iter(self._items(chosen)), None)

    def newest(self) -> list[Item]:
        """Return the newest item of every ref."""
        last = select(func.max(inventory.c.number)).group_by(inventory.c.ref)
        return sorted(self._items(select(inventory).where(inventory.c.number.in_(last))), key=lambda item: item.ref)

    def all(self, *, ref: str | None = None) -> list[Item]:
        """Return all items, oldest first."""
        chosen = select(inventory).order_by(inventory.c.number)
        return self._items(chosen if ref is None else chosen.where(inventory.c.ref == ref))

    def _items(self, chosen: Select[Any]) -> list[Item]:
        rows = [dict(row) for row in self._tx.execute(chosen).mappings()]
        return [Item(**{**row, "owner": PrincipalId(row["owner"]), "by": PrincipalId(row["by"])}) for row in rows]
