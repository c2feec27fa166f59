"""Costs: what was spent and saved, and by whom."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from remint.core.cost import BY, CostLine, CostReport, by_key, summed
from remint.core.digest import Digest
from remint.core.ids import PrincipalId, RunId
from remint.core.ref import PRODUCTION, parse_moment, parse_ref
from remint.errors import Invalid, RefNotFound
from remint.ports.catalog import Catalog, Transaction
from remint.ports.usecases.context import Context
from remint.services.budgets import cost_line
from remint.services.lineage import ancestry


@dataclass(frozen=True)
class CostService:
    """See ports.usecases.budgets.CostReports."""

    catalog: Catalog

    def report(self, context: Context, *, by: str = "budget", since: str = "", model: str = "") -> CostReport:
        """Return sums."""
        if by not in BY:
            raise Invalid(
                f"costs are not summed by {by[:40]!r}", why=f"it is one of {', '.join(BY)}", next_step="use one of these"
            )
        with self.catalog.read() as tx:
            lines = _lines(tx, context, since, model)
            behind: dict[str, Collection[RunId | PrincipalId]] = {}
            if by == "team":
                behind = {team.name: team.members.keys() for team in tx.teams.all()}
            if by == "model":
                refs = tx.refs.seen_from(PRODUCTION, kind="model")
                behind = {str(ref.name): _runs_behind(tx, ref.artifact) for ref in refs}
        return CostReport(by, summed(by_key(lines, by, behind)), summed(("all", line) for line in lines))

    def of_run(self, run: RunId) -> CostLine | None:
        """Return what a run was charged."""
        with self.catalog.read() as tx:
            found = tx.budgets.charge(run)
            return None if found is None else cost_line(tx, found, {})

    def lines(self, context: Context, *, since: str = "", model: str = "") -> Sequence[CostLine]:
        """Return every line, newest first."""
        with self.catalog.read() as tx:
            return _lines(tx, context, since, model)


def _lines(tx: Transaction, context: Context, since: str, model: str) -> list[CostLine]:
    since_us = parse_moment(since) if since else 0
    is_asked = _chosen(tx, context, model)
    paths = {one.name: "/".join(above.name for above in tx.budgets.path(one.name)) for one in tx.budgets.all()}
    lines = [
        cost_line(tx, charge, paths) for charge in tx.budgets.charges(since_us=since_us) if is_asked(charge.settlement.run)
    ]
    for saving, prices in tx.budgets.savings(since_us=since_us):
        if is_asked(saving.run):
            named = (paths.get(saving.budget, saving.budget), saving.principal, saving.step, saving.run)
            currency = tx.budgets.prices(prices).currency
            lines.append(CostLine(saving.at_us, *named, "saved", "", 0, 0, 0, saving.amount, currency))
    return sorted(lines, key=lambda line: -line.at_us)


def _chosen(tx: Transaction, context: Context, model: str) -> Callable[[RunId], bool]:
    if not model:
        return lambda _run: True
    name, selector = parse_ref(model, workspace=context.workspace)
    pointed = tx.refs.get(name) if selector is None else None
    if selector is not None:
        digest = tx.refs.select(name, selector).new
    elif pointed is not None:
        digest = pointed.artifact
    else:
        raise RefNotFound(f"there is no ref {name}", why="it was never moved", next_step="see `remint models list`")
    return _runs_behind(tx, digest).__contains__


def _runs_behind(tx: Transaction, digest: Digest) -> frozenset[RunId]:
    return frozenset(node.maker.run for node in ancestry(tx, digest).nodes.values() if node.maker is not None)
