"""Budgets in SQL (see ports.budgets.BudgetRecords)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Select, Table, bindparam, func, insert, select, update

from remint.adapters.catalog.budget_tables import (
    budget_balances,
    budget_closings,
    budget_limits,
    budgets,
    price_tables,
    refunds,
    reservations,
    savings,
    settlements,
)
from remint.adapters.catalog.tables import run_ends, runs
from remint.core.budget import (
    Balance,
    Budget,
    Closing,
    Kept,
    Limit,
    Past,
    Refund,
    Reservation,
    Saving,
    Settlement,
    rolled_up,
)
from remint.core.digest import Digest
from remint.core.ids import PrincipalId, RunId
from remint.core.price import Prices, read_prices
from remint.core.run import State
from remint.errors import Conflict, Corrupt, NotFound
from remint.ports.budgets import Charge

AT_ONCE = 500
"""So many values stand in one statement."""

# Statements of every run are built once: to build one takes longer than to execute it.
_BALANCE = budget_balances.c
_RESERVE = (
    update(budget_balances)
    .where(
        _BALANCE.budget == bindparam("in_budget"),
        _BALANCE.ceiling - _BALANCE.spent - _BALANCE.reserved >= bindparam("amount_left"),
    )
    .values(reserved=_BALANCE.reserved + bindparam("amount_left"))
)
_SETTLE = (
    update(budget_balances)
    .where(_BALANCE.budget == bindparam("in_budget"), _BALANCE.reserved >= bindparam("amount_held"))
    .values(reserved=_BALANCE.reserved - bindparam("amount_held"), spent=_BALANCE.spent + bindparam("amount_charged"))
)
_REFUND = (
    update(budget_balances)
    .where(_BALANCE.budget == bindparam("in_budget"), _BALANCE.spent >= bindparam("amount_back"))
    .values(spent=_BALANCE.spent - bindparam("amount_back"))
)
_OF_RUN = select(reservations).where(reservations.c.run == bindparam("of_run"))
_SETTLED = select(settlements.c.run).where(settlements.c.run == bindparam("of_run"))
_BUDGETS = select(*(column for column in budgets.c if column is not budgets.c.number))
_BUDGET = _BUDGETS.where(budgets.c.name == bindparam("named"))
_KNOWN_PRICES = select(price_tables.c.body).where(price_tables.c.digest == bindparam("of_digest"))
_PAST = (
    select(run_ends.c.state, run_ends.c.cpu_us, run_ends.c.wall_us, run_ends.c.peak_bytes)
    .join(runs, runs.c.id == run_ends.c.id)
    .where(runs.c.step == bindparam("of_step"), run_ends.c.state.in_([str(State.DONE), str(State.STOPPED)]))
    .order_by(runs.c.id.desc())
)
_CHARGES: Select[Any] = (
    select(
        *(column.label(f"r_{column.name}") for column in reservations.c),
        *(column.label(f"s_{column.name}") for column in settlements.c),
        func.coalesce(refunds.c.amount, 0).label("refunded"),
    )
    .select_from(settlements)
    .join(reservations, reservations.c.run == settlements.c.run)
    .outerjoin(refunds, refunds.c.run == settlements.c.run)
)
_UNSETTLED = (
    select(reservations).outerjoin(settlements, settlements.c.run == reservations.c.run).where(settlements.c.run.is_(None))
)
_KINDS: dict[str, type] = {
    "owner": PrincipalId, "by": PrincipalId, "principal": PrincipalId, "run": RunId, "prices": Digest,
}  # fmt: skip
_TOLD: tuple[tuple[str, str, Table, type[Kept]], ...] = (
    ("budget:create", "budget", budgets, Budget),
    ("budget:change", "budget", budget_limits, Limit),
    ("budget:change", "budget", budget_closings, Closing),
    ("budget:reserve", "run", reservations, Reservation),
    ("budget:settle", "run", settlements, Settlement),
    ("budget:refund", "run", refunds, Refund),
    ("budget:save", "run", savings, Saving),
)

Record = TypeVar("Record")


class SqlBudgets:
    """Budgets, what is reserved in them, and what is charged to them."""

    def __init__(self, connection: Connection) -> None:
        self._tx = connection
        self._prices: dict[Digest, Prices] = {}

    def create(self, budget: Budget, amount: int) -> None:
        """Record a budget with its first limit."""
        if self.get(budget.name) is not None:
            raise Conflict(
                f"budget {budget.name} was not made",
                why="there is one of that name",
                next_step=f"see `remint budgets show {budget.name}`, or choose another name",
            )
        if budget.parent is not None and self.get(budget.parent) is None:
            raise NotFound(
                f"budget {budget.name} was not made",
                why=f"there is no budget {budget.parent} above it",
                next_step="see `remint budgets list`",
            )
        number = (self._tx.execute(select(func.max(budgets.c.number))).scalar() or 0) + 1
        self._tx.execute(insert(budgets).values(number=number, **asdict(budget)))
        first = Limit(budget.name, 1, amount, budget.by, budget.at_us)
        self._tx.execute(insert(budget_limits).values(asdict(first)))
        self._tx.execute(insert(budget_balances).values(budget=budget.name, ceiling=amount, reserved=0, spent=0))

    def set_limit(self, limit: Limit) -> Limit:
        """Record another limit of a budget, under the next number."""
        last = select(func.max(budget_limits.c.number)).where(budget_limits.c.budget == limit.budget)
        made = replace(limit, number=(self._tx.execute(last).scalar() or 0) + 1)
        self._tx.execute(insert(budget_limits).values(asdict(made)))
        self._tx.execute(update(budget_balances).where(_BALANCE.budget == limit.budget).values(ceiling=limit.amount))
        return made

    def close(self, closing: Closing) -> None:
        """Record the end of a budget."""
        if closing.budget in self.closed():
            raise Conflict(
                f"budget {closing.budget} was not closed",
                why="it is closed already",
                next_step=f"see `remint budgets show {closing.budget}`",
            )
        self._tx.execute(insert(budget_closings).values(asdict(closing)))

    def get(self, name: str) -> Budget | None:
        """Return a budget, or None."""
        row = self._tx.execute(_BUDGET, {"named": name}).one_or_none()
        return None if row is None else _record(row, Budget)

    def all(self) -> Sequence[Budget]:
        """Return all budgets, by name."""
        return [_record(row, Budget) for row in self._tx.execute(_BUDGETS.order_by(budgets.c.name))]

    def path(self, name: str) -> Sequence[Budget]:
        """Return a budget and those above it, the top first."""
        found: list[Budget] = []
        above: str | None = name
        while above is not None:
            here = self.get(above)
            if here is None:
                return []
            found.insert(0, here)
            above = here.parent
        return found

    def closed(self) -> Mapping[str, Closing]:
        """Return the ends of budgets, by name."""
        return {row.budget: _record(row, Closing) for row in self._tx.execute(select(budget_closings))}

    def balances(self) -> Mapping[str, Balance]:
        """Return how every budget stands."""
        rows = self._tx.execute(select(budget_balances).order_by(_BALANCE.budget))
        return {row.budget: Balance(row.budget, row.ceiling, row.reserved, row.spent) for row in rows}

    def recomputed(self) -> Mapping[str, Balance]:
        """Return the balances as the other records say they must be."""
        held = self._sums(
            select(reservations.c.budget, func.sum(reservations.c.amount))
            .outerjoin(settlements, settlements.c.run == reservations.c.run)
            .where(settlements.c.run.is_(None))
            .group_by(reservations.c.budget)
        )
        charged = self._sums(
            select(reservations.c.budget, func.sum(settlements.c.amount - func.coalesce(refunds.c.amount, 0)))
            .join(settlements, settlements.c.run == reservations.c.run)
            .outerjoin(refunds, refunds.c.run == reservations.c.run)
            .group_by(reservations.c.budget)
        )
        newest = select(budget_limits.c.budget, budget_limits.c.amount).order_by(budget_limits.c.number)
        limits = {row.budget: row.amount for row in self._tx.execute(newest)}
        found = self.all()
        own = {
            one.name: Balance(one.name, limits.get(one.name, 0), held.get(one.name, 0), charged.get(one.name, 0))
            for one in found
        }
        return rolled_up(found, own)

    def _sums(self, asked: Any) -> dict[str, int]:  # noqa: ANN401 - a statement of two columns
        return {name: int(total) for name, total in self._tx.execute(asked)}

    def keep_prices(self, prices: Prices) -> Digest:
        """Record a price table, if it is not recorded."""
        digest = prices.digest()
        if self._tx.execute(_KNOWN_PRICES, {"of_digest": digest}).one_or_none() is None:
            self._tx.execute(insert(price_tables).values(digest=digest, body=prices.body().decode()))
        return digest

    def prices(self, digest: Digest) -> Prices:
        """Return a recorded price table."""
        if digest in self._prices:
            return self._prices[digest]
        body = self._tx.execute(_KNOWN_PRICES, {"of_digest": digest}).scalar()
        if body is None:
            raise NotFound(
                f"there is no price table {digest.short}",
                why="none of that digest is recorded",
                next_step="see `remint audit verify`",
            )
        found = read_prices(body.encode())
        if found.digest() != digest:
            raise Corrupt(
                f"the price table {digest.short} is not as it was recorded",
                why="its digest is another one",
                next_step="see `remint audit verify`, and restore the catalog from a backup",
            )
        self._prices[digest] = found
        return found

    def reserve(self, reservation: Reservation) -> str | None:
        """Set an amount aside in a budget and all above it; every writer takes them from the top."""
        for budget in self.path(reservation.budget):
            values = {"in_budget": budget.name, "amount_left": reservation.amount}
            if self._tx.execute(_RESERVE, values).rowcount != 1:
                return budget.name
        self._tx.execute(insert(reservations), asdict(reservation))
        return None

    def settle(self, settlement: Settlement) -> bool:
        """Charge a run in place of what was reserved for it."""
        held = self.reservation(settlement.run)
        if held is None or self._tx.execute(_SETTLED, {"of_run": settlement.run}).one_or_none() is not None:
            return False
        for budget in self.path(held.budget):
            amounts = {"amount_held": held.amount, "amount_charged": settlement.amount}
            if self._tx.execute(_SETTLE, {"in_budget": budget.name, **amounts}).rowcount != 1:
                raise _altered(budget.name, settlement.run)
        self._tx.execute(insert(settlements), asdict(settlement))
        return True

    def refund(self, refund: Refund) -> bool:
        """Give back a part of what a run was charged."""
        if self._tx.execute(select(refunds.c.run).where(refunds.c.run == refund.run)).one_or_none() is not None:
            return False
        held = self.reservation(refund.run)
        for budget in self.path(held.budget) if held is not None else ():
            if self._tx.execute(_REFUND, {"in_budget": budget.name, "amount_back": refund.amount}).rowcount != 1:
                raise _altered(budget.name, refund.run)
        self._tx.execute(insert(refunds), asdict(refund))
        return True

    def add_saving(self, saving: Saving) -> Saving:
        """Record what a hit saved, under the next number."""
        made = replace(saving, number=(self._tx.execute(select(func.max(savings.c.number))).scalar() or 0) + 1)
        self._tx.execute(insert(savings), asdict(made))
        return made

    def reservation(self, run: RunId) -> Reservation | None:
        """Return what was reserved for a run, or None."""
        row = self._tx.execute(_OF_RUN, {"of_run": run}).one_or_none()
        return None if row is None else _record(row, Reservation)

    def charge(self, run: RunId) -> Charge | None:
        """Return what a run was charged, or None."""
        row = self._tx.execute(_CHARGES.where(settlements.c.run == run)).one_or_none()
        return None if row is None else _charge(row)

    def lapsed(self, at_us: int, *, limit: int = 100) -> Sequence[Reservation]:
        """Return reservations whose lease ended before a time, oldest first."""
        chosen = _UNSETTLED.where(reservations.c.lease_us < at_us).order_by(reservations.c.lease_us).limit(limit)
        return [_record(row, Reservation) for row in self._tx.execute(chosen)]

    def open(self, budget: str, *, limit: int = 10) -> Sequence[Reservation]:
        """Return reservations of a budget itself that are not settled, newest first."""
        chosen = _UNSETTLED.where(reservations.c.budget == budget).order_by(reservations.c.run.desc()).limit(limit)
        return [_record(row, Reservation) for row in self._tx.execute(chosen)]

    def charges(self, *, since_us: int = 0, budget: str | None = None, limit: int | None = None) -> Iterator[Charge]:
        """Yield what runs were charged since a time, newest first."""
        chosen = _CHARGES.where(settlements.c.at_us >= since_us)
        if budget is not None:
            chosen = chosen.where(reservations.c.budget == budget)
        for row in self._tx.execute(chosen.order_by(settlements.c.at_us.desc(), settlements.c.run.desc()).limit(limit)):
            yield _charge(row)

    def savings(self, *, since_us: int = 0) -> Iterator[tuple[Saving, Digest]]:
        """Yield what hits saved since a time, newest first, each with the prices of the run that stands for it."""
        columns = [column.label(f"v_{column.name}") for column in savings.c]
        chosen: Select[Any] = select(*columns, reservations.c.prices).join(reservations, reservations.c.run == savings.c.run)
        for row in self._tx.execute(chosen.where(savings.c.at_us >= since_us).order_by(savings.c.number.desc())):
            yield _record(row, Saving, "v_"), Digest(row.prices)

    def amounts(self, of: Iterable[RunId]) -> Mapping[RunId, int]:
        """Return what runs were charged after refunds."""
        wanted, found = list(of), dict[RunId, int]()
        for start in range(0, len(wanted), AT_ONCE):
            for row in self._tx.execute(_CHARGES.where(settlements.c.run.in_(wanted[start : start + AT_ONCE]))):
                found[RunId(row.s_run)] = row.s_amount - row.refunded
        return found

    def past(self, step: str, *, limit: int) -> Sequence[Past]:
        """Return what the last ended runs of a step used, newest first."""
        rows = self._tx.execute(_PAST.limit(limit), {"of_step": step})
        return [Past(State(row.state), row.cpu_us, row.wall_us, row.peak_bytes) for row in rows]

    def kept(self) -> Iterator[tuple[str, str, Kept]]:
        """Yield every record that an entry tells of."""
        for action, noun, table, kind in _TOLD:
            for row in self._tx.execute(_BUDGETS if table is budgets else select(table)):
                record = _record(row, kind)
                yield action, f"{noun} {record.name if isinstance(record, Budget) else getattr(record, noun)}", record


def _record(row: Row[Any], kind: type[Record], prefix: str = "") -> Record:
    values = {name.removeprefix(prefix): value for name, value in row._mapping.items() if name.startswith(prefix)}  # noqa: SLF001 - public
    return kind(
        **{name: _KINDS[name](value) if name in _KINDS and value is not None else value for name, value in values.items()}
    )


def _charge(row: Row[Any]) -> Charge:
    return Charge(_record(row, Reservation, "r_"), _record(row, Settlement, "s_"), row.refunded)


def _altered(budget: str, run: RunId) -> Corrupt:
    return Corrupt(
        f"run {run.short} was not settled",
        why=f"the balance of budget {budget} does not hold what its records say",
        next_step="find out what happened with `remint audit verify`",
    )
