"""Use cases of budgets, and of what was spent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from remint.core.budget import Balance, Budget, Closing, Reservation
from remint.core.cost import CostLine, CostReport
from remint.core.ids import RunId
from remint.ports.usecases.context import Context


@dataclass(frozen=True, slots=True)
class Standing:
    """A budget and how it stands, with what lies below it.

    Attributes:
        path: its name with those above it, the top first.
        balance: in micro-units.
        free_micro: what its limit leaves; what those above it leave may be less.
        closed: by whom and when; None while runs are charged to it.
    """

    budget: Budget
    path: str
    balance: Balance
    free_micro: int
    closed: Closing | None


@dataclass(frozen=True, slots=True)
class Looked:
    """A budget in detail.

    Attributes:
        below: the budgets directly below it.
        open: the newest of its own reservations that are not settled.
        last: what its own runs were charged last, newest first.
    """

    standing: Standing
    below: tuple[Standing, ...]
    open: tuple[Reservation, ...]
    last: tuple[CostLine, ...]


class Budgets(Protocol):
    """Making and changing budgets. Only owners do."""

    def create(self, context: Context, name: str, *, limit: str, parent: str = "", owner: str = "") -> Standing:
        """Make a budget.

        Args:
            context: who asks.
            name: of the budget.
            limit: what may be spent in all, decimal text in the unit of the price table.
            parent: the budget above it; none if empty.
            owner: the principal who answers for it; who asks if empty.

        Raises:
            Conflict: there is one of that name.
            NotFound: there is no such parent or principal.
            Invalid: the limit is no amount.
            Denied: only owners may.
        """
        ...

    def set_limit(self, context: Context, name: str, amount: str) -> Standing:
        """Set what a budget may spend in all; what is reserved and spent stays, also where it is more.

        Raises:
            NotFound: there is no such budget.
            Invalid: that is no amount.
            Denied: only owners may.
        """
        ...

    def close(self, context: Context, name: str) -> Standing:
        """Let nothing more be reserved in a budget and below it; what goes on is settled.

        Raises:
            NotFound: there is no such budget.
            Conflict: it is closed.
            Denied: only owners may.
        """
        ...

    def forgive(self, context: Context, run: str, *, note: str) -> CostLine:
        """Give back all that a run was charged, once.

        Args:
            context: who asks.
            run: its id, or the start or end of it.
            note: why.

        Raises:
            NotFound: there is no such run, or it was not charged.
            Conflict: something was given back before.
            Invalid: there is no note.
            Denied: only owners may.
        """
        ...

    def list(self) -> Sequence[Standing]:
        """Return all budgets, by path."""
        ...

    def show(self, name: str) -> Looked:
        """Return a budget in detail. Runs whose lease is over are charged first.

        Raises:
            NotFound: there is no such budget.
        """
        ...


class CostReports(Protocol):
    """Reading what was spent and saved."""

    def report(self, context: Context, *, by: str = "budget", since: str = "", model: str = "") -> CostReport:
        """Return sums.

        Args:
            context: who asks.
            by: one of core.cost.BY.
            since: only what was charged or saved since then, an ISO-8601 date or time; everything if empty.
            model: only the runs behind a ref or an artifact, through all of its ancestors.

        Raises:
            Invalid: `by` or `since` is not understood.
            RefNotFound: there is no such ref.
        """
        ...

    def of_run(self, run: RunId) -> CostLine | None:
        """Return what a run was charged; None if it was not, or not yet."""
        ...

    def lines(self, context: Context, *, since: str = "", model: str = "") -> Sequence[CostLine]:
        """Return every line, newest first; arguments as `report`."""
        ...
