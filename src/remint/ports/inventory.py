"""The records of the inventory."""

from collections.abc import Sequence
from typing import Protocol

from remint.core.inventory import Item


class InventoryRecords(Protocol):
    """What was said of refs; insert-only. The contract of the methods is that of ports.catalog."""

    def add(self, item: Item) -> Item:
        """Record what is said of a ref, under the next number, and return it with that; its own number does not count."""
        ...

    def get(self, ref: str) -> Item | None:
        """Return the newest item of a ref, as `kind/name`; None if nothing was said of it."""
        ...

    def newest(self) -> Sequence[Item]:
        """Return the newest item of every ref, by ref."""
        ...

    def all(self, *, ref: str | None = None) -> Sequence[Item]:
        """Return all items, oldest first: of one ref if given."""
        ...
