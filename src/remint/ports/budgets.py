"""Records of budgets (see ports.catalog for the contract of every method)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from remint.core.budget import Balance, Budget, Closing, Kept, Limit, Past, Refund, Reservation, Saving, Settlement
from remint.core.digest import Digest
from remint.core.ids import RunId
from remint.core.price import Prices


@dataclass(frozen=True, slots=True)
class Charge:
    """What one run was charged: its reservation, its settlement, and what was given back of it."""

    reservation: Reservation
    settlement: Settlement
    refunded: int


class BudgetRecords(Protocol):
    """Budgets and what runs reserve in them; insert-only, but for one balance a budget that only the methods here move."""

    def create(self, budget: Budget, amount: int) -> None:
        """Record a budget with its first limit.

        Raises:
            Conflict: there is one of that name.
            NotFound: there is no such parent.
        """
        ...

    def set_limit(self, limit: Limit) -> Limit:
        """Record another limit of a budget, under the next number, and return it with that; it counts at once."""
        ...

    def close(self, closing: Closing) -> None:
        """Record the end of a budget.

        Raises:
            Conflict: it is closed.
        """
        ...

    def get(self, name: str) -> Budget | None:
        """Return a budget, or None."""
        ...

    def all(self) -> Sequence[Budget]:
        """Return all budgets, by name."""
        ...

    def path(self, name: str) -> Sequence[Budget]:
        """Return a budget and those above it, the top first; empty if there is none of that name."""
        ...

    def closed(self) -> Mapping[str, Closing]:
        """Return the ends of budgets, by name."""
        ...

    def balances(self) -> Mapping[str, Balance]:
        """Return how every budget stands, by name."""
        ...

    def recomputed(self) -> Mapping[str, Balance]:
        """Return the balances as the other records say they must be."""
        ...

    def keep_prices(self, prices: Prices) -> Digest:
        """Record a price table, if it is not recorded, and return its digest."""
        ...

    def prices(self, digest: Digest) -> Prices:
        """Return a recorded price table.

        Raises:
            NotFound: there is none of that digest.
        """
        ...

    def reserve(self, reservation: Reservation) -> str | None:
        """Set an amount aside in a budget and all above it, each by one conditional update.

        Returns:
            None if it was done; else the name of the budget that has not so much left, and then the caller must abort the
            transaction.
        """
        ...

    def settle(self, settlement: Settlement) -> bool:
        """Charge a run in place of what was reserved for it; return False, and write nothing, if it was settled.

        Raises:
            Corrupt: a balance does not hold what was reserved.
        """
        ...

    def refund(self, refund: Refund) -> bool:
        """Give back a part of what a run was charged; return False, and write nothing, if some was given back before.

        Raises:
            Corrupt: a balance does not hold what was charged.
        """
        ...

    def add_saving(self, saving: Saving) -> Saving:
        """Record what a hit saved, under the next number, and return it with that."""
        ...

    def reservation(self, run: RunId) -> Reservation | None:
        """Return what was reserved for a run, or None."""
        ...

    def charge(self, run: RunId) -> Charge | None:
        """Return what a run was charged, or None."""
        ...

    def lapsed(self, at_us: int, *, limit: int = 100) -> Sequence[Reservation]:
        """Return reservations that are not settled and whose lease ended before a time, oldest first."""
        ...

    def open(self, budget: str, *, limit: int = 10) -> Sequence[Reservation]:
        """Return reservations of a budget itself that are not settled, newest first."""
        ...

    def charges(self, *, since_us: int = 0, budget: str | None = None, limit: int | None = None) -> Iterator[Charge]:
        """Yield what runs were charged since a time, newest first; of one budget itself if one is named."""
        ...

    def savings(self, *, since_us: int = 0) -> Iterator[tuple[Saving, Digest]]:
        """Yield what hits saved since a time, newest first, each with the prices of the run that stands for it."""
        ...

    def amounts(self, of: Iterable[RunId]) -> Mapping[RunId, int]:
        """Return what runs were charged after refunds, in micro-units; without those that were not charged."""
        ...

    def past(self, step: str, *, limit: int) -> Sequence[Past]:
        """Return what the last ended runs of a step used, newest first."""
        ...

    def kept(self) -> Iterator[tuple[str, str, Kept]]:
        """Yield every record that an entry tells of: the entry's action, its resource, and the record."""
        ...
