"""Access: the one way in which services ask whether something may be done, and record that it was refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from remint.core import access
from remint.core.access import Caller, Decision
from remint.core.entry import Entry
from remint.core.idtoken import IDENTITY
from remint.errors import Denied
from remint.ports.catalog import Catalog, Transaction
from remint.ports.clock import Clock
from remint.ports.usecases.context import Context
from remint.services.inforce import InForce


@dataclass(frozen=True)
class Access:
    """Who may do what."""

    catalog: Catalog
    clock: Clock
    policy: InForce | None = None

    def caller(self, tx: Transaction, context: Context) -> Caller:
        """Return who asks, with the roles it has now."""
        found = tx.principals.get(context.principal)
        return Caller(context.principal, found.roles if found else frozenset(), context.scopes, context.sandbox)

    @contextmanager
    def begin(
        self, context: Context, action: str, resource: str, *, workspace: str | None = None, doing: str = ""
    ) -> Iterator[Transaction]:
        """Open a writing transaction in which something may be done; a refusal is an entry. Arguments as `require`."""
        with self.recording(context, action, resource), self.catalog.begin() as tx:
            self.require(tx, context, action, resource, workspace=workspace, doing=doing)
            yield tx

    def check(self, context: Context, action: str, resource: str, *, workspace: str | None = None, doing: str = "") -> None:
        """Refuse what the caller may not do, before work is spent on it; a refusal is an entry. Arguments as `require`."""
        with self.recording(context, action, resource), self.catalog.read() as tx:
            self.require(tx, context, action, resource, workspace=workspace, doing=doing)

    def require(
        self,
        tx: Transaction,
        context: Context,
        action: str,
        resource: str,
        *,
        workspace: str | None = None,
        doing: str = "",
    ) -> None:
        """Refuse what the caller may not do.

        Args:
            tx: the transaction in which it is going to be done.
            context: who asks.
            action: a name in core.action.ACTIONS.
            resource: what it is done to, in the words of the interface.
            workspace: where; None if in no workspace.
            doing: what is not done then, in words.

        Raises:
            Denied: with the rule that refused. Use `recording` around the transaction, so that the refusal is an entry.
            Conflict: the request was carried out meanwhile, because it was sent twice.
        """
        decision = self.decide(tx, self.caller(tx, context), action, resource, workspace=workspace)
        if not decision.allowed:
            asked = {"policy": decision.policy} if decision.policy else {}
            raise Denied(
                doing or f"{context.principal} may not do {action} on {resource}",
                why=f"rule {decision.rule}: {decision.why}",
                next_step=f"ask {' or '.join(sorted(access.carriers(action)))}; see `remint principals list`",
                rule=decision.rule,
                **asked,
            )
        if context.asked is not None and tx.writing:
            tx.requests.note(context.principal, context.asked, at_us=self.clock.now_us())

    def decide(self, tx: Transaction, caller: Caller, action: str, resource: str, *, workspace: str | None = None) -> Decision:
        """Return whether something may be done: the kernel decides first, and a policy may refuse what it allows."""
        decision = access.decide(caller, action, workspace=workspace)
        if not decision.allowed or self.policy is None:
            return decision
        return self.policy.decide(tx, caller, action, resource, workspace=workspace) or decision

    def recording(self, context: Context, action: str, resource: str) -> "Refusals":
        """Return a block whose refusals become entries of the audit log."""
        return Refusals(self.catalog, self.clock, context, action, resource)


@dataclass
class Refusals:
    """Writes an entry for a refusal, in a transaction of its own, because the refused one is rolled back."""

    catalog: Catalog
    clock: Clock
    context: Context
    action: str
    resource: str

    def __enter__(self) -> None:
        """Begin to watch."""

    def __exit__(self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None) -> None:
        """Record a refusal; that nobody is known by what was shown is counted elsewhere, not recorded one by one."""
        if isinstance(error, Denied) and error.facts.get("rule") != IDENTITY:
            facts: dict[str, Any] = {"rule": str(error.facts.get("rule", ""))}
            if "policy" in error.facts:
                facts["policy"] = str(error.facts["policy"])
            if self.context.token:
                facts["token"] = self.context.token
            entry = Entry(self.action, self.resource, self.context.principal, self.clock.now_us(), facts, decision="deny")
            with self.catalog.begin() as tx:
                tx.entries.append(entry)
