"""Budgets and costs on a server."""

from collections.abc import Sequence
from dataclasses import dataclass

from remint.adapters.remote.connection import MOST, Connection, words
from remint.core.cost import CostLine, CostReport
from remint.core.ids import RunId
from remint.ports.usecases.budgets import Looked, Standing
from remint.ports.usecases.context import Context


@dataclass(frozen=True, slots=True)
class _Budgets:
    budgets: list[Standing]


@dataclass(frozen=True, slots=True)
class _Lines:
    lines: list[CostLine]
    next: str | None


@dataclass(frozen=True)
class RemoteBudgets:
    """See ports.usecases.budgets.Budgets."""

    connection: Connection

    def create(self, _context: Context, name: str, *, limit: str, parent: str = "", owner: str = "") -> Standing:
        """Make a budget."""
        body = {"name": name, "limit": limit, "parent": parent, "owner": owner}
        return self.connection.call("POST", "/budgets", Standing, body=body)

    def set_limit(self, _context: Context, name: str, amount: str) -> Standing:
        """Set what a budget may spend in all."""
        return self.connection.call("POST", words("budgets", name, "limits"), Standing, body={"limit": amount})

    def close(self, _context: Context, name: str) -> Standing:
        """Let nothing more be reserved in a budget."""
        return self.connection.call("POST", words("budgets", name, "closing"), Standing)

    def forgive(self, _context: Context, run: str, *, note: str) -> CostLine:
        """Give back all that a run was charged."""
        return self.connection.call("POST", words("runs", run, "refund"), CostLine, body={"note": note})

    def list(self) -> Sequence[Standing]:
        """Return all budgets, by path."""
        return self.connection.call("GET", "/budgets", _Budgets, query=MOST).budgets

    def show(self, name: str) -> Looked:
        """Return a budget in detail."""
        return self.connection.call("GET", words("budgets", name), Looked)


@dataclass(frozen=True)
class RemoteCosts:
    """See ports.usecases.budgets.CostReports."""

    connection: Connection

    def report(self, _context: Context, *, by: str = "budget", since: str = "", model: str = "") -> CostReport:
        """Return sums."""
        return self.connection.call("GET", "/cost", CostReport, query={"by": by, "since": since, "model": model})

    def of_run(self, run: RunId) -> CostLine | None:
        """Return what a run was charged."""
        return self.connection.call("GET", words("runs", run, "charge"), _Charge).charge

    def lines(self, _context: Context, *, since: str = "", model: str = "") -> Sequence[CostLine]:
        """Return every line, newest first."""
        found: list[CostLine] = []
        after: str | None = ""
        while after is not None:
            query = {"since": since, "model": model, "after": after, **MOST}
            page = self.connection.call("GET", "/cost/lines", _Lines, query=query)
            found += page.lines
            after = page.next
        return found


@dataclass(frozen=True, slots=True)
class _Charge:
    charge: CostLine | None
