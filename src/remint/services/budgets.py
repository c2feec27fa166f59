"""Budgets: making and changing them, and looking at how they stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from remint.core.budget import Balance, Budget, Closing, Kept, Limit, Refund, record_digest
from remint.core.cost import CostLine
from remint.core.entry import Entry
from remint.core.ids import PrincipalId, RunId
from remint.core.price import parse_amount
from remint.core.ref import require_name
from remint.errors import Conflict, Invalid, NotFound
from remint.ports.budgets import Charge
from remint.ports.catalog import Catalog, Transaction
from remint.ports.clock import Clock
from remint.ports.usecases.budgets import Looked, Standing
from remint.ports.usecases.context import Context
from remint.services.access import Access
from remint.services.metering import Metering

SHOWN = 10


@dataclass(frozen=True)
class BudgetService:
    """See ports.usecases.budgets.Budgets."""

    catalog: Catalog
    clock: Clock
    access: Access
    metering: Metering

    def create(self, context: Context, name: str, *, limit: str, parent: str = "", owner: str = "") -> Standing:
        """Make a budget."""
        amount = parse_amount(limit, what="a limit")
        named = require_name(name, what="budget")
        with self.access.begin(context, "budget:create", f"budget {named}") as tx:
            answers = PrincipalId(owner or context.principal)
            found = tx.principals.get(answers)
            if found is None or not found.roles:
                raise NotFound(
                    f"budget {named} was not made",
                    why=f"{answers} does not exist here, or has left",
                    next_step="see `remint principals list`",
                )
            made = Budget(named, parent or None, answers, context.principal, self.clock.now_us())
            tx.budgets.create(made, amount)
            first = Limit(named, 1, amount, made.by, made.at_us)
            self._append(tx, "budget:create", made, {"parent": made.parent, "owner": made.owner})
            self._append(tx, "budget:change", first, {"verb": "limit", "amount": amount})
            return _standing(tx, named)

    def set_limit(self, context: Context, name: str, amount: str) -> Standing:
        """Set what a budget may spend in all."""
        limit = parse_amount(amount, what="a limit")
        with self.access.begin(context, "budget:change", f"budget {name}"[:600]) as tx:
            _standing(tx, name)
            made = tx.budgets.set_limit(Limit(name, 0, limit, context.principal, self.clock.now_us()))
            self._append(tx, "budget:change", made, {"verb": "limit", "amount": limit})
            return _standing(tx, name)

    def close(self, context: Context, name: str) -> Standing:
        """Let nothing more be reserved in a budget and below it."""
        with self.access.begin(context, "budget:change", f"budget {name}"[:600]) as tx:
            _standing(tx, name)
            made = Closing(name, context.principal, self.clock.now_us())
            tx.budgets.close(made)
            self._append(tx, "budget:change", made, {"verb": "close"})
            return _standing(tx, name)

    def forgive(self, context: Context, run: str, *, note: str) -> CostLine:
        """Give back all that a run was charged."""
        if not note.strip():
            raise Invalid("nothing was given back", why="it has no reason", next_step='say why: `--note "…"`')
        with self.access.begin(context, "budget:refund", f"run {run}"[:600]) as tx:
            found = tx.budgets.charge(tx.runs.find(run.replace("-", "").lower()))
            if found is None:
                raise NotFound(
                    f"run {run} was not given back",
                    why="it was not charged, or not yet",
                    next_step="see `remint cost --lines`",
                )
            id_ = found.settlement.run
            made = Refund(id_, found.settlement.amount, context.principal, self.clock.now_us(), note)
            if not tx.budgets.refund(made):
                raise Conflict(
                    f"run {id_.short} was not given back", why="it was given back before", next_step="see `remint cost --lines`"
                )
            self._append(tx, "budget:refund", made, {"amount": made.amount, "note": note})
            return cost_line(tx, Charge(found.reservation, found.settlement, made.amount), {})

    @staticmethod
    def _append(tx: Transaction, action: str, record: Budget | Limit | Closing | Refund, facts: Mapping[str, object]) -> None:
        tx.entries.append(
            Entry(action, resource_of(record), record.by, record.at_us, {**facts, "record": record_digest(record)})
        )

    def list(self) -> Sequence[Standing]:
        """Return all budgets, by path."""
        with self.catalog.read() as tx:
            return sorted(_all(tx).values(), key=lambda one: one.path.split("/"))

    def show(self, name: str) -> Looked:
        """Return a budget in detail."""
        with self.catalog.read() as tx:
            lapsed = bool(tx.budgets.lapsed(self.clock.now_us(), limit=1))
        if lapsed:
            with self.catalog.begin() as tx:
                self.metering.release(tx)
        with self.catalog.read() as tx:
            found = _all(tx)
            standing = found.get(name) or _standing(tx, name)
            below = tuple(one for one in found.values() if one.budget.parent == name)
            last = tuple(cost_line(tx, one, {name: standing.path}) for one in tx.budgets.charges(budget=name, limit=SHOWN))
            return Looked(standing, below, tuple(tx.budgets.open(name, limit=SHOWN)), last)


def resource_of(record: Kept) -> str:
    """Return how the entry of a record names what it is about.

    Example:
        >>> resource_of(Closing("research", PrincipalId("ana"), 0))
        'budget research'
    """
    if isinstance(record, Budget):
        return f"budget {record.name}"
    return f"budget {record.budget}" if isinstance(record, Limit | Closing) else f"run {record.run}"


def cost_line(tx: Transaction, charge: Charge, paths: Mapping[str, str]) -> CostLine:
    """Return what a run was charged as a line; `paths` are known ones, by name of the budget."""
    held, settled = charge.reservation, charge.settlement
    return CostLine(
        at_us=settled.at_us,
        budget=paths.get(held.budget) or "/".join(one.name for one in tx.budgets.path(held.budget)),
        principal=held.principal,
        step=held.step,
        run=RunId(held.run),
        state=settled.state,
        profile=held.profile,
        cpu_us=settled.cpu_us,
        wall_us=settled.wall_us,
        memory_bytes=held.memory_bytes,
        amount_micro=settled.amount - charge.refunded,
        currency=tx.budgets.prices(held.prices).currency,
    )


def _standing(tx: Transaction, name: str) -> Standing:
    found = _all(tx).get(name)
    if found is None:
        raise NotFound(
            f"there is no budget {name[:80]}", why="none of that name was made", next_step="see `remint budgets list`"
        )
    return found


def _all(tx: Transaction) -> dict[str, Standing]:
    budgets, balances, closed = tx.budgets.all(), tx.budgets.balances(), tx.budgets.closed()
    parents = {one.name: one.parent for one in budgets}
    nothing = Balance("", 0, 0, 0)
    found = {}
    for budget in budgets:
        balance = balances.get(budget.name, nothing)
        found[budget.name] = Standing(budget, _path(budget.name, parents), balance, balance.free, closed.get(budget.name))
    return found


def _path(name: str, parents: Mapping[str, str | None]) -> str:
    words = [name]
    while (above := parents[words[0]]) is not None:
        words.insert(0, above)
    return "/".join(words)
