"""Sight: what a caller that is bound to a sandbox may know of (see ports.usecases.sight)."""

from dataclasses import dataclass

from remint.core.artifact import NONE_HAS_IT, not_found
from remint.core.digest import Digest
from remint.core.entry import Entry
from remint.core.ref import PRODUCTION
from remint.core.run import not_found as run_not_found
from remint.errors import NotFound
from remint.ports.catalog import Catalog, Transaction
from remint.ports.clock import Clock
from remint.ports.uploads import Arrivals
from remint.ports.usecases.context import Context

RULE = "sandbox-sight"


@dataclass(frozen=True)
class SightService:
    """See ports.usecases.sight.Sight.

    Attributes:
        arrivals: what came from whom; an artifact that a caller recorded lately is seen by it.
    """

    catalog: Catalog
    clock: Clock
    arrivals: Arrivals

    def require_workspace(self, context: Context, name: str) -> None:
        """Refuse a workspace that is not seen."""
        with self.catalog.read() as tx:
            is_there = tx.workspaces.get(name) is not None
            if is_there and (context.sandbox is None or name in seen_from(tx, context.sandbox)):
                return
        if is_there:
            self._tell(context, "catalog:read", f"workspace {name}")
        raise no_workspace(name)

    def require_artifact(self, context: Context, digest: Digest, *, named: str = "") -> None:
        """Refuse an artifact that is not seen."""
        with self.catalog.read() as tx:
            if is_seen(tx, context, digest) or digest.raw in self.arrivals.of(sender_of(context)):
                return
            is_there = bool(tx.artifacts.known([digest]))
        if is_there:
            self._tell(context, "artifact:read", f"artifact {digest}")
        raise not_found(named, NONE_HAS_IT) if named else not_found(digest)

    def require_run(self, context: Context, run: str) -> None:
        """Refuse a run that is not seen."""
        if context.sandbox is None:
            return
        with self.catalog.read() as tx:
            found = tx.runs.get(tx.runs.find(run))
            if found.start.workspace in seen_from(tx, context.sandbox):
                return
        self._tell(context, "catalog:read", f"run {found.id}")
        raise run_not_found(run, "no run of that id is recorded here" if run == found.id else "no run has it")

    def _tell(self, context: Context, action: str, resource: str) -> None:
        facts = {"rule": RULE, "token": context.token}
        entry = Entry(action, resource, context.principal, self.clock.now_us(), facts, decision="deny")
        with self.catalog.begin() as tx:
            tx.entries.append(entry)


def no_workspace(name: str) -> NotFound:
    """Return the error of a workspace that is not there."""
    return NotFound(
        f"workspace {name} does not exist",
        why="no workspace of that name was made",
        next_step=f"see `remint sandboxes list`, or make it: `remint sandboxes create {name}`",
    )


def sender_of(context: Context) -> str:
    """Return whose arrivals count for a caller: its own, and of one bound to a sandbox those from inside it alone."""
    return context.principal if context.sandbox is None else f"{context.principal} in {context.sandbox}"


def is_seen(tx: Transaction, context: Context, digest: Digest) -> bool:
    """Return whether a caller sees an artifact; one that is not there is seen by whoever sees everything."""
    if context.sandbox is None:
        return True
    seen = seen_from(tx, context.sandbox)
    if any(move.name.workspace in seen for move in tx.refs.pointing(digest)):
        return True
    return any(run.start.workspace in seen for run in (*tx.runs.makers(digest), *tx.runs.readers(digest)))


def seen_from(tx: Transaction, sandbox: str) -> set[str]:
    """Return the workspaces that are seen from a sandbox."""
    seen = {PRODUCTION}
    below: str | None = sandbox
    while below is not None and below not in seen:
        seen.add(below)
        found = tx.workspaces.get(below)
        below = found.base if found is not None else None
    return seen
