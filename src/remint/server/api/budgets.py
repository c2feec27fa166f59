"""Routes of budgets and costs."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta, Struct

from remint.core.cost import BY, CostLine, CostReport
from remint.ports.usecases.budgets import Looked, Standing
from remint.server.paging import PageQuery, page_of
from remint.server.routes import Call, NoBody, NoQuery, Row, Word

Amount = Annotated[str, Meta(max_length=20, description="decimal text, at most 6 digits after the point")]


@dataclass(frozen=True, slots=True)
class BudgetPage:
    """Budgets, by path; amounts are whole micro-units."""

    budgets: list[Standing]
    next: str | None


@dataclass(frozen=True, slots=True)
class CostPage:
    """What was charged and saved, newest first; amounts are whole micro-units."""

    lines: list[CostLine]
    next: str | None


@dataclass(frozen=True, slots=True)
class Charge:
    """What a run was charged; null if it was not, or not yet."""

    charge: CostLine | None


class NewBudget(Struct, forbid_unknown_fields=True):
    """A budget to be made; whoever asks answers for it if no owner is given."""

    name: Word
    limit: Amount
    parent: Word = ""
    owner: Word = ""


class NewLimit(Struct, forbid_unknown_fields=True):
    """What a budget may spend in all."""

    limit: Amount


class Refunded(Struct, forbid_unknown_fields=True):
    """Why a charge is given back."""

    note: Annotated[str, Meta(min_length=1, max_length=2000)]


class CostQuery(Struct, forbid_unknown_fields=True):
    """Which charges, and what their sums are by."""

    by: Annotated[str, Meta(max_length=20, description=f"one of {', '.join(BY)}")] = "budget"
    since: Word = ""
    model: Word = ""


class CostLinesQuery(PageQuery, forbid_unknown_fields=True):
    """Which charges."""

    since: Word = ""
    model: Word = ""


def _list(call: Call[PageQuery, NoBody]) -> BudgetPage:
    page, more = page_of(call.app.budgets.list(), call.query, lambda one: one.budget.name)
    return BudgetPage(list(page), more)


def _show(call: Call[NoQuery, NoBody]) -> Looked:
    return call.app.budgets.show(call.path["name"])


def _create(call: Call[NoQuery, NewBudget]) -> Standing:
    body = call.body
    return call.app.budgets.create(call.context, body.name, limit=body.limit, parent=body.parent, owner=body.owner)


def _limit(call: Call[NoQuery, NewLimit]) -> Standing:
    return call.app.budgets.set_limit(call.context, call.path["name"], call.body.limit)


def _close(call: Call[NoQuery, NoBody]) -> Standing:
    return call.app.budgets.close(call.context, call.path["name"])


def _cost(call: Call[CostQuery, NoBody]) -> CostReport:
    query = call.query
    return call.app.costs.report(call.context, by=query.by, since=query.since, model=query.model)


def _lines(call: Call[CostLinesQuery, NoBody]) -> CostPage:
    query = call.query
    found = call.app.costs.lines(call.context, since=query.since, model=query.model)
    page, more = page_of(found, query, lambda line: f"{line.at_us}-{line.run}-{line.step}")
    return CostPage(list(page), more)


def _forgive(call: Call[NoQuery, Refunded]) -> CostLine:
    return call.app.budgets.forgive(call.context, call.path["run"], note=call.body.note)


def _charge(call: Call[NoQuery, NoBody]) -> Charge:
    call.app.sight.require_run(call.context, call.path["run"])
    return Charge(call.app.costs.of_run(call.app.runs.show(call.path["run"])[0].id))


ROWS = (
    Row("GET", "/budgets", "catalog:read", "List budgets and how they stand", _list, BudgetPage, PageQuery),
    Row("POST", "/budgets", "budget:create", "Make a budget", _create, Standing, body=NewBudget, status=201),
    Row("GET", "/budgets/{name}", "catalog:read", "Show a budget", _show, Looked, resource="budget {name}"),
    Row(
        *("POST", "/budgets/{name}/limits", "budget:change", "Set what a budget may spend in all", _limit, Standing),
        body=NewLimit,
        status=201,
        resource="budget {name}",
    ),
    Row("POST", "/budgets/{name}/closing", "budget:change", "Close a budget", _close, Standing, resource="budget {name}"),
    Row("GET", "/runs/{run}/charge", "catalog:read", "Show what a run was charged", _charge, Charge, resource="run {run}"),
    Row(
        *("POST", "/runs/{run}/refund", "budget:refund", "Give back what a run was charged", _forgive, CostLine),
        body=Refunded,
        resource="run {run}",
    ),
    Row("GET", "/cost", "catalog:read", "Sum what was spent and saved", _cost, CostReport, CostQuery),
    Row("GET", "/cost/lines", "catalog:read", "List what was charged and saved", _lines, CostPage, CostLinesQuery),
)
