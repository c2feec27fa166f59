"""The page of costs: budgets and how they stand, and what was spent and saved."""

from collections.abc import Iterable
from dataclasses import dataclass

from remint.app import App
from remint.core.cost import BY, CostRow
from remint.core.price import amount_text
from remint.ports.usecases.budgets import Standing
from remint.ports.usecases.context import Context
from remint.server.pages.shown import Chip

WIDE = 1000
"""The width of a bar, in its own units."""

DEEP = 5
"""Budgets below this depth are shown as deep as this."""

BY_DEFAULT = "step"


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """A budget.

    Attributes:
        depth: how many budgets lie above it, DEEP at most.
        state: how it stands, where that is not as it should be.
        spent_wide: of the bar, out of WIDE.
        reserved_wide: of the bar, out of WIDE, right of what is spent.
    """

    name: str
    path: str
    depth: int
    owner: str
    state: Chip | None
    limit: str
    spent: str
    reserved: str
    free: str
    spent_wide: int
    reserved_wide: int


@dataclass(frozen=True, slots=True)
class SumRow:
    """What was spent and saved under one key; `hits` are steps that did not run."""

    key: str
    spent: str
    saved: str
    runs: str
    hits: str
    cpu: str


@dataclass(frozen=True, slots=True)
class KeyLink:
    """A choice of what to sum by."""

    words: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class CostPage:
    """What runs cost.

    Attributes:
        priced: whether anything has a price.
        budgets: each below the one it belongs to; what lies below a budget counts in it too.
        keys: what the sums may be by.
    """

    priced: bool
    budgets: tuple[BudgetRow, ...] = ()
    by: str = BY_DEFAULT
    keys: tuple[KeyLink, ...] = ()
    sums: tuple[SumRow, ...] = ()
    totals: tuple[SumRow, ...] = ()
    title: str = "Cost"


def cost_page(app: App, context: Context, *, by: str) -> CostPage:
    """Return the page of costs for one reader.

    Args:
        app: the project.
        context: who reads.
        by: one of core.cost.BY; by step if it is none of them.
    """
    if app.prices is None:
        return CostPage(priced=False)
    budgets = sorted(app.budgets.list(), key=lambda one: one.path.split("/"))
    chosen = by if by in BY else BY_DEFAULT
    report = app.costs.report(context, by=chosen)
    return CostPage(
        priced=True,
        budgets=tuple(_budget(one, app.prices.currency) for one in budgets),
        by=chosen,
        keys=tuple(KeyLink(f"By {each}", f"/cost?by={each}", each == chosen) for each in BY),
        sums=tuple(_sums(report.rows)),
        totals=tuple(_sums(report.totals)),
    )


def _budget(one: Standing, currency: str) -> BudgetRow:
    balance = one.balance
    whole = max(balance.ceiling, balance.spent + balance.reserved, 1)
    spent_wide = balance.spent * WIDE // whole
    state = (
        Chip("Closed", "quiet", "dot") if one.closed else Chip("Over its limit", "bad", "cross") if one.free_micro < 0 else None
    )
    return BudgetRow(
        name=one.budget.name,
        path=one.path,
        depth=min(one.path.count("/"), DEEP),
        owner=one.budget.owner,
        state=state,
        limit=amount_text(balance.ceiling, currency),
        spent=amount_text(balance.spent, currency),
        reserved=amount_text(balance.reserved, currency),
        free=amount_text(one.free_micro, currency),
        spent_wide=spent_wide,
        reserved_wide=(balance.spent + balance.reserved) * WIDE // whole - spent_wide,
    )


def _sums(rows: Iterable[CostRow]) -> Iterable[SumRow]:
    for row in rows:
        amounts = (amount_text(row.spent_micro, row.currency), amount_text(row.saved_micro, row.currency))
        yield SumRow(row.key, *amounts, str(row.runs), str(row.hits), f"{row.cpu_us / 3.6e9:.3f}")
